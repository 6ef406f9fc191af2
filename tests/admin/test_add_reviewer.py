"""Adding a reviewer on one page of the admin."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User

from tests.support.factories import Visitor

pytestmark = pytest.mark.database

URL = "/admin/auth/user/add-reviewer/"
PASSWORD = {"new_password1": "a long password", "new_password2": "a long password"}


def add(client, username="dee"):
    """Add a reviewer, and return the path of the link."""
    html = client.post(URL, {"username": username}).content.decode()
    return re.search(r"http://testserver(/password/[^<]+)<", html)[1]


def test_link_sets_the_password_and_logs_in(reviewer_client):
    link = add(reviewer_client)
    user = User.objects.get(username="dee")
    assert user.is_staff
    assert [group.name for group in user.groups.all()] == ["Reviewers"]
    assert not user.has_usable_password()
    assert LogEntry.objects.latest("pk").change_message == "Added as a reviewer."

    dee = Visitor()
    form = dee.get(link, follow=True)
    response = dee.post(form.redirect_chain[-1][0], PASSWORD, follow=True)
    assert response.redirect_chain == [("/review/", 302)]
    assert response.status_code == 200
    assert User.objects.get(username="dee").check_password("a long password")
    assert "has expired or was already used" in Visitor().get(link).content.decode()


def test_lists_of_users_and_admin_index_link_to_it(reviewer_client):
    for url in ("/admin/", "/admin/auth/user/", "/review/agreement/"):
        assert f'href="{URL}"' in reviewer_client.get(url).content.decode()


def test_link_is_not_cached(reviewer_client):
    response = reviewer_client.post(URL, {"username": "dee"})
    assert "no-store" in response.headers["Cache-Control"]


def test_rejects_a_name_that_exists(reviewer_client):
    html = reviewer_client.post(URL, {"username": "rosa"}).content.decode()
    assert "A user with that username already exists." in html


def test_weak_password_is_rejected(reviewer_client):
    dee = Visitor()
    form = dee.get(add(reviewer_client), follow=True)
    weak = {"new_password1": "12345678", "new_password2": "12345678"}
    html = dee.post(form.redirect_chain[-1][0], weak).content.decode()
    assert "This password is too common." in html


@pytest.mark.parametrize("codenames", [[], ["add_user"], ["change_user"]])
def test_needs_the_permissions_to_add_and_change_users(django_user_model, codenames):
    user = django_user_model.objects.create_user("carl", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Visitor()
    client.force_login(user)
    assert client.post(URL, {"username": "dee"}).status_code == 403
    assert not User.objects.filter(username="dee").exists()
