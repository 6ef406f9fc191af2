"""Every URL × method × role: who may do what. A route that is not in permissions.txt fails."""

import json
import re
from pathlib import Path

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.urls.resolvers import URLResolver
from kit import Visitor, drawing, key_of, new_version, upload

from recognizer import audit
from recognizer.keys import Key, Scope, make
from recognizer.models import RunState, TrainingRun
from recognizer.registry import live_version

TABLE = Path(__file__).with_name("permissions.txt")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ROLES = ("visitor", "owner", "stranger", "key", "staff", "reviewer", "superuser")


class World:
    """Somebody in each role, and a row of each kind."""

    def __init__(self, users):
        self.clients = {}
        self.owner = users.create_user("ana")
        self.stranger = users.create_user("bo")
        self.staff = users.create_user("cy", is_staff=True)
        self.reviewer = users.create_user("dee", is_staff=True)
        self.group = Group.objects.get(name="Reviewers")
        self.reviewer.groups.add(self.group)
        self.superuser = users.create_superuser("eve")
        self.submission = self.client("owner").submitted(drawing(7), digit=7)
        self.key, _ = make(self.owner, "ana's", Scope.values, by=self.owner)
        self.modelversion = new_version(live_version())
        self.trainingrun = TrainingRun.objects.create(options={}, state=RunState.DONE)
        audit.note(self.superuser, self.key, CHANGE, "Looked at.")
        self.logentry = LogEntry.objects.first()
        self.user = self.stranger
        for role in ROLES:
            self.client(role)

    def client(self, role):
        """A browser, or the program with the key; logged in once, which takes its time."""
        if role not in self.clients:
            self.clients[role] = self.new_client(role)
        known, client = self.clients[role], Visitor()
        client.defaults.update(known.defaults)
        client.cookies.update(known.cookies)
        return client

    def new_client(self, role):
        if role == "key":
            return key_of(self.superuser)
        client = Visitor()
        if role != "visitor":
            client.force_login(getattr(self, role))
        return client

    def path(self, route):
        """An address that the route leads to, of the rows of this world."""
        kind = re.match(r"/admin/(?:recognizer|auth|admin)/(\w+)/", route)
        row = getattr(self, kind[1]) if kind else self.key
        for placeholder, value in {
            "<uuid:public_id>": self.key.public_id,
            "<uuid:id>": self.submission.pk,
            "<int:number>": self.modelversion.number,
            "<int:answer>": 7,
            "<int:label>": 7,
            "<int:pk>": row.pk,
            "<id>": row.pk,
            "<path:object_id>": row.pk,
            "<path:content_type_id>": ContentType.objects.get_for_model(Key).pk,
            "^(?P<app_label>auth|recognizer|admin)/$": "recognizer/",
            "(?P<url>.*)$": "nowhere/",
        }.items():
            route = route.replace(placeholder, str(value))
        assert not re.search("[<(^$]", route), f"path() has no value for {route}"
        return route

    def body(self, route):
        """What a POST sends, so that it does something where it is let in."""
        picture, row = {"image": upload(drawing(3))}, self.submission.pk
        return {
            "/keys/": {"name": "x", "scopes": ["read"], "lifetime": "30"},
            "/language/": {"language": "fr"},
            "/desk/decide/": {"id": row, "verb": "reject"},
            "/desk/grid/<int:answer>/": {"shown": row},
            "/api/v1/recognize/": picture,
            "/api/v1/numbers/": picture,
            "/api/v1/numbers/recognize/": picture,
            "/api/v1/submissions/": picture,
            "/admin/auth/group/add/": {"name": "x"},
            "/admin/auth/user/add/": {"username": "x", "usable_password": "false"},
            "/admin/recognizer/key/add/": {"user": self.owner.pk, "name": "x", "scopes": "read"},
            "/admin/recognizer/trainingrun/add/": {"seed": 1},
            "/admin/recognizer/submission/": {
                "action": "reject",
                "_selected_action": row,
                "label": "",
            },
            "/admin/recognizer/submission/<path:object_id>/change/": {"review": "rejected"},
        }.get(route, {"post": "yes"})

    def json(self, route):
        return {
            "/api/v1/recognize/batch/": {"images": []},
            "/api/v1/submissions/<uuid:id>/correction/": {"digit": 1},
            "/api/v1/submissions/<uuid:id>/approve/": {"digit": 7},
        }.get(route)

    def answers(self, method, route):
        return tuple(self.answer(role, method, route) for role in ROLES)

    def answer(self, role, method, route):
        """In the table's form; the world is as it was afterwards."""
        with transaction.atomic():
            client, path = self.client(role), self.path(route)
            with CaptureQueriesContext(connection) as queries:
                if method != "POST":
                    response = client.generic(method, path)
                elif said := self.json(route):
                    response = client.post(path, json.dumps(said), content_type="application/json")
                else:
                    response = client.post(path, self.body(route))
            transaction.set_rollback(True)
        where = response.get("Location", "")
        if response.status_code == 302 and "/login/?next=" in where:
            return "in"
        wrote = any(map(writes, queries))
        return f"{response.status_code}{'!' * wrote}"


def writes(query):
    """Sessions aside: whoever comes may have one."""
    return re.match("INSERT|UPDATE|DELETE", query["sql"]) and "django_session" not in query["sql"]


def routes(resolver, before="/"):
    """Every pattern that leads to a view."""
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            yield route


def lines(route, answers):
    """{method: answers} as in the table: methods with the same answers share a line."""
    alike = {}
    for method, given in answers.items():
        alike.setdefault(given, []).append(method)
    most = max(alike, key=lambda given: len(alike[given]))
    for given, methods in alike.items():
        if given != most:
            yield [route, ",".join(methods), *given]
    yield [route, "others" if len(alike) > 1 else "all", *most]


def test_it_is_as_the_table_says(django_user_model, db):
    world = World(django_user_model.objects)
    found = []
    for route in routes(get_resolver()):
        answers = {method: world.answers(method, route) for method in METHODS}
        found += [" ".join(line) for line in lines(route, answers)]
    said = [line.split() for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    assert said[0] == ["route", "methods", *ROLES]
    table = [" ".join(line) for line in said[1:]]
    assert [line for line in found if line not in table] == []
    assert [line for line in table if line not in found] == []


def test_who_left_a_trail_cannot_be_deleted(desk, reviewer):
    audit.note(reviewer, reviewer, CHANGE, "Looked at.")
    page = desk.post(f"/admin/auth/user/{reviewer.pk}/delete/", {"post": "yes"})
    assert page.status_code == 403
    assert LogEntry.objects.filter(user=reviewer).exists()
