from django.db import migrations, models

from recognizer.migrations._operations import AddFieldIfMissing, AddIndexConcurrently


class Migration(migrations.Migration):
    """Add the columns of the personal memory, and an index of the corrected drawings by owner."""

    atomic = False

    dependencies = [
        ('recognizer', '0015_fill_review_rounds'),
    ]

    operations = [
        AddFieldIfMissing(
            model_name='submission',
            name='personal_prediction',
            field=models.JSONField(editable=False, help_text="the prediction that the visitor saw, if the personal memory adjusted it: label, confidence, probabilities, neighbours", null=True),
        ),
        AddFieldIfMissing(
            model_name='submission',
            name='remembered',
            field=models.BooleanField(db_default=True, default=True, editable=False, help_text='if it is corrected, it adjusts the predictions for its owner'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('corrected_digit__isnull', False)), fields=['owner', '-corrected_at', '-id', 'remembered', 'review', 'reviewed_at', 'label', 'corrected_digit'], name='submission_by_memory'),
        ),
    ]
