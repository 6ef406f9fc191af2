"""The grid: many at once, approved as what was shown, but for the odd ones."""

import pytest
from desk import decide, ids, submissions, taken
from django.contrib.admin.models import LogEntry
from kit import Visitor

from recognizer.desk import queue, second_looks
from recognizer.models import Answer, Submission

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_second_looks(monkeypatch):
    monkeypatch.setattr(second_looks, "OFTEN", 0)


def shown(desk, answer=7):
    page = desk.get(f"/desk/grid/{answer}/")
    assert page.status_code == 200
    return [card["id"] for card in page.context["cards"]]


def sweep(desk, rows, odd=(), answer=7, ticked="queue"):
    body = {"shown": [row.pk for row in rows], "odd": [row.pk for row in odd], "ticked": ticked}
    page = desk.post(f"/desk/grid/{answer}/", body, follow=True)
    return " ".join(str(message) for message in page.context["messages"])


def stored():
    return sorted(Submission.objects.values_list("review", "label"), key=str)


def test_all_at_once(desk, reviewer):
    rows = submissions(5)
    assert sweep(desk, rows) == "5 approved as 7."
    assert set(Submission.objects.values_list("review", "label", "reviewed_by")) == {
        ("approved", 7, reviewer.pk)
    }
    assert set(LogEntry.objects.values_list("change_message", flat=True)) == {"Approved as 7."}
    assert LogEntry.objects.count() == 5
    assert shown(desk) == []


def test_it_shows_what_seems_to_be_one_digit_the_surest_first(desk):
    (unsure,) = submissions(confidence=0.5)
    (sure,) = submissions()
    (said,) = submissions(predicted_digit=1, corrected_digit=7)
    submissions(corrected_digit=1)
    submissions(predicted_digit=3)
    assert shown(desk) == [str(row.pk) for row in (sure, unsure, said)]


def test_a_hundred_and_no_more(desk):
    submissions(queue.SWEEP + 5)
    assert len(shown(desk)) == queue.SWEEP


def test_not_a_digit(desk):
    rows = submissions(2, corrected_digit=Answer.NOT_A_DIGIT)
    assert "Are all of these “not a digit”?" in desk.get("/desk/grid/10/").content.decode()
    assert sweep(desk, rows, answer=10) == "2 approved as not a digit."
    assert stored() == [("approved", 10)] * 2


def test_the_odd_ones_come_first_in_the_queue(desk):
    submissions(confidence=0.1)
    rows = submissions(4)
    assert sweep(desk, rows, odd=rows[:1]) == "3 approved as 7. 1 come first in the queue."
    assert taken(desk)[0] == rows[0].pk


def test_the_odd_ones_can_be_rejected(desk):
    rows = submissions(3)
    assert sweep(desk, rows, odd=rows[:2], ticked="reject") == "1 approved as 7. 2 rejected."
    assert stored() == [("approved", 7), ("rejected", None), ("rejected", None)]


def test_what_somebody_has_decided_meanwhile_stays(desk, django_user_model):
    ada = django_user_model.objects.create_user("ada")
    rows = submissions(3)
    rows[0].approve(ada, Answer.ONE)
    rows[1].reject(ada)
    text = sweep(desk, rows, odd=rows[1:2], ticked="reject")
    assert text == "1 approved as 7. 2 were decided or deleted meanwhile."
    assert stored() == [("approved", 1), ("approved", 7), ("rejected", None)]
    assert set(Submission.objects.filter(reviewed_by=ada)) == set(rows[:2])


def test_a_correction_meanwhile_does_not_change_what_was_approved(desk):
    rows = submissions(1)
    shown(desk)
    rows[0].correct(Answer.ONE)
    sweep(desk, rows)
    assert stored() == [("approved", 7)]


def test_take_it_back(desk):
    before, *rows = submissions(4)
    decide(desk, before, "approve", 7)
    sweep(desk, rows, odd=rows[:1], ticked="reject")
    page = desk.post("/desk/grid/take-back/", follow=True)
    assert [str(message) for message in page.context["messages"]] == ["3 taken back."]
    assert stored() == [("approved", 7)] + [("pending", None)] * 3
    assert LogEntry.objects.filter(change_message="Review taken back.").count() == 3
    assert not page.context["may_take_back"]


def test_taking_back_leaves_what_somebody_has_changed_since(desk, django_user_model):
    rows = submissions(2)
    sweep(desk, rows)
    Submission.objects.get(pk=rows[0].pk).approve(
        django_user_model.objects.create_user("ada"), Answer.ONE
    )
    desk.post("/desk/grid/take-back/")
    assert stored() == [("approved", 1), ("pending", None)]


def test_taking_back_twice_does_nothing(desk):
    rows = submissions(2)
    sweep(desk, rows)
    for count in (2, 0):
        page = desk.post("/desk/grid/take-back/", follow=True)
        assert [str(message) for message in page.context["messages"]] == [f"{count} taken back."]


def test_it_begins_with_what_most_wait_for(desk):
    submissions(1)
    submissions(2, predicted_digit=3)
    assert desk.get("/desk/grid/")["Location"] == "/desk/grid/3/"
    tabs = desk.get("/desk/grid/3/").context["tabs"]
    assert [count for _, _, count in tabs] == [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]


def test_an_empty_grid_says_what_to_do(desk):
    page = desk.get("/desk/grid/", follow=True)
    assert "Choose another digit above" in page.content.decode()


def test_near_copies_are_marked(desk):
    (first,) = submissions()
    others = submissions(2, owner=first.owner, pixels=first.pixels)
    submissions(1, pixels=first.pixels)  # of somebody else
    submissions(1, owner=first.owner)  # another drawing
    marks = {card["id"]: card["marks"] for card in desk.get("/desk/grid/7/").context["cards"]}
    text = "Near copy of 2 drawings by the same person"
    assert {pk for pk, said in marks.items() if said == [text]} == {
        str(row.pk) for row in (first, *others)
    }
    assert sum(said == [] for said in marks.values()) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"ticked": "queue"},
        {"shown": "nonsense", "ticked": "queue"},
        {"shown": "nonsense"},
        {"ticked": "burn"},
    ],
)
def test_nonsense(desk, body):
    submissions(2)
    page = desk.post("/desk/grid/7/", body, follow=True)
    assert [message.level_tag for message in page.context["messages"]] == ["error"]
    assert stored() == [("pending", None)] * 2


def test_what_was_not_shown_cannot_be_ticked(desk):
    one, other = submissions(2)
    sweep(desk, [one], odd=[other], ticked="reject")
    assert stored() == [("approved", 7), ("pending", None)]


def test_there_is_no_eleven(desk):
    assert desk.get("/desk/grid/11/").status_code == 404


def test_only_reviewers_sweep(reviewer):
    rows = submissions(1)
    body = {"shown": ids(rows), "ticked": "queue"}
    assert Visitor().post("/desk/grid/7/", body).status_code == 302
    assert stored() == [("pending", None)]


def test_many_cost_as_many_queries_as_few(desk, django_assert_num_queries):
    sweep(desk, submissions(1))  # content types are remembered from the first on
    for rows in (submissions(4), submissions(80)):
        # session, user, savepoint and claim (4), cards, near copies, eleven counts
        with django_assert_num_queries(19):
            shown(desk)
        body = {"shown": ids(rows), "odd": [rows[0].pk], "ticked": "reject"}
        # session, user, savepoint (2), approve, reject, both for the history, two entries in it,
        # session (with its savepoint)
        with django_assert_num_queries(13):
            desk.post("/desk/grid/7/", body)
