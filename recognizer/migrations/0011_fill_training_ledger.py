import hashlib
import uuid
from itertools import islice

from django.db import migrations

BATCH_SIZE = 1000


def pseudonym(owner):
    digest = hashlib.sha256(b"digitsite training ledger " + owner.bytes).digest()
    return uuid.UUID(bytes=digest[:16])


def label_in_training(row):
    """Return the label that the version was probably trained with.

    A later review may have changed the label. Then the label was probably the one that the visitor
    saw and the reviewer accepted at first.
    """
    was_changed_later = row.reviewed_at and row.reviewed_at > row.learned_in.created
    if row.label is not None and not was_changed_later:
        return row.label
    return row.predicted_digit if row.corrected_digit is None else row.corrected_digit


def fill_ledger(apps, schema_editor):
    """For earlier versions, only the first version that learned each drawing is known."""
    entry_model = apps.get_model("recognizer", "LedgerEntry")
    learned = apps.get_model("recognizer", "Submission").objects.filter(learned_in__isnull=False)
    rows = (
        learned.select_related("learned_in")
        .only(
            "owner",
            "label",
            "corrected_digit",
            "predicted_digit",
            "reviewed_at",
            "learned_in__created",
        )
        .order_by("pk")
        .iterator(chunk_size=BATCH_SIZE)
    )
    while batch := list(islice(rows, BATCH_SIZE)):
        entry_model.objects.bulk_create(
            entry_model(
                version_id=row.learned_in_id,
                submission_id=row.pk,
                label=label_in_training(row),
                owner=pseudonym(row.owner),
            )
            for row in batch
        )


def restore_learned_in(apps, schema_editor):
    submissions = apps.get_model("recognizer", "Submission").objects
    entries = apps.get_model("recognizer", "LedgerEntry").objects.filter(
        version__state__in=("live", "retired")
    )
    # The last update of a drawing wins, and it is that of the first version.
    for version in entries.order_by("-version__number").values_list("version", flat=True).distinct():
        learned = entries.filter(version=version).values("submission")
        submissions.filter(pk__in=learned).update(learned_in=version)


def hash_weights(apps, schema_editor):
    for files in apps.get_model("recognizer", "ModelFiles").objects.iterator(chunk_size=1):
        digest = hashlib.sha256(bytes(files.weights)).hexdigest()
        versions = apps.get_model("recognizer", "ModelVersion").objects
        versions.filter(pk=files.version_id).update(weights_sha256=digest)


def scores_to_evaluation(apps, schema_editor):
    for run in apps.get_model("recognizer", "TrainingRun").objects.exclude(scores=None):
        run.evaluation = [
            {"name": name, "before": before, "after": after}
            for name, (before, after) in run.scores.items()
        ]
        run.save(update_fields=["evaluation"])


def evaluation_to_scores(apps, schema_editor):
    for run in apps.get_model("recognizer", "TrainingRun").objects.exclude(evaluation=None):
        run.scores = {each["name"]: [each["before"], each["after"]] for each in run.evaluation}
        run.save(update_fields=["scores"])


def reject_candidates(apps, schema_editor):
    """Earlier releases do not know the state "candidate"."""
    versions = apps.get_model("recognizer", "ModelVersion").objects.filter(state="candidate")
    versions.update(state="rejected")


class Migration(migrations.Migration):

    dependencies = [
        ('recognizer', '0010_training_ledger'),
    ]

    operations = [
        migrations.RunPython(fill_ledger, restore_learned_in),
        migrations.RunPython(migrations.RunPython.noop, reject_candidates),
        migrations.RunPython(hash_weights, migrations.RunPython.noop),
        migrations.RunPython(scores_to_evaluation, evaluation_to_scores),
    ]
