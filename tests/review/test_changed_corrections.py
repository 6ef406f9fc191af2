"""Nobody approves a label that they did not see.

A visitor can change the correction after a reviewer's page was loaded. Then the page's decision is
refused, the reviewer is told what has changed, and nothing is stored.
"""

import json

import pytest
from django.contrib.admin.models import LogEntry

from recognizer.models import CorrectionChangedError, Label, OutdatedError, Review, Submission
from tests.support.factories import Visitor
from tests.support.review_helpers import claim, submissions
from tests.support.threads import run_at_once

pytestmark = pytest.mark.database

LIST = "/admin/recognizer/submission/"


class QueuePage:
    """The queue of a reviewer, who accepts or rejects the first card."""

    def __init__(self, client, row):
        self.client = client
        self.card = next(card for card in claim(client)["cards"] if card["id"] == str(row.pk))

    def approve(self):
        return self.send("approve", label=self.card["suggested_label"])

    def reject(self):
        return self.send("reject")

    def send(self, action, **fields):
        known = {"id": self.card["id"], "corrected_at": self.card["corrected_at"]}
        self.response = self.client.post("/review/decide/", known | fields | {"action": action})
        return self.response.json().get("detail", "")


class BulkPage:
    """Bulk review of one label. The reviewer approves everything, or rejects everything."""

    def __init__(self, client, row):
        self.client = client
        self.path = f"/review/bulk/{row.suggested_label}/"
        self.cards = client.get(self.path).context["cards"]

    def approve(self):
        return self.send([])

    def reject(self):
        return self.send([card["id"] for card in self.cards])

    def send(self, excluded):
        body = {
            "shown": [f"{card['id']}={card['corrected_at']}" for card in self.cards],
            "excluded": excluded,
            "excluded_action": "reject",
        }
        return messages(self.client.post(self.path, body, follow=True))


class AdminList:
    """The admin's list. The reviewer selects all rows and runs an action."""

    def __init__(self, client, row, label=""):
        self.client, self.label = client, label
        page = client.get(LIST)
        self.rows = page.context["cl"].result_list
        self.shown = [f"{each.pk}={each.revision}" for each in self.rows]
        for value in self.shown:
            assert f'name="shown" value="{value}"' in page.content.decode().replace("&#x27;", "'")

    def approve(self):
        return self.send("approve")

    def reject(self):
        return self.send("reject")

    def send(self, action):
        ids = [str(row.pk) for row in self.rows]
        body = {"action": action, "_selected_action": ids, "label": self.label}
        return messages(self.client.post(LIST, body | {"shown": self.shown}, follow=True))


class AdminListWithLabel(AdminList):
    """The admin's list. The reviewer also chooses a label."""

    def __init__(self, client, row):
        super().__init__(client, row, str(row.suggested_label))


class AdminForm:
    """The admin's page of the row. The reviewer does not choose a label."""

    def __init__(self, client, row):
        self.client, self.path = client, f"{LIST}{row.pk}/change/"
        self.shown = client.get(self.path).context["adminform"].form.initial["shown"]

    def approve(self):
        return self.send("approved")

    def reject(self):
        return self.send("rejected")

    def send(self, review):
        body = {"review": review, "label": "", "shown": self.shown}
        return self.client.post(self.path, body, follow=True).content.decode()


class Program:
    """A program that reads a submission by API, and sends the correction that it has read."""

    def __init__(self, client, row):
        self.client, self.path = client, f"/api/v1/submissions/{row.pk}/"
        correction = client.get(self.path).json()["correction"]
        self.digit = correction["digit"] if correction else 7
        self.corrected_at = correction and correction["at"]

    def approve(self):
        return self.send("approve", digit=self.digit)

    def reject(self):
        return self.send("reject")

    def send(self, action, **body):
        body["corrected_at"] = self.corrected_at
        response = self.client.post(
            f"{self.path}{action}/", json.dumps(body), content_type="application/json"
        )
        return response.json().get("code", "")


def messages(page):
    return " ".join(str(message) for message in page.context["messages"])


REFUSALS = {
    QueuePage: "The visitor has changed the label to “1” in the meantime.",
    BulkPage: "1 unchanged: corrected, flagged, reviewed or deleted in the meantime.",
    AdminList: "1 unchanged: corrected, reviewed or deleted in the meantime.",
    AdminListWithLabel: "1 unchanged: corrected, reviewed or deleted in the meantime.",
    AdminForm: "The review or the correction of this submission has changed",
    Program: "correction_changed",
}
pages = pytest.mark.parametrize("page", REFUSALS, ids=lambda page: page.__name__)
actions = pytest.mark.parametrize("action", ["approve", "reject"])


def corrected_row(correction):
    (row,) = submissions()
    if correction is not None:
        row.correct(correction)
    return Submission.objects.get(pk=row.pk)


@pages
@actions
@pytest.mark.parametrize("seen", [Label.SEVEN, None], ids=["corrected", "uncorrected"])
def test_refuses_decision_if_the_correction_changed(reviewer_client, page, action, seen):
    row = corrected_row(seen)
    opened = page(reviewer_client, row)
    row.correct(Label.ONE)
    before = Submission.objects.filter(pk=row.pk).values().get()
    assert REFUSALS[page] in getattr(opened, action)()
    assert Submission.objects.filter(pk=row.pk).values().get() == before
    assert not LogEntry.objects.exists()


