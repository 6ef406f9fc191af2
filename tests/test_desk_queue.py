"""The desk's queue: what is worth a look first, one decision each, and who may decide."""

import pytest
from desk import decide, ids, submissions, take, taken
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from kit import Visitor, mixing_up, new_version

from recognizer import registry
from recognizer.desk import queue, second_looks
from recognizer.models import AlreadyReviewedError, Answer, ModelVersion, State, Submission

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_second_looks(monkeypatch):
    monkeypatch.setattr(second_looks, "OFTEN", 0)


def test_the_page(desk):
    page = desk.get("/desk/")
    assert page.status_code == 200
    assert "csrftoken" in page.cookies
    assert '<a href="/desk/">Queue</a>' in desk.get("/admin/").content.decode()


def test_what_is_worth_a_look_comes_first(desk):
    (sure,) = submissions(corrected_digit=7)
    (unsure,) = submissions(confidence=0.4)
    (divided,) = submissions(latest_digit=1)
    (contradicted,) = submissions(corrected_digit=1)
    (both,) = submissions(corrected_digit=1, latest_digit=1)
    (odd,) = submissions(found_odd=True)
    assert taken(desk) == ids([odd, both, contradicted, divided, unsure, sure])


def test_a_correction_moves_it_to_the_front(visitor, desk):
    (other,) = submissions(confidence=0.2)
    row = visitor.submitted()
    assert taken(desk) == ids([other, row])
    visitor.correct(row.pk, 1)
    assert taken(desk) == ids([row, other])


def test_a_card_says_what_there_is_to_know(visitor, desk):
    row = visitor.submitted(digit=None)
    (card,) = take(desk)["cards"]
    percent = min(99, round(100 * row.confidence))
    assert card["said"] == f"The visitor says not a digit, the network 7 ({percent} % sure)."
    assert (card["proposed"], card["name"]) == (Answer.NOT_A_DIGIT, "not a digit")
    assert card["marks"] == ["Contradicts the network"]
    assert desk.get(card["image"])["Content-Type"] == "image/png"
    assert card["seen"].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("said", "sentence", "proposed"),
    [
        (None, "The network says 7 (99 % sure), the visitor nothing.", 7),
        (7, "The network says 7 (99 % sure), the visitor agrees.", 7),
        (1, "The visitor says 1, the network 7 (99 % sure).", 1),
    ],
)
def test_what_is_said(desk, said, sentence, proposed):
    submissions(corrected_digit=said)
    (card,) = take(desk)["cards"]
    assert (card["said"], card["proposed"]) == (sentence, proposed)


def test_versions_that_disagree(visitor, desk, monkeypatch):
    row = visitor.submitted()
    base = ModelVersion.objects.get()
    base.state = State.RETIRED
    base.save()
    new_version(base, mixing_up(7, 4, base), state=State.LIVE)
    monkeypatch.setattr(registry, "_served", None)
    (card,) = take(desk)["cards"]
    assert card["marks"] == ["Versions disagree: version 2 reads 4"]
    row.refresh_from_db()
    assert (row.latest_digit, row.latest_version.number, row.predicted_digit) == (4, 2, 7)
    assert row.doubt > 1


def test_what_waits_is_read_anew_in_small_steps(visitor, desk, monkeypatch):
    base = registry.live_version()
    submissions(5)
    base.state = State.RETIRED
    base.save()
    newer = new_version(base, state=State.LIVE)
    monkeypatch.setattr(queue, "READ_ANEW", 2)
    for left in (3, 1, 0):
        take(desk)
        assert Submission.objects.exclude(latest_version=newer).count() == left


def test_a_damaged_version_does_not_stop_reviewers(desk, monkeypatch):
    def damaged():
        raise registry.DamagedModelError("no version can be served")

    submissions(2)
    monkeypatch.setattr(registry, "serving", damaged)
    assert len(taken(desk)) == 2


@pytest.mark.parametrize(("label", "stored"), [(7, 7), (0, 0), (10, Answer.NOT_A_DIGIT)])
def test_approve(desk, reviewer, label, stored):
    (row,) = submissions(corrected_digit=1)
    assert decide(desk, row, "approve", label).status_code == 200
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("approved", stored, reviewer)
    entry = LogEntry.objects.get()
    assert entry.change_message == f"Approved as {Answer(stored).label}."
    assert (entry.user, entry.object_id) == (reviewer, str(row.pk))


def test_reject(desk, reviewer):
    (row,) = submissions()
    assert decide(desk, row, "reject").status_code == 200
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("rejected", None, reviewer)
    assert LogEntry.objects.get().change_message == "Rejected."


def test_what_is_decided_does_not_come_back(desk):
    first, second = submissions(2)
    decide(desk, first, "approve", 7)
    assert taken(desk) == [second.pk]


