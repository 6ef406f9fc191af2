"""Many drawings are deleted in batches, and other writers get in between."""

import threading
import time
import uuid
from contextlib import suppress
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from recognizer.accounts import deletion, ownership
from recognizer.models import DeletedEntryCount, LedgerEntry, Submission, pseudonym
from recognizer.serving import model_registry
from recognizer.training import ledger
from recognizer.training.training_data import labelled_rows
from tests.support.factories import client_with_key, create_version, learn
from tests.support.review_helpers import submissions
from tests.support.threads import run_at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

BATCHES = 3
MANY = BATCHES * deletion.BATCH_SIZE


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana")


@pytest.fixture
def owner(ana):
    return ownership.owner_for_user(ana)


def delete_all(owner):
    return deletion.delete_in_batches(Submission.objects.owned_by(owner))


def prune_by_command(reviewer_client, ana):
    call_command("prune_submissions", "--older-than=30", "--by=rosa", "--no-input")


def delete_by_api(reviewer_client, ana):
    assert client_with_key(ana, "submit").delete("/api/v1/submissions/").status_code == 204


def delete_account(reviewer_client, ana):
    page = f"/admin/auth/user/{ana.pk}/delete/"
    assert reviewer_client.post(page, {"post": "yes"}).status_code == 302
    assert not type(ana).objects.filter(pk=ana.pk).exists()


def delete_accounts_in_list(reviewer_client, ana):
    body = {"action": "delete_selected", "_selected_action": [ana.pk], "post": "yes"}
    assert reviewer_client.post("/admin/auth/user/", body).status_code == 302
    assert not type(ana).objects.filter(pk=ana.pk).exists()


def recorded():
    """Return how many deleted drawings the audit trail counts."""
    messages = LogEntry.objects.values_list("change_message", flat=True)
    return sum(int(message.split(": ")[1].partition(".")[0]) for message in messages)


def learned_by_two_versions(*rows):
    """Return the numbers of two versions, which were trained on one of the two rows each."""
    versions = [create_version(model_registry.live_version()) for _ in rows]
    for version, row in zip(versions, rows, strict=True):
        learn(version, row)
    return [version.number for version in versions]


def refuse_the_last_entry(execute, sql, params, many, context):
    if "Trained on by" in str(params):
        raise OperationalError("no room for an audit entry")
    return execute(sql, params, many, context)


@pytest.mark.parametrize(
    "operation", [delete_by_api, prune_by_command, delete_account, delete_accounts_in_list]
)
def test_other_writers_get_in_between(owner, ana, reviewer_client, operation):
    """A transaction on SQLite excludes all other writers, so the second one waits for a pause."""
    submissions(MANY, owner=owner, created=timezone.now() - timedelta(days=40))
    deleted, left = threading.Event(), []

    def delete():
        try:
            operation(reviewer_client, ana)
        finally:
            deleted.set()

    def write():
        while not deleted.is_set():
            with transaction.atomic():
                submissions()
                left.append(Submission.objects.owned_by(owner).count())
            time.sleep(0.01)

    assert run_at_once(delete, write) == [None, None]
    assert set(left) - {0, MANY}, f"seen by the other writer: {set(left)}"
    assert not Submission.objects.owned_by(owner).exists()


def test_audit_entries_add_up(reviewer):
    program = client_with_key(reviewer, "submit")
    rows = submissions(MANY + 1, owner=ownership.owner_for_user(reviewer), corrected_digit=7)
    LogEntry.objects.all().delete()
    numbers = learned_by_two_versions(rows[0], rows[-1])
    assert program.delete("/api/v1/submissions/").json()["learned_in"] == numbers
    assert not Submission.objects.exists()
    assert recorded() == MANY + 1
    *_, last = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert last == "Deleted by the visitor: 2. Trained on by version 2, version 3."


def test_repetition_after_an_interruption_names_all_versions(owner):
    rows = submissions(MANY, owner=owner, corrected_digit=7)
    numbers = learned_by_two_versions(rows[0], rows[-1])
    with suppress(OperationalError), connection.execute_wrapper(refuse_the_last_entry):
        delete_all(owner)
    assert (Submission.objects.count(), recorded()) == (2, MANY - 2)
    assert delete_all(owner) == numbers
    assert recorded() == MANY


def test_drawings_stored_meanwhile_stay(owner):
    submissions(MANY, owner=owner)

    def store(execute, sql, params, many, context):
        if sql.startswith("DELETE") and not stored:
            stored.extend(submissions(owner=owner))
        return execute(sql, params, many, context)

    stored = []
    with connection.execute_wrapper(store):
        delete_all(owner)
    assert list(Submission.objects.all()) == stored


def test_log_in_meanwhile_takes_drawings_along(owner):
    """A drawing is deleted and counted, or moved to the account, but never both."""
    account = uuid.uuid4()
    submissions(MANY, owner=owner)
    results = run_at_once(lambda: delete_all(owner), lambda: ownership._merge(owner, account))
    assert results == [[], None]
    moved = Submission.objects.owned_by(account).count()
    assert Submission.objects.count() == moved
    assert moved + recorded() == MANY


def test_training_that_ends_meanwhile_is_named(owner):
    """The ledger has an entry of each drawing that it finds, and only counts the others."""
    submissions(MANY, owner=owner, corrected_digit=7)
    rows = list(labelled_rows(include_pending=True))
    version = create_version(model_registry.live_version())

    def end_training():
        with transaction.atomic():
            ledger.record(version, rows)
            return LedgerEntry.objects.count()

    numbers, entries = run_at_once(lambda: delete_all(owner), end_training)
    assert numbers == ([version.number] if entries else [])
    counted = DeletedEntryCount.objects.get()
    assert (counted.owner, counted.count) == (pseudonym(owner), MANY)
    assert (Submission.objects.count(), recorded()) == (0, MANY)
