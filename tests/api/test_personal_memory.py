"""A visitor's corrections adjust the predictions for this visitor, and for nobody else."""

import json

import numpy as np
import pytest

from benchmarks.stroke_rendering import draw
from recognizer.models import Label, Submission
from recognizer.serving import personal_memory
from tests.support.factories import (
    Visitor,
    client_with_key,
    drawing_png,
    png,
    upload,
)

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def square_png(seed):
    """Return a drawn square. The base predicts "not a digit"."""
    rng = np.random.default_rng(seed)
    corners = np.array([(0, 0), (200, 0), (200, 200), (0, 200)]) + rng.normal(0, 8, (4, 2))
    return png(draw([[*corners.tolist(), corners[0].tolist()]], share=rng.uniform(0.5, 0.7)))


def teach_zero(visitor, *seeds):
    """Correct squares to 0, and return the ids of the submissions."""
    return [str(visitor.submit_and_get(square_png(seed), digit=0).pk) for seed in seeds]


def test_a_corrected_shape_is_predicted_at_the_next_request(visitor):
    before = visitor.recognize(square_png(9)).json()
    taught = teach_zero(visitor, 1, 2)
    after = visitor.recognize(square_png(9)).json()
    assert (before["digit"], before["personal"]) == (None, None)
    assert after["digit"] == 0
    assert after["personal"]["network_digit"] is None
    assert after["personal"]["network_confidence"] == before["confidence"]
    assert set(after["personal"]["neighbours"]) == set(taught)
    assert sum(after["probabilities"]) == pytest.approx(1)


def test_other_visitors_get_the_networks_prediction(visitor):
    teach_zero(visitor, 1, 2)
    prediction = Visitor().recognize(square_png(9)).json()
    assert (prediction["digit"], prediction["personal"]) == (None, None)


def test_a_digit_can_be_taught_as_not_a_digit(visitor):
    for seed in range(8):
        visitor.submit_and_get(drawing_png(7, seed=seed), digit=None)
    prediction = visitor.recognize(drawing_png(7, seed=20)).json()
    assert prediction["digit"] is None
    assert prediction["personal"]["network_digit"] == 7


def test_each_neighbour_has_the_predicted_digit(visitor):
    sevens = [str(visitor.submit_and_get(drawing_png(7, seed=s), digit=7).pk) for s in range(4)]
    visitor.submit_and_get(drawing_png(1, seed=5), digit=1)
    neighbours = visitor.recognize(drawing_png(7, seed=9)).json()["personal"]["neighbours"]
    assert len(neighbours) == 3
    assert set(neighbours) < set(sevens)


def test_batches_and_numbers_use_the_memory(visitor):
    teach_zero(visitor, 1, 2)
    images = {"images": [upload(square_png(9)), upload(drawing_png(7))]}
    first, second = visitor.post("/api/v1/recognize/batch/", images).json()["results"]
    assert (first["prediction"]["digit"], second["prediction"]["digit"]) == (0, 7)
    number = visitor.post("/api/v1/numbers/recognize/", {"image": upload(square_png(9))}).json()
    assert number["number"] == "0"
    assert number["digits"][0]["personal"]["network_digit"] is None
    stored = visitor.post("/api/v1/numbers/", {"image": upload(square_png(9))}).json()
    assert stored["number"] == "0"
    assert stored["submissions"][0]["personal"]["network_digit"] is None


def test_the_database_keeps_both_predictions(visitor):
    taught = teach_zero(visitor, 1, 2)
    response = visitor.submit(square_png(9)).json()
    row = Submission.objects.get(pk=response["id"])
    assert row.predicted_digit == Label.NOT_A_DIGIT
    assert row.personal_prediction["label"] == response["digit"] == 0
    assert row.confidence == response["personal"]["network_confidence"]
    assert row.personal_prediction["confidence"] == response["confidence"]
    assert set(response["personal"]["neighbours"]) == set(taught)
    again = visitor.get(f"/api/v1/submissions/{row.pk}/").json()
    fields = ("digit", "confidence", "probabilities", "personal")
    assert {name: again[name] for name in fields} == {name: response[name] for name in fields}


