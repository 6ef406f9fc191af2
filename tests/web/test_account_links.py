"""Signed-in staff find Review, Admin and Log out on every page."""

import pytest
from django.contrib.auth.models import Group

from tests.support.factories import Visitor

PAGES = ("/", "/mine/", "/keys/", "/privacy/", "/review/", "/review/dashboard/", "/review/bulk/0/")
REVIEW, ADMIN, LOG_OUT = 'href="/review/"', 'href="/admin/"', 'action="/logout/"'


def links(client, url):
    html = client.get(url).content.decode()
    return [link in html for link in (REVIEW, ADMIN, LOG_OUT)]


@pytest.mark.parametrize("url", PAGES)
def test_reviewer_has_all_links(reviewer_client, url):
    assert links(reviewer_client, url) == [True, True, True]


@pytest.mark.parametrize("url", PAGES)
def test_log_out_is_there_once(reviewer_client, url):
    assert reviewer_client.get(url).content.decode().count(LOG_OUT) == 1


def test_staff_without_the_permission_have_no_review_link(django_user_model):
    client = Visitor()
    client.force_login(django_user_model.objects.create_user("carl", is_staff=True))
    assert links(client, "/") == [False, True, True]


def test_other_users_only_have_log_out(django_user_model):
    user = django_user_model.objects.create_user("ana")
    user.groups.add(Group.objects.get(name="Reviewers"))
    client = Visitor()
    client.force_login(user)
    assert links(client, "/") == [False, False, True]


def test_visitor_sees_no_account_links(visitor):
    assert links(visitor, "/") == [False, False, False]


def test_login_returns_to_the_page(visitor, reviewer):
    html = visitor.get("/privacy/?page=2").content.decode()
    assert 'href="/login/?next=/privacy/%3Fpage%3D2"' in html
    assert 'href="/login/?next=/privacy/"' in visitor.get("/privacy/").content.decode()
    form = {"username": "rosa", "password": "a long password", "next": "/privacy/"}
    assert visitor.post("/login/", form).headers["Location"] == "/privacy/"


def test_login_page_does_not_return_to_itself(visitor):
    assert 'href="/login/"' in visitor.get("/login/").content.decode()
