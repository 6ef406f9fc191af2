"""The buttons of *My drawings* confirm or correct a prediction, without JavaScript."""

import re
import uuid

import pytest
from django.contrib.sessions.models import Session

from recognizer.accounts import ownership
from recognizer.models import Label, Submission
from tests.support.factories import Visitor, drawing_png

pytestmark = pytest.mark.database


@pytest.fixture
def seven(visitor):
    return visitor.submit_and_get(drawing_png(7))


def correct(visitor, row, label, **options):
    return visitor.post(f"/mine/{row.pk}/correction/", {"label": label}, **options)


def pressed_buttons(page):
    buttons = re.findall(r'<button name="label" value="(\d+)" aria-pressed="(\w+)"', page)
    return [int(value) for value, is_pressed in buttons if is_pressed == "true"]


def test_uncorrected_drawing_has_eleven_buttons(visitor, seven):
    page = visitor.get("/mine/").content.decode()
    assert "What is it?" in page
    assert page.count('<button name="label"') == len(Label)
    assert pressed_buttons(page) == []


@pytest.mark.parametrize("label", [Label.SEVEN, Label.FOUR, Label.NOT_A_DIGIT])
def test_stores_the_correction_and_shows_it(visitor, seven, label):
    page = correct(visitor, seven, label, follow=True)
    assert page.redirect_chain == [(f"/mine/?#drawing-{seven.pk}", 302)]
    seven.refresh_from_db()
    assert seven.corrected_digit == label
    text = page.content.decode()
    assert "Thank you. Saved as" in text
    assert pressed_buttons(text) == [label]


def test_correction_can_be_changed_until_the_review(visitor, seven, reviewer):
    correct(visitor, seven, Label.ONE)
    correct(visitor, seven, Label.TWO)
    seven.refresh_from_db()
    assert seven.corrected_digit == Label.TWO
    seven.approve(reviewer, Label.TWO)
    assert '<button name="label"' not in visitor.get("/mine/").content.decode()
    page = correct(visitor, seven, Label.ONE, follow=True).content.decode()
    assert "Not saved: a reviewer has checked this drawing meanwhile." in page
    seven.refresh_from_db()
    assert seven.corrected_digit == Label.TWO


def test_returns_to_the_same_page_of_the_list(visitor):
    rows = [visitor.submit_and_get(drawing_png(2, seed)) for seed in range(25)]
    older = visitor.get("/mine/").context["older"]
    action = re.search(r'action="(/mine/\S+correction/\?\S+)"', visitor.get(older).content.decode())
    response = visitor.post(action[1], {"label": Label.TWO})
    page = visitor.get(response.url)
    assert [drawing["submission"] for drawing in page.context["drawings"]] == rows[:1]


@pytest.mark.parametrize("body", [{}, {"label": ""}, {"label": "11"}, {"label": "x"}])
def test_refuses_unknown_label(visitor, seven, body):
    assert visitor.post(f"/mine/{seven.pk}/correction/", body).status_code == 400
    seven.refresh_from_db()
    assert seven.corrected_digit is None


@pytest.mark.parametrize("client", [Visitor, lambda: None], ids=["other visitor", "staff"])
def test_refuses_drawing_of_somebody_else(seven, reviewer_client, client):
    page = correct(client() or reviewer_client, seven, Label.ONE, follow=True)
    assert "Not saved: this drawing" in page.content.decode()
    seven.refresh_from_db()
    assert seven.corrected_digit is None


def test_says_that_the_drawing_is_gone(visitor, seven):
    seven.pk = uuid.uuid4()
    page = correct(visitor, seven, Label.ONE, follow=True).content.decode()
    assert "Not saved: this drawing was deleted" in page


# ---- A login in another tab changes the CSRF token ----
@pytest.fixture
def old_form(seven, visitor, reviewer):
    """Return the client after a login in another tab, and the fields of the form from before."""
    visitor.handler.enforce_csrf_checks = True
    page = visitor.get("/mine/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    visitor.force_login(reviewer)
    visitor.cookies["csrftoken"] = "x" * 32
    return {"csrfmiddlewaretoken": token, "label": Label.ONE}


def hidden_fields(page):
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)"', page))


def test_outdated_form_can_be_sent_again(visitor, seven, reviewer, old_form):
    path = f"/mine/{seven.pk}/correction/"
    refused = visitor.post(path, old_form, headers={"Origin": "http://testserver"})
    assert refused.status_code == 403
    text = refused.content.decode()
    assert "Nothing is lost: send the form again." in text
    main = text[text.index("<main") : text.index("</main")]
    again = visitor.post(path, hidden_fields(main), headers={"Origin": "http://testserver"})
    assert again.status_code == 302
    row = Submission.objects.get()
    assert (row.corrected_digit, row.owner) == (Label.ONE, ownership.owner_for_user(reviewer))


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_form_of_another_site_does_not_come_back(visitor, seven, old_form, headers):
    page = visitor.post(f"/mine/{seven.pk}/correction/", old_form, headers=headers)
    assert page.status_code == 403
    text = page.content.decode()
    assert "Go back, reload the page" in text
    assert 'name="label"' not in text


def test_password_does_not_come_back(db):
    client = Visitor(enforce_csrf_checks=True)
    body = {"username": "rosa", "password": "secret"}
    page = client.post("/login/", body, headers={"Origin": "http://testserver"})
    assert page.status_code == 403
    assert "secret" not in page.content.decode()
    assert "Allow cookies for this site" in page.content.decode()


def test_log_does_not_repeat_an_invalid_label(visitor, seven, caplog):
    assert correct(visitor, seven, "x" * 10_000).status_code == 400
    assert len(caplog.text) < 2_000


def test_many_messages_create_no_session(visitor, seven):
    """The page that would show the messages is never requested."""
    for label in range(100):
        assert correct(visitor, seven, label % 10).status_code == 302
    assert not Session.objects.exists()
