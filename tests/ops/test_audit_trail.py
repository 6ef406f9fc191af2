"""A change is stored only together with its audit entry.

In these tests, the database refuses to store audit entries. Then no operation may change anything.
"""

import json
import uuid
from contextlib import suppress
from datetime import timedelta

import numpy as np
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from recognizer.accounts import deletion
from recognizer.accounts.api_keys import create_key
from recognizer.accounts.ownership import owner_for_user
from recognizer.datasets import Row
from recognizer.datasets.formats import FORMATS
from recognizer.models import (
    ApiKey,
    ModelFiles,
    ModelVersion,
    RunState,
    Submission,
    TrainingRun,
    VersionState,
)
from recognizer.serving import model_registry
from tests.support.factories import Visitor, client_with_key, create_version, promotion_form
from tests.support.review_helpers import ids, submissions

# Within the transaction of a test, an error of the database would roll back too much.
pytestmark = pytest.mark.django_db(transaction=True)


def refuse_audit_entries(execute, sql, params, many, context):
    if sql.startswith(f'INSERT INTO "{LogEntry._meta.db_table}"'):
        raise OperationalError("no room for an audit entry")
    return execute(sql, params, many, context)


class Scene:
    """Rows that the operations change, and what is stored about them."""

    def __init__(self, reviewer, client, folder):
        self.reviewer, self.client, self.folder = reviewer, client, folder
        self.rows = submissions(3, corrected_digit=7, created=timezone.now() - timedelta(days=40))
        self.user = get_user_model().objects.create_user("ana")
        submissions(1, owner=owner_for_user(self.user))
        self.version = create_version(model_registry.live_version())
        self.run = TrainingRun.objects.create(options={})
        self.key, _ = create_key(reviewer, "a program", ["read"], by=reviewer)
        self.program = client_with_key(reviewer, "read", "review")
        with FORMATS["npz"].Writer(folder) as writer:
            for index, image in enumerate(np.eye(28 * 28, dtype=np.uint8)[:5]):
                writer.write(Row((image * 255).tobytes(), index, id=uuid.uuid4()))

    def stored(self):
        reviews = Submission.objects.order_by("pk").values_list("pk", "review", "label", "flagged")
        versions = ModelVersion.objects.order_by("pk").values_list("number", "state", "reason")
        runs = TrainingRun.objects.values_list("pk", "state")
        keys = ApiKey.objects.order_by("digest").values_list("digest", "name")
        return [list(rows) for rows in (reviews, versions, runs, keys)] + [
            ModelFiles.objects.count(),
            sorted(path.name for path in self.folder.parent.iterdir()),
        ]

    def admin(self, path, **body):
        return self.client.post(f"/admin/recognizer/{path}", body)

    def action(self, name, model="submission", rows=None, **body):
        chosen = ids(self.rows) if rows is None else rows
        return self.admin(f"{model}/", action=name, _selected_action=chosen, **body)

    def command(self, *arguments):
        call_command(*arguments)


def expire_and_use_key(scene):
    ApiKey.objects.filter(user=scene.reviewer).update(expiry=timezone.now() - timedelta(days=1))
    scene.program.get("/api/v1/submissions/")


def review_by_api(scene):
    path = f"/api/v1/submissions/{scene.rows[0].pk}/approve/"
    scene.program.post(path, json.dumps({"digit": 7}), content_type="application/json")


