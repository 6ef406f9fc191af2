"""The admin, where submissions are reviewed."""

import pytest
from django.contrib.admin.models import LogEntry
from kit import Visitor, drawing

from recognizer.models import AlreadyReviewedError, Answer, Submission

LIST = "/admin/recognizer/submission/"


def act(desk, action, *rows, label=""):
    body = {"action": action, "_selected_action": [str(row.pk) for row in rows], "label": label}
    return desk.post(LIST, body, follow=True)


def test_approve(visitor, desk, reviewer):
    row = visitor.submitted(drawing(7), digit=1)
    act(desk, "approve", row)
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("approved", 1, reviewer)
    assert row.reviewed_at is not None
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (
        reviewer,
        str(row.pk),
        "Approved as 1.",
    )


def test_approve_as_something_else(visitor, desk):
    said = visitor.submitted(drawing(7), digit=1)
    unsaid = visitor.submitted(drawing(3))
    act(desk, "approve", said, unsaid, label=str(Answer.NOT_A_DIGIT.value))
    assert set(Submission.objects.values_list("review", "label")) == {("approved", 10)}


def test_approve_leaves_what_nobody_named(visitor, desk):
    row = visitor.submitted()
    response = act(desk, "approve", row)
    assert "1 left as they were" in response.content.decode()
    row.refresh_from_db()
    assert (row.review, row.label) == ("pending", None)
    assert not LogEntry.objects.exists()


def test_reject(visitor, desk, reviewer):
    row = visitor.submitted(digit=1)
    row.approve(reviewer, Answer.ONE)
    act(desk, "reject", row)
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("rejected", None, reviewer)
    assert LogEntry.objects.get().change_message == "Rejected."


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"review": "approved", "label": "4"}, ("approved", 4)),
        ({"review": "approved", "label": ""}, ("approved", 1)),
        ({"review": "rejected", "label": "4"}, ("rejected", None)),
        ({"review": "pending", "label": ""}, ("pending", None)),
    ],
)
def test_one_submissions_page(visitor, desk, form, expected):
    row = visitor.submitted(drawing(7), digit=1)
    page = f"{LIST}{row.pk}/change/"
    assert "the stored picture" in desk.get(page).content.decode()
    assert desk.post(page, form).status_code == 302
    row.refresh_from_db()
    assert (row.review, row.label) == expected
    assert LogEntry.objects.filter(object_id=row.pk).exists()


def test_one_submissions_page_wants_a_label(visitor, desk):
    row = visitor.submitted()
    page = desk.post(f"{LIST}{row.pk}/change/", {"review": "approved", "label": ""})
    assert "choose a label" in page.content.decode()
    row.refresh_from_db()
    assert row.review == "pending"


def test_taking_a_review_back_lets_the_visitor_correct_again(visitor, desk, reviewer):
    row = visitor.submitted(digit=1)
    row.approve(reviewer, Answer.ONE)
    desk.post(f"{LIST}{row.pk}/change/", {"review": "pending", "label": ""})
    assert visitor.correct(row.pk, 2).status_code == 200


def listed(desk, query):
    response = desk.get(f"{LIST}?{query}")
    assert response.status_code == 200
    return [row.pk for row in response.context["cl"].result_list]


def test_filters_and_search(visitor, desk, reviewer):
    seven = visitor.submitted(drawing(7), digit=1)
    three = visitor.submitted(drawing(3), digit=3)
    three.approve(reviewer, Answer.THREE)
    assert listed(desk, "predicted_digit__exact=7") == [seven.pk]
    assert listed(desk, "corrected_digit__exact=1") == [seven.pk]
    assert listed(desk, "label__exact=3") == [three.pk]
    assert listed(desk, "review__exact=pending") == [seven.pk]
    assert listed(desk, f"model_version__id__exact={seven.model_version_id}") == [
        three.pk,
        seven.pk,
    ]
    assert listed(desk, "disagreement=yes") == [seven.pk]
    assert listed(desk, "disagreement=no") == [three.pk]
    assert listed(desk, "created__gte=2100-01-01+00:00:00%2B00:00") == []
    assert listed(desk, f"q={seven.pk}") == [seven.pk]
    assert listed(desk, "q=nonsense") == []


def test_thumbnails_cost_no_query_each(visitor, desk, django_assert_num_queries):
    for seed in range(2):
        visitor.submitted(drawing(2, seed))
    with django_assert_num_queries(5):  # session, user, versions to filter by, count, page
        assert desk.get(LIST).content.decode().count("data:image/png;base64,") == 2
    for seed in range(2, 8):
        visitor.submitted(drawing(2, seed))
    with django_assert_num_queries(5):
        assert desk.get(LIST).content.decode().count("data:image/png;base64,") == 8


def test_only_staff(visitor):
    assert Visitor().get(LIST).status_code == 302
    assert visitor.get(LIST + "add/").status_code == 302


def test_nobody_adds_by_hand(desk):
    assert desk.get(LIST + "add/").status_code == 403


def test_an_old_page_overwrites_no_review(visitor, desk, reviewer):
    row = visitor.submitted(digit=1)
    url = f"{LIST}{row.pk}/change/"
    seen = desk.get(url).context["adminform"].form.initial["seen_review"]
    row.approve(reviewer, Answer.ONE)
    page = desk.post(url, {"review": "rejected", "label": "", "seen_review": seen})
    assert "Somebody has reviewed this meanwhile." in page.content.decode()
    row.refresh_from_db()
    assert (row.review, row.label) == ("approved", 1)

    seen = desk.get(url).context["adminform"].form.initial["seen_review"]
    desk.post(url, {"review": "rejected", "label": "", "seen_review": seen})
    row.refresh_from_db()
    assert row.review == "rejected"


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_who_is_late_by_a_moment_is_told(visitor, desk, monkeypatch, action):
    row = visitor.submitted(digit=1)

    def meanwhile(self, *values):
        raise AlreadyReviewedError

    monkeypatch.setattr(Submission, action, meanwhile)
    page = act(desk, action, row).content.decode()
    assert "1 left as they were: somebody has reviewed them meanwhile." in page
    assert f"0 {action}" in page
    body = {"review": action + ("d" if action == "approve" else "ed"), "label": ""}
    page = desk.post(f"{LIST}{row.pk}/change/", body, follow=True).content.decode()
    assert "Somebody has reviewed this meanwhile." in page
    assert not LogEntry.objects.exists()
