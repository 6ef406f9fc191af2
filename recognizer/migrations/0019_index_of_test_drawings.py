from django.db import migrations, models

from recognizer.migrations._operations import AddIndexConcurrently


class Migration(migrations.Migration):
    """Let *My drawings* find out quickly whether an owner has imported test drawings."""

    atomic = False

    dependencies = [
        ('recognizer', '0018_source_in_indexes'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('for_evaluation', True)), fields=['review', 'owner'], name='submission_by_test_owner'),
        ),
    ]
