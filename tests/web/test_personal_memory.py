"""What *My drawings* shows about the personal memory, its switch, and *Forget*."""

import pytest

from recognizer.models import Label, Submission
from tests.support.factories import Visitor, drawing_png, png
from tests.support.synthetic_digits import draw, square_strokes

pytestmark = pytest.mark.database


def square_png(seed):
    return png(draw(square_strokes(seed)))


@pytest.fixture
def taught(visitor):
    """Return a visitor who has corrected two squares to 0."""
    for seed in (1, 2):
        visitor.submit_and_get(square_png(seed), digit=0)
    return visitor


def memory(visitor):
    return visitor.get("/mine/").context["memory"]


def predicted_digit(visitor):
    return visitor.recognize(square_png(9)).json()["digit"]


def test_shows_the_number_of_drawings_and_examples_by_label(taught, reviewer):
    for seed in range(4):
        taught.submit_and_get(drawing_png(7, seed), digit=7)
    taught.submit_and_get(drawing_png(3))
    rejected = taught.submit_and_get(drawing_png(5), digit=5)
    rejected.reject(reviewer)
    shown = memory(taught)
    assert shown["count"] == 6
    labels = [(row["name"], row["count"], len(row["examples"])) for row in shown["labels"]]
    assert labels == [("a 0", 2, 2), ("a 7", 4, 3)]


def test_a_card_shows_both_predictions_where_they_differ(taught):
    taught.submit(square_png(9))
    newest, *others = taught.get("/mine/").context["drawings"]
    assert (newest["prediction"], newest["network_prediction"]) == ("a 0", "not a digit")
    # The first drawing came before the memory.
    assert (others[-1]["prediction"], others[-1]["network_prediction"]) == ("not a digit", None)


def test_visitor_without_drawings_sees_no_switch(db):
    assert "switch" not in Visitor().get("/mine/").content.decode()


def test_switch_sets_and_deletes_the_cookie(taught):
    assert predicted_digit(taught) == 0
    response = taught.post("/mine/memory/", {"memory": "off"})
    assert response.url == "/mine/"
    cookie = response.cookies["personal_memory"]
    assert (cookie.value, cookie["samesite"], cookie["secure"]) == ("off", "Lax", "")
    assert cookie["max-age"] == 365 * 24 * 60 * 60
    assert predicted_digit(taught) is None
    assert not memory(taught)["is_on"]
    taught.post("/mine/memory/", {"memory": "on"})
    assert predicted_digit(taught) == 0
    assert memory(taught)["is_on"]


def test_cookie_is_secure_with_https(taught, settings):
    settings.SESSION_COOKIE_SECURE = True
    response = taught.post("/mine/memory/", {"memory": "off"})
    assert response.cookies["personal_memory"]["secure"]


def test_draw_page_promises_nothing_if_the_memory_is_off(visitor):
    assert 'data-remembers="yes"' in visitor.get("/").content.decode()
    visitor.post("/mine/memory/", {"memory": "off"})
    assert 'data-remembers=""' in visitor.get("/").content.decode()


def test_forgets_all_own_drawings_and_keeps_them_stored(taught):
    other = Visitor()
    kept = other.submit_and_get(square_png(5), digit=0)
    assert taught.post("/mine/memory/forget/").url == "/mine/"
    assert Submission.objects.get(remembered=True) == kept
    assert Submission.objects.filter(corrected_digit=Label.ZERO).count() == 3
    assert predicted_digit(taught) is None
    assert memory(taught)["count"] == 0
    assert predicted_digit(other) == 0


def test_a_new_correction_counts_after_forgetting(taught):
    taught.post("/mine/memory/forget/")
    taught.submit_and_get(square_png(3), digit=0)
    assert memory(taught)["count"] == 1
    assert predicted_digit(taught) == 0


def test_new_visitor_has_nothing_to_forget(taught):
    response = Visitor().post("/mine/memory/forget/")
    assert response.url == "/mine/"
    assert "owner" not in response.cookies
    assert Submission.objects.filter(remembered=True).count() == 2


@pytest.mark.parametrize("path", ["/mine/memory/", "/mine/memory/forget/"])
def test_rejects_get_and_posts_without_csrf_token(taught, path):
    assert taught.get(path).status_code == 405
    strict = Visitor(enforce_csrf_checks=True)
    strict.cookies.update(taught.cookies)
    assert strict.post(path, {"memory": "off"}).status_code == 403
    assert Submission.objects.filter(remembered=True).count() == 2
