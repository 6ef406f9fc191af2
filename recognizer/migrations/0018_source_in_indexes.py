from django.db import migrations, models

from recognizer.migrations._operations import AddIndexConcurrently, RemoveIndexIfExists


class Migration(migrations.Migration):
    """Let the counts and the newest reviews leave out imported drawings, and still use an index."""

    atomic = False

    dependencies = [
        ('recognizer', '0017_fewer_indexes'),
    ]

    operations = [
        RemoveIndexIfExists(
            model_name='submission',
            name='submission_by_time',
        ),
        RemoveIndexIfExists(
            model_name='submission',
            name='submission_by_version',
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(fields=['-created', '-id', 'corrected_digit', 'predicted_digit', 'source'], name='submission_by_time'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(fields=['model_version', '-created', '-id', 'corrected_digit', 'predicted_digit', 'source'], name='submission_by_version'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('reviewed_at__isnull', False), models.Q(('source', 'import'), _negated=True)), fields=['reviewed_at'], name='submission_by_visitor_review'),
        ),
    ]
