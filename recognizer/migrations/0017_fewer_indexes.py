import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from recognizer.migrations._operations import AddIndexConcurrently, DropForeignKeyIndex, RemoveIndexIfExists


class Migration(migrations.Migration):
    """Merge and drop indexes, and leave out rows that their queries never need."""

    atomic = False

    dependencies = [
        ('recognizer', '0016_personal_memory'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        RemoveIndexIfExists(
            model_name='submission',
            name='submission_by_version',
        ),
        RemoveIndexIfExists(
            model_name='submission',
            name='submission_by_reviewed_at',
        ),
        RemoveIndexIfExists(
            model_name='submission',
            name='submission_by_claim',
        ),
        RemoveIndexIfExists(
            model_name='submission',
            name='submission_by_version_time',
        ),
        RemoveIndexIfExists(
            model_name='submission',
            name='submission_by_live',
        ),
        RemoveIndexIfExists(
            model_name='submission',
            name='submission_by_round',
        ),
        RemoveIndexIfExists(
            model_name='submission',
            name='submission_by_label_round',
        ),
        DropForeignKeyIndex(
            model_name='submission',
            name='claimed_by',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        DropForeignKeyIndex(
            model_name='submission',
            name='model_version',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='recognizer.modelversion'),
        ),
        DropForeignKeyIndex(
            model_name='submission',
            name='reviewed_by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(fields=['model_version', '-created', '-id', 'corrected_digit', 'predicted_digit'], name='submission_by_version'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('review', 'pending')), fields=['review', 'review_round', '-review_priority', '-id'], name='submission_by_round'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('review', 'pending')), fields=['review', 'suggested_label', 'review_round', 'review_priority', 'id'], name='submission_by_label_round'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('review', 'pending')), fields=['review', 'live_prediction_version'], name='submission_by_live'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('claimed_until__isnull', False)), fields=['review', 'claimed_until'], name='submission_by_claim'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('reviewed_at__isnull', False)), fields=['reviewed_at'], name='submission_by_reviewed_at'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('reviewed_by__isnull', False)), fields=['reviewed_by'], name='submission_by_reviewer'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('claimed_by__isnull', False)), fields=['claimed_by'], name='submission_by_claimer'),
        ),
    ]
