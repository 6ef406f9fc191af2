"""Known answers mixed in, and whose corrections are not followed."""

import uuid

import pytest
from desk import decide, submissions, take, taken

from recognizer.desk import quality, second_looks
from recognizer.models import Answer, SecondLook

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _always_a_second_look(monkeypatch):
    monkeypatch.setattr(second_looks, "OFTEN", 1)


@pytest.fixture
def ada(django_user_model):
    return django_user_model.objects.create_superuser("ada")


@pytest.fixture
def known(ada):
    """Decided by Ada: a 1."""
    (row,) = submissions(corrected_digit=1)
    row.approve(ada, Answer.ONE)
    return row


@pytest.fixture
def waiting():
    (row,) = submissions()
    return row


def test_one_is_mixed_in_and_looks_like_the_others(desk, known, waiting):
    cards = {card["id"]: card for card in take(desk)["cards"]}
    assert cards.keys() == {str(known.pk), str(waiting.pk)}
    look = cards[str(known.pk)]
    assert look.keys() == cards[str(waiting.pk)].keys()
    assert "approved" not in str(look)
    assert "ada" not in str(look | {"seen": "letters by chance"})


@pytest.mark.parametrize(
    ("verb", "label", "agrees"),
    [("approve", 1, True), ("approve", 7, False), ("reject", None, False)],
)
def test_the_answer_is_counted_and_changes_nothing(
    desk, reviewer, known, waiting, ada, verb, label, agrees
):
    taken(desk)
    assert decide(desk, known, verb, label).status_code == 200
    look = SecondLook.objects.get()
    assert (look.reviewer, look.label, look.agrees) == (reviewer, label, agrees)
    known.refresh_from_db()
    assert (known.review, known.label, known.reviewed_by) == ("approved", 1, ada)
    (row,) = desk.get("/desk/quality/").context["reviewers"]
    assert (row["reviewer__username"], row["looks"], row["agreed"]) == ("rosa", 1, int(agrees))
    assert len(quality.disagreements()) == (not agrees)


def test_rejections_are_known_answers_too(desk, waiting, ada):
    (row,) = submissions()
    row.reject(ada)
    taken(desk)
    decide(desk, row, "reject")
    assert SecondLook.objects.get().agrees is True


def test_undo_takes_the_answer_back(desk, known, waiting):
    taken(desk)
    decide(desk, known, "approve", 7)
    assert decide(desk, known, "undo").status_code == 200
    look = SecondLook.objects.get()
    assert (look.answered_at, look.label, look.agrees) == (None, None, None)
    assert known.pk in taken(desk)


def test_each_only_once(desk, known, waiting):
    assert known.pk in taken(desk)
    assert known.pk in taken(desk)  # not answered yet
    decide(desk, known, "approve", 1)
    assert taken(desk) == [waiting.pk]
    assert SecondLook.objects.count() == 1


def test_nobody_looks_twice_at_their_own(desk, reviewer, waiting):
    (row,) = submissions()
    row.approve(reviewer, Answer.SEVEN)
    assert taken(desk) == [waiting.pk]


def test_now_and_then(desk, known, waiting, monkeypatch):
    monkeypatch.setattr(second_looks, "OFTEN", 0)
    assert taken(desk) == [waiting.pk]
    assert not SecondLook.objects.exists()


def test_none_without_work(desk, known):
    assert taken(desk) == []


def test_one_that_is_taken_back_meanwhile_is_decided_for_good(desk, reviewer, known, waiting):
    taken(desk)
    known.reopen()
    decide(desk, known, "approve", 7)
    known.refresh_from_db()
    assert (known.label, known.reviewed_by) == (7, reviewer)
    assert SecondLook.objects.get().answered_at is None
    assert taken(desk) == [waiting.pk]


def test_it_goes_with_its_submission(desk, known, waiting):
    taken(desk)
    known.delete()
    assert not SecondLook.objects.exists()
    assert desk.get("/desk/quality/").status_code == 200


def test_whose_corrections_are_not_followed(desk, ada):
    good, bad = uuid.uuid4(), uuid.uuid4()
    for row in submissions(3, owner=good, corrected_digit=7):
        row.approve(ada, Answer.SEVEN)
    rejected, changed, followed, unsaid = (
        *submissions(3, owner=bad, corrected_digit=1),
        *submissions(1, owner=bad),
    )
    rejected.reject(ada)
    changed.approve(ada, Answer.TWO)
    followed.approve(ada, Answer.ONE)
    unsaid.reject(ada)
    page = desk.get("/desk/quality/")
    assert list(page.context["owners"]) == [{"owner": bad, "corrections": 3, "rejected": 2}]
    link = f"/admin/recognizer/submission/?owner__exact={bad}"
    assert link in page.content.decode()
    assert len(desk.get(link).context["cl"].result_list) == 4


def test_an_empty_page_says_what_to_do(desk):
    page = desk.get("/desk/quality/").content.decode()
    assert "give a colleague an account in the group “Reviewers”" in page
    assert "every reviewed correction was followed" in page


def test_more_cost_no_more_queries(desk, reviewer, ada, django_assert_num_queries):
    for number in (1, 10):
        for row in submissions(number, corrected_digit=1):
            row.reject(ada)
            SecondLook.objects.create(submission=row, reviewer=reviewer).answer(Answer.TWO)
        with django_assert_num_queries(5):  # session, user, reviewers, disagreements, owners
            desk.get("/desk/quality/")
