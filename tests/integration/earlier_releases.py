"""Rows of earlier releases. `manage.py shell` runs these functions on the database of a site.

One process makes all steps of a test, because each process loads Django for two seconds.

The models are those of a migration, so their fields have the names of that release.
"""

import hashlib
import json
import uuid
from datetime import UTC, datetime

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from ml.runtime import BASE

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MODELS_AT_0007 = ("ModelVersion", "ModelFiles", "Submission", "SecondLook", "Key", "TrainingRun")
MODELS_AT_0009 = (
    "ModelVersion",
    "ModelFiles",
    "Submission",
    "BlindReview",
    "ApiKey",
    "TrainingRun",
)
CARD_AT_0007 = {
    "epochs": 2,
    "trained_on": {
        "corrections": 12,
        "corrections_counts": {"learned": 5, "new": 4, "held_out": 3, "copies": 2, "over_share": 1},
        "likely_mislabelled": {"7": 1},
    },
    "scores": {"mnist_test": 0.99, "other_styles": 0.9, "no_digits": 0.8},
}


def migrate(*target, **options):
    call_command("migrate", *target, verbosity=0, **options)


def models_at(migration):
    """Return the function that returns a model of recognizer as it was after the migration."""
    state = MigrationExecutor(connection).loader.project_state(("recognizer", migration))
    return lambda name: state.apps.get_model("recognizer", name)


def create_rosa():
    from django.contrib.auth.models import User

    return User.objects.create_superuser("rosa", password="a long password")


def submission(number, version, **fields):
    """Return the values of a submission, predicted as a 7 with a confidence of 0.75."""
    return {
        "id": uuid.UUID(int=number),
        "created": NOW,
        "owner": uuid.UUID(int=99),
        "source": "canvas",
        "image": b"png %d" % number,
        "image_sha256": bytes([number]) * 32,
        "pixels": bytes([number]) * 784,
        "strokes": [[[number, 1]]],
        "predicted_digit": 7,
        "confidence": 0.75,
        "probabilities": [0.1] * 10,
        "model_version": version,
        **fields,
    }


def store_at_0001():
    """Store the base and three submissions: uncorrected, corrected, and confirmed and approved."""
    get_model, rosa = models_at("0001_initial"), create_rosa()
    model = (BASE / "model.tflite").read_bytes()
    version = get_model("ModelVersion").objects.create(
        number=1,
        state="live",
        reason="The base.",
        card=json.loads((BASE / "card.json").read_text()),
        sha256=hashlib.sha256(model).hexdigest(),
    )
    get_model("ModelFiles").objects.create(version=version, model=model, weights=b"weights")
    approved = {"review": "approved", "label": 7, "reviewed_by_id": rosa.pk, "reviewed_at": NOW}
    for number, fields in enumerate(
        [
            {},
            {"corrected_digit": 1, "corrected_at": NOW},
            {"corrected_digit": 7, "corrected_at": NOW, **approved},
        ]
    ):
        get_model("Submission").objects.create(**submission(number, version, **fields))


def store_at_0007():
    """Store rows with all names and values that later migrations rename."""
    from django.contrib.auth.models import Permission, User

    get_model, rosa = models_at("0007_lists_of_a_million"), create_rosa()
    ana = User.objects.create_user("ana")
    ana.user_permissions.set(Permission.objects.filter(codename__in=("add_key", "view_secondlook")))
    versions = [
        get_model("ModelVersion").objects.create(
            number=number, state=state, reason="lost 9, won 1.", card=CARD_AT_0007, sha256="0" * 64
        )
        for number, state in ((1, "live"), (2, "refused"))
    ]
    get_model("ModelFiles").objects.create(version=versions[0], model=b"model", weights=b"weights")
    latest = {"latest_digit": 7, "latest_version": versions[0]}
    approved = {"review": "approved", "label": 7, "reviewed_by_id": rosa.pk, "reviewed_at": NOW}
    submissions = [
        get_model("Submission").objects.create(**submission(number, versions[0], **fields))
        for number, fields in enumerate(
            [
                {},
                latest,
                latest | {"latest_digit": 3},
                latest | {"corrected_digit": 1, "corrected_at": NOW, "claimed_by_id": rosa.pk},
                latest | {"found_odd": True, "idempotency_key": "a-key"},
                latest | {"latest_digit": 3, "corrected_digit": 1, "found_odd": True},
                latest | approved | {"learned_in": versions[0]},
            ]
        )
    ]
    looks = get_model("SecondLook").objects
    looks.create(submission=submissions[-1], reviewer_id=rosa.pk, label=3, agrees=False)
    looks.create(submission=submissions[-1], reviewer_id=ana.pk, answered_at=NOW)
    get_model("Key").objects.create(
        digest="digest", token_key="dgs_1234", expiry=NOW, name="a program", scopes=["read"],
        user_id=rosa.pk,
    )  # fmt: skip
    get_model("TrainingRun").objects.create(
        asked_by="rosa", seen=NOW, state="refused", options={"seed": 1}, reason="lost 9, won 1.",
        scores={"mnist_test": [0.99, 0.98], "other_styles": [0.9, 0.8], "no_digits": [0.8, 0.7]},
        version=versions[1],
    )  # fmt: skip


def store_at_0013(count):
    """Store pending submissions of one owner."""
    get_model = models_at("0013_forget_failed_logins")
    version = get_model("ModelVersion").objects.create(
        number=1, state="live", reason="The base.", card={}, sha256="0" * 64
    )
    get_model("Submission").objects.bulk_create(
        get_model("Submission")(**submission(number, version)) for number in range(count)
    )


def rows_at_0007():
    return rows("0007_lists_of_a_million", MODELS_AT_0007)


def rows_at_0009():
    return rows("0009_standard_term_indexes", MODELS_AT_0009)


def rows(migration, names):
    """Return {model: its rows}, with the content types and Ana's permissions."""
    from django.contrib.auth.models import User
    from django.contrib.contenttypes.models import ContentType

    get_model, ana = models_at(migration), User.objects.get(username="ana")
    # Going back does not delete the content types of newer models.
    types = ContentType.objects.filter(
        app_label="recognizer", model__in=[name.lower() for name in names]
    )
    names_of_permissions = ana.user_permissions.order_by("pk").values_list("name", flat=True)
    return {
        **{name: list(get_model(name).objects.order_by("pk").values()) for name in names},
        "content types": {str(each.pk): each.model for each in types},
        "names of permissions": list(names_of_permissions),
        "permissions": sorted(ana.get_all_permissions()),
    }


def print_json(rows):
    print(json.dumps(rows, default=_to_text))


def _to_text(value):
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