def test_the_same_decision_sent_twice_counts_once(desk):
    (row,) = submissions()
    for _ in range(2):
        assert decide(desk, row, "approve", 7).status_code == 200
    assert LogEntry.objects.count() == 1


def test_undo(desk):
    (row,) = submissions()
    decide(desk, row, "approve", 7)
    for _ in range(2):  # the answer to the first try may be lost
        assert decide(desk, row, "undo").status_code == 200
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("pending", None, None)
    assert taken(desk) == [row.pk]
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == [
        "Approved as 7.",
        "Review taken back.",
    ]


def test_skip(desk):
    first, second = submissions(2)
    decide(desk, first, "skip")
    assert taken(desk) == [second.pk]
    decide(desk, second, "skip")
    empty = take(desk)
    assert (empty["cards"], empty["resting"]) == ([], 2)
    assert set(taken(desk, skipped=1)) == {first.pk, second.pk}


def test_undo_a_skip(desk):
    (row,) = submissions()
    decide(desk, row, "skip")
    decide(desk, row, "undo")
    assert taken(desk) == [row.pk]


def test_an_empty_queue_says_so(desk):
    assert take(desk) == {
        "cards": [],
        "waiting": "0 are waiting",
        "empty": "New drawings appear here by themselves.",
        "resting": 0,
    }


def test_how_many_wait(desk, monkeypatch):
    submissions(3)
    assert take(desk)["waiting"] == "3 are waiting"
    monkeypatch.setattr(queue, "MANY", 2)
    assert take(desk)["waiting"] == "2 or more are waiting"


def test_what_its_owner_has_deleted(visitor, desk):
    row = visitor.submitted()
    visitor.delete(f"/api/v1/submissions/{row.pk}/")
    response = decide(desk, row, "approve", 7)
    assert (response.status_code, response.json()["detail"]) == (410, "Who drew it has deleted it.")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"verb": "approve"}, "Say what it is."),
        ({"verb": "approve", "label": "11"}, "Select a valid choice"),
        ({"verb": "dance"}, "Select a valid choice"),
        ({"verb": "reject", "id": "1"}, "Enter a valid UUID."),
    ],
)
def test_nonsense(desk, body, complaint):
    (row,) = submissions()
    response = desk.post("/desk/decide/", {"id": str(row.pk)} | body)
    assert response.status_code == 400
    assert complaint in response.json()["detail"]
    row.refresh_from_db()
    assert row.review == "pending"


def test_a_handful_costs_as_many_queries_as_one(desk, django_assert_num_queries):
    submissions(1)
    take(desk)  # loads the live version
    # session, user, what to read anew, claim (two, and its savepoint's two), cards, an open second
    # look, near copies, how many wait
    with django_assert_num_queries(11):
        assert len(taken(desk)) == 1
    submissions(19)
    with django_assert_num_queries(11):
        assert len(taken(desk)) == 20


PAGES = ("/desk/", "/desk/grid/", "/desk/grid/7/", "/desk/overview/", "/desk/quality/")


@pytest.mark.parametrize("path", PAGES)
def test_others_are_asked_to_log_in(path):
    response = Visitor().get(path)
    assert (response.status_code, response["Location"]) == (302, f"/admin/login/?next={path}")


@pytest.mark.parametrize("path", ["/desk/take/", "/desk/decide/"])
def test_who_is_logged_out_is_told_in_json(path):
    response = Visitor().post(path, headers={"Accept": "application/json"})
    assert (response.status_code, response.json()["detail"]) == (401, "You are logged out.")


@pytest.mark.parametrize("path", PAGES)
def test_staff_need_the_permission(path, django_user_model):
    client = Visitor()
    client.force_login(django_user_model.objects.create_user("guest", is_staff=True))
    response = client.get(path)
    assert response.status_code == 403
    assert "group “Reviewers”" in response.content.decode()


def test_the_group_of_reviewers_may(django_user_model):
    client, user = Visitor(), django_user_model.objects.create_user("ada", is_staff=True)
    user.groups.add(Group.objects.get(name="Reviewers"))
    client.force_login(user)
    for path in PAGES[2:]:
        assert client.get(path).status_code == 200
    assert client.get("/admin/recognizer/submission/").status_code == 200


def test_posts_need_the_token(reviewer):
    client = Visitor(enforce_csrf_checks=True)
    client.force_login(reviewer)
    assert client.post("/desk/take/").status_code == 403


def test_who_looked_at_an_old_state_overwrites_nothing(reviewer, django_user_model):
    (row,) = submissions()
    as_seen = Submission.objects.get(pk=row.pk)
    row.approve(reviewer, Answer.SEVEN)
    with pytest.raises(AlreadyReviewedError):
        as_seen.reject(django_user_model.objects.create_user("ada"))
    row.refresh_from_db()
    assert (row.review, row.label, row.reviewed_by) == ("approved", 7, reviewer)
