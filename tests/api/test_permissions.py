"""Compare the response to each URL, method and role with the table in permissions.txt."""

import json
import re
from pathlib import Path

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.urls.resolvers import URLResolver

from recognizer import audit
from recognizer.accounts.api_keys import create_key
from recognizer.models import ApiKey, RunState, Scope, TrainingRun
from recognizer.serving.model_registry import live_version
from tests.support.factories import (
    Visitor,
    client_with_key,
    create_version,
    drawing_png,
    promotion_form,
    upload,
)

TABLE = Path(__file__).with_name("permissions.txt")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ROLES = ("visitor", "owner", "stranger", "key", "staff", "reviewer", "superuser")


class World:
    """A user in each role, and an object of each model."""

    def __init__(self, users):
        self.clients = {}
        self.owner = users.create_user("ana")
        self.stranger = users.create_user("bo")
        self.staff = users.create_user("cy", is_staff=True)
        self.reviewer = users.create_user("dee", is_staff=True)
        self.group = Group.objects.get(name="Reviewers")
        self.reviewer.groups.add(self.group)
        self.superuser = users.create_superuser("eve")
        self.submission = self.client("owner").submit_and_get(drawing_png(7), digit=7)
        self.corrected_at = self.submission.corrected_at.isoformat()
        self.apikey, _ = create_key(self.owner, "ana's", Scope.values, by=self.owner)
        self.modelversion = create_version(live_version())
        self.promotion = promotion_form(self.modelversion)
        self.trainingrun = TrainingRun.objects.create(options={}, state=RunState.DONE)
        audit.record(self.superuser, self.apikey, CHANGE, "Viewed.")
        self.logentry = LogEntry.objects.first()
        self.user = self.stranger
        for role in ROLES:
            self.client(role)

    def client(self, role):
        """Return a new client in the role. Logging in is slow, so each role logs in only once."""
        if role not in self.clients:
            self.clients[role] = self.log_in(role)
        logged_in, client = self.clients[role], Visitor()
        client.defaults.update(logged_in.defaults)
        client.cookies.update(logged_in.cookies)
        return client

    def log_in(self, role):
        if role == "key":
            return client_with_key(self.superuser)
        client = Visitor()
        if role != "visitor":
            client.force_login(getattr(self, role))
        return client

    def path(self, route):
        """Return a URL of the route, for the objects of this world."""
        model = re.match(r"/admin/(?:recognizer|auth|admin)/(\w+)/", route)
        row = getattr(self, model[1]) if model else self.apikey
        for placeholder, value in {
            "<uuid:public_id>": self.apikey.public_id,
            "<uuid:id>": self.submission.pk,
            "<uidb64>": "x",
            "<token>": "x",
            "<int:number>": self.modelversion.number,
            "<int:label>": 7,
            "<int:predicted>": 7,
            "<int:pk>": row.pk,
            "<id>": row.pk,
            "<path:object_id>": row.pk,
            "<path:content_type_id>": ContentType.objects.get_for_model(ApiKey).pk,
            "^(?P<app_label>recognizer|admin|auth)/$": "recognizer/",
            "(?P<url>.*)$": "nowhere/",
        }.items():
            route = route.replace(placeholder, str(value))
        assert not re.search("[<(^$]", route), f"path() has no value for {route}"
        return route

    def body(self, route):
        """Return the form of a POST to the route. The default confirms a deletion in the admin."""
        image, row = {"image": upload(drawing_png(3))}, self.submission.pk
        return {
            "/mine/<uuid:id>/correction/": {"label": 1},
            "/keys/": {"name": "x", "scopes": ["read"], "lifetime": "30"},
            "/language/": {"language": "fr"},
            "/review/decide/": {
                "id": row,
                "action": "reject",
                "corrected_at": self.corrected_at,
            },
            "/review/bulk/<int:label>/": {
                "shown": f"{row}={self.corrected_at}",
                "excluded_action": "flag",
            },
            "/api/v1/recognize/": image,
            "/api/v1/numbers/": image,
            "/api/v1/numbers/recognize/": image,
            "/api/v1/pages/recognize/": image,
            "/api/v1/submissions/": image,
            "/admin/auth/group/add/": {"name": "x"},
            "/admin/auth/user/add-reviewer/": {"username": "x"},
            "/admin/auth/user/add/": {"username": "x", "usable_password": "false"},
            "/admin/recognizer/modelversion/<int:pk>/promote/": self.promotion,
            "/admin/recognizer/trainingrun/add/": {"seed": 1},
            "/admin/recognizer/submission/download/": {"format": "npz"},
            "/admin/recognizer/submission/": {
                "action": "reject",
                "_selected_action": row,
                "label": "",
            },
            "/admin/recognizer/submission/<path:object_id>/change/": {
                "review": "rejected",
                "shown": self.submission.revision,
            },
        }.get(route, {"post": "yes"})

    def json(self, route):
        """Return the JSON that the route needs instead of a form, or None."""
        return {
            "/api/v1/recognize/batch/": {"images": []},
            "/api/v1/submissions/<uuid:id>/correction/": {"digit": 1},
            "/api/v1/submissions/<uuid:id>/approve/": {"digit": 7},
            "/api/v1/submissions/<uuid:id>/reject/": {"corrected_at": self.corrected_at},
        }.get(route)

    def results(self, method, route):
        return tuple(self.result(role, method, route) for role in ROLES)

    def result(self, role, method, route):
        """Send a request and undo its changes. Return the table's entry for the response."""
        with transaction.atomic():
            client, path = self.client(role), self.path(route)
            with CaptureQueriesContext(connection) as queries:
                if method != "POST":
                    response = client.generic(method, path)
                elif data := self.json(route):
                    response = client.post(path, json.dumps(data), content_type="application/json")
                else:
                    response = client.post(path, self.body(route))
            if response.streaming:
                response.getvalue()  # An owner has one download at a time.
            transaction.set_rollback(True)
        location = response.get("Location", "")
        if response.status_code == 302 and "/login/?next=" in location:
            return "in"
        wrote = any(map(is_write, queries))
        return f"{response.status_code}{'!' * wrote}"


