from django.db import migrations, models

from recognizer.migrations._operations import AddIndexConcurrently


class Migration(migrations.Migration):
    """Create the indexes of the renamed columns without blocking writes."""

    atomic = False

    dependencies = [
        ('recognizer', '0008_standard_terms'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(fields=['review', 'review_priority', 'id'], name='submission_by_priority'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(fields=['review', 'suggested_label', 'review_priority', 'id'], name='submission_by_suggestion'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(fields=['review', 'live_prediction_version'], name='submission_by_live'),
        ),
    ]
