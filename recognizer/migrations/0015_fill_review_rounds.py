from django.db import migrations, models

from recognizer.migrations._operations import AddIndexConcurrently, RemoveIndexIfExists

ROUND_SIZE = 30
LAST_ROUND = 6


def fill_rounds(apps, schema_editor):
    """Assign the pending submissions of each owner to rounds, in the order of their creation."""
    pending = apps.get_model("recognizer", "Submission").objects.filter(review="pending")
    counts = pending.order_by().values("owner").annotate(count=models.Count("pk"))
    for owner in list(counts.filter(count__gt=ROUND_SIZE).values_list("owner", flat=True)):
        own = pending.filter(owner=owner).order_by("created", "id")
        ids = list(own.values_list("pk", flat=True))
        for start in range(ROUND_SIZE, len(ids), ROUND_SIZE):
            review_round = min((start // ROUND_SIZE).bit_length(), LAST_ROUND)
            own.filter(pk__in=ids[start : start + ROUND_SIZE]).update(review_round=review_round)


class Migration(migrations.Migration):
    """Fill the rounds of the review queue, and replace the indexes of its earlier order."""

    atomic = False

    dependencies = [
        ('recognizer', '0014_review_rounds'),
    ]

    operations = [
        migrations.RunPython(fill_rounds, migrations.RunPython.noop),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(fields=['review', 'review_round', '-review_priority', '-id'], name='submission_by_round'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(fields=['review', 'suggested_label', 'review_round', 'review_priority', 'id'], name='submission_by_label_round'),
        ),
        AddIndexConcurrently(
            model_name='submission',
            index=models.Index(condition=models.Q(('review', 'pending')), fields=['owner', 'review'], name='submission_by_pending_owner'),
        ),
        RemoveIndexIfExists('submission', 'submission_by_priority'),
        RemoveIndexIfExists('submission', 'submission_by_suggestion'),
    ]