def is_write(query):
    """Return whether the query changes data. Writes to sessions do not count."""
    return re.match("INSERT|UPDATE|DELETE", query["sql"]) and "django_session" not in query["sql"]


def routes(resolver, prefix="/"):
    """Yield the route of every view."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            yield route


def table_lines(route, results):
    """Yield the table's lines for a route and {method: results}.

    Methods with the same results share a line. The largest group is called "others", or "all" if
    it contains all methods.
    """
    groups = {}
    for method, result in results.items():
        groups.setdefault(result, []).append(method)
    largest = max(groups, key=lambda result: len(groups[result]))
    for result, methods in groups.items():
        if result != largest:
            yield [route, ",".join(methods), *result]
    yield [route, "others" if len(groups) > 1 else "all", *largest]


@pytest.mark.slow
def test_every_response_matches_the_table(django_user_model, db, settings):
    settings.QUOTAS = {}  # All these requests could use up the processor time of a client.
    world = World(django_user_model.objects)
    found = []
    for route in routes(get_resolver()):
        results = {method: world.results(method, route) for method in METHODS}
        found += [" ".join(line) for line in table_lines(route, results)]
    rows = [line.split() for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    assert rows[0] == ["route", "methods", *ROLES]
    table = [" ".join(line) for line in rows[1:]]
    assert [line for line in found if line not in table] == []
    assert [line for line in table if line not in found] == []


@pytest.mark.database
def test_user_with_audit_entries_cannot_be_deleted(reviewer_client, reviewer):
    audit.record(reviewer, reviewer, CHANGE, "Viewed.")
    page = reviewer_client.post(f"/admin/auth/user/{reviewer.pk}/delete/", {"post": "yes"})
    assert page.status_code == 403
    assert LogEntry.objects.filter(user=reviewer).exists()