def test_the_filter_by_digit_finds_what_the_visitor_saw(visitor):
    (taught,) = teach_zero(visitor, 1)
    stored = visitor.submit(square_png(9)).json()
    assert stored["digit"] == 0
    for digit, pk in (("0", stored["id"]), ("null", taught)):
        found = visitor.get(f"/api/v1/submissions/?digit={digit}").json()["results"]
        assert [row["id"] for row in found] == [pk]


@pytest.mark.parametrize("path", ["recognize/", "numbers/recognize/", "numbers/", "submissions/"])
def test_a_request_can_turn_the_memory_off(visitor, path):
    teach_zero(visitor, 1, 2)
    body = {"image": upload(square_png(9)), "personal": "false"}
    assert '"personal":{' not in visitor.post(f"/api/v1/{path}", body).content.decode()


def test_a_batch_can_turn_the_memory_off(visitor):
    teach_zero(visitor, 1, 2)
    body = {"images": [upload(square_png(9))], "personal": "false"}
    results = visitor.post("/api/v1/recognize/batch/", body).json()["results"]
    assert results[0]["prediction"]["personal"] is None


def test_the_cookie_of_the_switch_turns_the_memory_off(visitor):
    teach_zero(visitor, 1, 2)
    visitor.cookies["personal_memory"] = "off"
    assert visitor.recognize(square_png(9)).json()["personal"] is None


def cookie_after(response):
    """Return the value that the response gives the cookie, or None if it does not set it."""
    cookie = response.cookies.get("no_corrections")
    return cookie and cookie.value


@pytest.mark.parametrize("path", ["submissions/", "numbers/"])
def test_visitor_without_corrections_pays_no_query(visitor, path, django_assert_num_queries):
    response = visitor.post(f"/api/v1/{path}", {"image": upload(drawing_png())})
    assert cookie_after(response) == "yes"
    with django_assert_num_queries(0):
        assert visitor.recognize(square_png(9)).json()["personal"] is None


def test_correction_deletes_the_cookie_without_corrections(visitor):
    row = visitor.submit_and_get(square_png(1))
    assert cookie_after(visitor.correct(row.pk, 0)) == ""
    assert visitor.recognize(square_png(1)).json()["digit"] == 0
    assert cookie_after(visitor.submit(drawing_png(7))) is None


def test_correction_on_my_drawings_deletes_the_cookie_without_corrections(visitor):
    row = visitor.submit_and_get(square_png(1))
    assert cookie_after(visitor.post(f"/mine/{row.pk}/correction/", {"label": 0})) == ""
    assert visitor.recognize(square_png(1)).json()["digit"] == 0


def test_corrections_do_not_change_the_cookie_of_the_switch(visitor):
    row = visitor.submit_and_get(square_png(1))
    assert "personal_memory" not in visitor.correct(row.pk, 0).cookies


def test_users_have_a_memory_in_a_browser_where_they_corrected_nothing(django_user_model):
    user = django_user_model.objects.create_user("kim")
    teach_zero(client_with_key(user, "submit"), 1, 2)
    visitor = Visitor()
    assert cookie_after(visitor.submit(drawing_png(7))) == "yes"
    visitor.force_login(user)
    assert visitor.recognize(square_png(9)).json()["digit"] == 0


def test_an_api_key_uses_the_memory_of_its_user(django_user_model):
    user = django_user_model.objects.create_user("kim")
    teach_zero(client_with_key(user, "submit"), 1, 2)
    assert client_with_key(user).recognize(square_png(9)).json()["digit"] == 0


def test_a_deleted_drawing_no_longer_counts(visitor):
    (first,) = teach_zero(visitor, 1)
    assert visitor.recognize(square_png(9)).json()["digit"] == 0
    assert visitor.delete(f"/api/v1/submissions/{first}/").status_code == 204
    assert visitor.recognize(square_png(9)).json()["personal"] is None


