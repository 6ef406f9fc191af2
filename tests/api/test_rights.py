"""Compare what each user, and each key of the user, may do with the table in rights.txt.

One user, with one session and one key for each set of scopes, gets the flags and the permission of
each line in turn. So the test also shows that rights begin and end at once.
"""

import json
from itertools import chain, combinations
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from recognizer.models import Scope
from tests.support.factories import Visitor, client_with_key, drawing_png, upload

TABLE = Path(__file__).with_name("rights.txt")
LIST = "/api/v1/submissions/"
ADMIN = "/admin/recognizer/submission/"
FLAGS = ("is_active", "is_staff", "is_superuser")
SCOPE_SETS = list(chain(*(combinations(Scope.values, count) for count in range(4))))
KEYS = ["+".join(scopes) or "no_scope" for scopes in SCOPE_SETS]


class World:
    """A user with a session and keys, a submission of that user, and one of somebody else."""

    def __init__(self, users):
        self.user = users.create_user("ana")
        self.session = Visitor()
        self.session.force_login(self.user)
        self.keys = [client_with_key(self.user, *scopes) for scopes in SCOPE_SETS]
        self.own = self.session.submit_and_get(drawing_png(3))
        self.other = Visitor().submit_and_get(drawing_png(7), digit=7)
        self.rejection = {"review": "rejected", "shown": self.other.revision}

    def set_rights(self, permission, flags):
        """Give the user a permission (or the group Reviewers) and the flags."""
        self.user.groups.clear()
        self.user.user_permissions.clear()
        if permission == "Reviewers":
            self.user.groups.add(Group.objects.get(name="Reviewers"))
        elif permission != "none":
            codename = f"{permission}_submission"
            self.user.user_permissions.add(Permission.objects.get(codename=codename))
        for name, flag in zip(FLAGS, flags, strict=True):
            setattr(self.user, name, flag == "yes")
        self.user.save()

    def results(self):
        """Return the cells of the table's line for the present rights."""
        return [
            self.send(self.session, "/review/"),
            self.send(self.session, ADMIN),
            self.send(self.session, f"{ADMIN}{self.other.pk}/change/", self.rejection),
            self.send(self.session, "/metrics/"),
            self.send(self.session, "/keys/", {"name": "x", "scopes": ["review"], "lifetime": ""}),
            *(self.api(client) for client in (self.session, *self.keys)),
        ]

    def api(self, client):
        """Return what the API lists, and the statuses of an approval and of a new submission."""
        approval = self.send(client, f"{LIST}{self.other.pk}/approve/", {"digit": 7}, is_json=True)
        stored = self.send(client, LIST, {"image": upload(drawing_png(1))})
        return f"{self.listed(client)}/{approval}/{stored}"

    def listed(self, client):
        """Return whose submissions the API lists, or the status of the error."""
        page = copy(client).get(LIST)
        found = {row["id"] for row in page.json().get("results", [])}
        sees_other, sees_own = str(self.other.pk) in found, str(self.own.pk) in found
        detail = {
            copy(client).get(f"{LIST}{self.other.pk}/{path}").status_code for path in ("", "image/")
        }
        assert (detail == {200}) == sees_other
        if page.status_code != 200:
            return str(page.status_code)
        return "all" if sees_other else "own" if sees_own else "none"

    def send(self, client, path, body=None, is_json=False):
        """Send a GET or, with a body, a POST, and undo its changes. Return the result."""
        with transaction.atomic():
            if body is None:
                response = copy(client).get(path)
            elif is_json:
                response = copy(client).post(path, json.dumps(body), "application/json")
            else:
                response = copy(client).post(path, body)
            transaction.set_rollback(True)
        is_login = "/login/?next=" in response.get("Location", "")
        return "in" if is_login else str(response.status_code)


def copy(client):
    """Return a client with the same session or key. Responses do not change the original."""
    same = Visitor()
    same.defaults.update(client.defaults)
    same.cookies.update(client.cookies)
    return same


@pytest.mark.slow
def test_rights_of_every_user_and_key_match_the_table(django_user_model, db):
    world = World(django_user_model.objects)
    header, *lines = (
        line.split() for line in TABLE.read_text().splitlines() if not line.startswith("#")
    )
    columns = ["review", "admin", "edit", "metrics", "new_key", "session", *KEYS]
    assert header == ["permission", "active", "staff", "superuser", *columns]
    assert len(lines) == len({tuple(line[:4]) for line in lines}) == 4 * 2**3
    wrong = []
    for line in lines:
        world.set_rights(line[0], line[1:4])
        found = line[:4] + world.results()
        if found != line:
            wrong.append(" ".join(found))
    print(*wrong, sep="\n")
    assert wrong == []