@pages
@actions
def test_stores_decision_about_the_new_correction(reviewer_client, page, action):
    row = corrected_row(Label.SEVEN)
    row.correct(Label.ONE)
    row.refresh_from_db()
    getattr(page(reviewer_client, row), action)()
    row.refresh_from_db()
    expected = {"approve": (Review.APPROVED, 1), "reject": (Review.REJECTED, None)}
    assert (row.review, row.label) == expected[action]


@pages
def test_correction_that_was_changed_back_is_another_one(reviewer_client, page):
    row = corrected_row(Label.SEVEN)
    opened = page(reviewer_client, row)
    row.correct(Label.ONE)
    row.correct(Label.SEVEN)
    opened.approve()
    row.refresh_from_db()
    assert row.review == Review.PENDING


@pages
@pytest.mark.django_db(transaction=True)
def test_correction_at_the_same_time_as_the_approval(django_user_model, page):
    reviewer = django_user_model.objects.create_superuser("rosa")
    for _ in range(5):
        row = corrected_row(Label.SEVEN)
        client = Visitor()
        client.force_login(reviewer)
        opened = page(client, row)
        correcting = Submission.objects.get(pk=row.pk)
        run_at_once(lambda row=correcting: row.correct(Label.ONE), opened.approve)
        row.refresh_from_db()
        # Only one of the two is stored.
        assert (row.corrected_digit, row.review, row.label) in {
            (Label.SEVEN, Review.APPROVED, Label.SEVEN),
            (Label.ONE, Review.PENDING, None),
        }
        row.delete()


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["approve", "reject", "confirm_label"])
def test_stale_row_cannot_be_reviewed(reviewer, method):
    row = corrected_row(Label.SEVEN)
    stale = Submission.objects.get(pk=row.pk)
    stale.label = Label.SEVEN
    row.correct(Label.ONE)
    arguments = (reviewer, Label.SEVEN) if method == "approve" else (reviewer,)
    with pytest.raises(CorrectionChangedError):
        getattr(stale, method)(*arguments)
    assert issubclass(CorrectionChangedError, OutdatedError)
    row.refresh_from_db()
    assert row.review == Review.PENDING


def test_doubtful_label_that_was_reopened_and_corrected_is_not_kept(reviewer_client, reviewer):
    (row,) = submissions(label_noise=0.9)
    row.approve(reviewer, Label.SEVEN)
    Submission.objects.update(label_noise=0.9)
    page = reviewer_client.get("/review/doubtful/")
    (card,) = page.context["cards"]
    row.reopen()
    row.correct(Label.ONE)
    body = {"id": row.pk, "seen_at": card["seen_at"], "decision": "7"}
    response = reviewer_client.post(
        "/review/doubtful/", body, headers={"Accept": "application/json"}
    )
    assert response.status_code == 409
    row.refresh_from_db()
    assert (row.review, row.label) == (Review.PENDING, None)


def test_queue_sends_the_new_card(reviewer_client):
    row = corrected_row(Label.SEVEN)
    opened = QueuePage(reviewer_client, row)
    row.correct(Label.ONE)
    opened.approve()
    assert opened.response.status_code == 409
    opened.card = opened.response.json()["card"]
    assert opened.card["suggested_label"] == 1
    opened.approve()
    row.refresh_from_db()
    assert (row.review, row.label) == (Review.APPROVED, 1)


def test_action_on_rows_of_other_pages_approves_no_corrections(reviewer_client):
    rows = [corrected_row(Label.ONE), corrected_row(Label.ONE)]
    body = {"_selected_action": str(rows[0].pk), "select_across": "1", "label": ""}
    body["shown"] = f"{rows[0].pk}={rows[0].revision}"
    page = reviewer_client.post(LIST, body | {"action": "approve"}, follow=True)
    assert messages(page) == "1 unchanged: the page did not show their corrections. 1 approved."
    assert Submission.objects.get(pk=rows[1].pk).review == Review.PENDING
    page = reviewer_client.post(LIST, body | {"action": "approve", "label": "1"}, follow=True)
    assert Submission.objects.get(pk=rows[1].pk).label == 1


def test_program_that_names_the_label_need_not_send_the_time(reviewer_client):
    row = corrected_row(Label.SEVEN)
    path = f"/api/v1/submissions/{row.pk}/approve/"
    response = reviewer_client.post(path, '{"digit": 7}', content_type="application/json")
    assert response.json()["label"]["digit"] == 7


@pytest.mark.parametrize(
    "time", ["yesterday", "2026-99-01", "0001-01-01T00:00:00+14:00", "1=2", "2026-01-01"]
)
def test_bulk_review_of_an_invalid_time_changes_nothing(reviewer_client, time):
    row = corrected_row(Label.SEVEN)
    body = {"shown": f"{row.pk}={time}", "excluded_action": "flag"}
    assert reviewer_client.post("/review/bulk/7/", body, follow=True).status_code == 200
    row.refresh_from_db()
    assert row.review == Review.PENDING