def test_a_deleted_drawing_does_not_stay_when_an_older_one_takes_its_place(visitor, monkeypatch):
    monkeypatch.setattr("recognizer.models.submission_queryset.MEMORY_SIZE", 2)
    sql = personal_memory.remembered_state.__globals__["_QUERY"].replace("LIMIT 250", "LIMIT 2")
    monkeypatch.setitem(personal_memory.remembered_state.__globals__, "_QUERY", sql)
    oldest, middle, newest = teach_zero(visitor, 1, 2, 3)
    before = visitor.recognize(square_png(9)).json()["personal"]["neighbours"]
    visitor.delete(f"/api/v1/submissions/{middle}/")
    after = visitor.recognize(square_png(9)).json()["personal"]["neighbours"]
    assert (set(before), set(after)) == ({middle, newest}, {oldest, newest})


def test_a_changed_correction_counts_with_its_new_digit(visitor):
    taught = teach_zero(visitor, 1, 2, 3)
    assert visitor.recognize(square_png(9)).json()["digit"] == 0
    for pk in taught:
        visitor.correct(pk, 4)
    assert visitor.recognize(square_png(9)).json()["digit"] == 4


def test_the_reviewers_label_wins(visitor, reviewer):
    teach_zero(visitor, 1, 2, 3)
    assert visitor.recognize(square_png(9)).json()["digit"] == 0
    submissions = Submission.objects.all()
    for submission in submissions:
        submission.approve(reviewer, Label.EIGHT)
    assert visitor.recognize(square_png(9)).json()["digit"] == 8
    for submission in submissions:
        submission.reopen()
    assert visitor.recognize(square_png(9)).json()["digit"] == 0


def test_a_rejected_drawing_does_not_count(visitor, reviewer):
    (first,) = teach_zero(visitor, 1)
    assert visitor.recognize(square_png(9)).json()["digit"] == 0
    Submission.objects.get(pk=first).reject(reviewer)
    assert visitor.recognize(square_png(9)).json()["personal"] is None


def test_a_deleted_drawing_does_not_stay_when_another_of_the_same_digit_returns(visitor):
    first, second, third, last = teach_zero(visitor, 1, 2, 3, 4)
    Submission.objects.filter(pk=third).update(remembered=False)
    before = visitor.recognize(square_png(9)).json()["personal"]["neighbours"]
    visitor.delete(f"/api/v1/submissions/{second}/")
    visitor.correct(third, 0)
    after = visitor.recognize(square_png(9)).json()["personal"]["neighbours"]
    assert (set(before), set(after)) == ({first, second, last}, {first, third, last})


def test_a_rejected_drawing_does_not_stay_when_another_is_reopened(visitor, reviewer):
    first, second, third, last = teach_zero(visitor, 1, 2, 3, 4)
    wrong = Submission.objects.get(pk=third)
    wrong.reject(reviewer)
    before = visitor.recognize(square_png(9)).json()["personal"]["neighbours"]
    wrong.reopen()
    Submission.objects.get(pk=second).reject(reviewer)
    after = visitor.recognize(square_png(9)).json()["personal"]["neighbours"]
    assert (set(before), set(after)) == ({first, second, last}, {first, third, last})


def test_a_forgotten_drawing_counts_again_after_a_new_correction(visitor):
    (first,) = teach_zero(visitor, 1)
    Submission.objects.update(remembered=False)
    assert visitor.recognize(square_png(9)).json()["personal"] is None
    visitor.correct(first, 0)
    assert visitor.recognize(square_png(9)).json()["digit"] == 0


@pytest.mark.parametrize("value", ["perhaps", 7, None])
def test_rejects_an_invalid_switch(visitor, value):
    body = json.dumps({"image": "aGk=", "personal": value})
    response = visitor.post("/api/v1/recognize/", body, content_type="application/json")
    assert response.status_code == 400
    assert "personal" in response.json()["fields"]
