"""No cache may store a page or a response that depends on the visitor."""

import re

import pytest
from django.urls import get_resolver

from tests.api.test_permissions import routes
from tests.support.factories import Visitor, client_with_key, drawing_png


def directives(response):
    return set(response["Cache-Control"].split(", "))


def test_no_cache_stores_a_page_of_a_reviewer(reviewer_client):
    paths = [path for path in routes(get_resolver()) if not re.search("[<(^$]", path)]
    for path in paths:
        response = reviewer_client.get(path)
        expected = {"no-store"} if path == "/metrics/" else {"private", "no-store"}
        assert expected <= directives(response), path


@pytest.mark.parametrize("path", ["/", "/mine/", "/api/v1/submissions/", "/nothing/"])
def test_no_cache_stores_a_page_of_a_visitor(visitor, path):
    visitor.submit()
    assert directives(visitor.get(path)) == {"private", "no-store"}


def test_no_cache_stores_a_response_to_a_write_or_an_error(visitor, reviewer):
    pk = visitor.submit().json()["id"]
    program = client_with_key(reviewer, "read", "submit")
    for response in (
        visitor.submit(drawing_png(3)),
        visitor.recognize(drawing_png(3)),
        visitor.correct(pk, 1),
        Visitor().get(f"/api/v1/submissions/{pk}/"),
        visitor.delete(f"/api/v1/submissions/{pk}/"),
        program.get("/api/v1/submissions/"),
    ):
        assert directives(response) == {"private", "no-store"}


def test_image_stays_in_the_cache_of_the_browser(visitor):
    image = visitor.get(visitor.submit().json()["image"])
    assert directives(image) == {"private", "max-age=31536000", "immutable"}