OPERATIONS = {
    "approve in the list": lambda s: s.action("approve", label="7"),
    "reject in the list": lambda s: s.action("reject", label=""),
    "delete in the list": lambda s: s.action("delete_selected", post="yes"),
    "review on the page": lambda s: s.admin(
        f"submission/{s.rows[0].pk}/change/",
        review="approved",
        label="7",
        shown=s.rows[0].revision,
    ),
    "delete on the page": lambda s: s.admin(f"submission/{s.rows[0].pk}/delete/", post="yes"),
    "bulk review": lambda s: s.client.post(
        "/review/bulk/7/",
        {"shown": ids(s.rows), "excluded": ids(s.rows[:1]), "excluded_action": "reject"},
    ),
    "review in the queue": lambda s: s.client.post(
        "/review/decide/", {"id": s.rows[0].pk, "action": "approve", "label": 7}
    ),
    "review by API": review_by_api,
    "deletion by the owner": lambda s: deletion.delete(
        Submission.objects.owned_by(s.rows[0].owner)
    ),
    "delete a user": lambda s: s.client.post(
        f"/admin/auth/user/{s.user.pk}/delete/", {"post": "yes"}
    ),
    "promote": lambda s: s.admin(
        f"modelversion/{s.version.pk}/promote/", **promotion_form(s.version)
    ),
    "promote by command": lambda s: s.command("models", "promote", "2", "--yes"),
    "prune versions": lambda s: s.command("models", "prune", "--keep=1", "--yes"),
    "cancel a run": lambda s: s.admin(f"trainingrun/{s.run.pk}/cancel/"),
    "create a key": lambda s: create_key(s.reviewer, "another", ["read"], by=s.reviewer),
    "revoke a key": lambda s: s.client.post(f"/keys/{s.key.public_id}/revoke/"),
    "revoke keys in the list": lambda s: s.action(
        "delete_selected", "apikey", [s.key.pk], post="yes"
    ),
    "use an expired key": expire_and_use_key,
    "import": lambda s: s.command("import_dataset", "npz", str(s.folder), "--by=rosa"),
    "export": lambda s: s.command("export_dataset", "npz", f"{s.folder}-copy", "--by=rosa"),
    "prune drawings": lambda s: s.command(
        "prune_submissions", "--older-than=30", "--by=rosa", "--yes"
    ),
}


@pytest.fixture
def scene(reviewer, reviewer_client, tmp_path):
    reviewer_client.raise_request_exception = False
    Visitor.raise_request_exception = False
    folder = tmp_path / "files" / "data"
    folder.mkdir(parents=True)
    scene = Scene(reviewer, reviewer_client, folder)
    for _ in range(2):  # The first of them can be pruned.
        create_version(model_registry.live_version(), state=VersionState.REJECTED)
    return scene


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_changes_nothing_without_its_audit_entry(scene, name):
    before, entries = scene.stored(), LogEntry.objects.count()
    refusal = connection.execute_wrapper(refuse_audit_entries)
    with refusal, suppress(OperationalError, CommandError):
        OPERATIONS[name](scene)
    assert scene.stored() == before

    OPERATIONS[name](scene)
    assert scene.stored() != before
    assert LogEntry.objects.count() > entries


def test_promotion_by_command_names_the_account_of_the_operating_system(scene, monkeypatch):
    monkeypatch.setenv("LOGNAME", "olga")
    call_command("models", "promote", "2", "--yes")
    entry = LogEntry.objects.latest("pk")
    assert (entry.user.username, entry.user.is_active) == ("a command", False)
    assert entry.change_message == "Promoted. It replaces version 1. By olga."
    assert entry.object_id == str(scene.version.pk)


def test_each_batch_of_an_import_has_its_entry(scene, monkeypatch):
    """An interrupted import leaves complete batches, each with its entry."""
    monkeypatch.setattr("recognizer.datasets.importer.CHUNK_SIZE", 2)
    path = scene.folder / "rows.ndjson"
    rows = list(FORMATS["npz"].read(scene.folder))
    with FORMATS["ndjson"].Writer(scene.folder) as writer:
        for row in rows:
            writer.write(row)
        writer._file.write("damaged\n")
    with pytest.raises(CommandError, match="line 6"):
        call_command("import_dataset", "ndjson", str(scene.folder), "--by=rosa")
    assert not path.exists()
    messages = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert list(messages)[-2:] == ["Imported 2 drawings."] * 2
    assert Submission.objects.filter(source="import").count() == 4


def test_drawings_moved_to_the_evaluation_set_are_recorded(scene):
    call_command("import_dataset", "npz", str(scene.folder), "--by=rosa")
    rows = [Row(row.pixels, row.label, "test") for row in FORMATS["npz"].read(scene.folder)]
    with FORMATS["npz"].Writer(scene.folder) as writer:
        for row in rows[:3]:
            writer.write(row)
    call_command("import_dataset", "npz", str(scene.folder), "--by=rosa")
    assert LogEntry.objects.latest("pk").change_message == (
        "Kept 3 imported drawings for evaluation: they are in a test split."
    )


def test_run_that_waits_is_cancelled_with_its_entry(scene):
    OPERATIONS["cancel a run"](scene)
    scene.run.refresh_from_db()
    assert scene.run.state == RunState.CANCELLED
