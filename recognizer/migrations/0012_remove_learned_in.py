from django.db import migrations, models

from recognizer.migrations._operations import AddIndexConcurrently, RemoveFieldIfExists


class Migration(migrations.Migration):
    """Remove what the training ledger and the evaluation replace, and add an index."""

    atomic = False

    dependencies = [
        ('recognizer', '0011_fill_training_ledger'),
    ]

    operations = [
        RemoveFieldIfExists('submission', 'learned_in'),
        RemoveFieldIfExists('trainingrun', 'scores'),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('label_noise__isnull', False)), fields=['-label_noise', 'id'], name='submission_by_label_noise'),
        ),
    ]
