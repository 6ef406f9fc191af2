"""Error responses of the API have the same form, even if no view handled the request."""

import jsonschema
import pytest
from django.urls import path
from drf_spectacular.generators import SchemaGenerator

from digitsite import urls
from recognizer.api.exceptions import CODES
from tests.support.factories import Visitor


def crashing_view(request):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("method", "url", "status", "code"),
    [
        ("get", "nothing/", 404, "not_found"),
        ("get", "models/x/", 404, "not_found"),
        ("get", "submissions/not-a-uuid/", 404, "not_found"),
        ("put", "recognize/", 405, "method_not_allowed"),
    ],
)
def test_error_has_code_and_detail(visitor, method, url, status, code):
    response = getattr(visitor, method)(f"/api/v1/{url}")
    assert response.status_code == status == CODES[code][0]
    assert set(response.json()) == {"code", "detail"}
    assert response.json()["code"] == code


INVALID_REQUESTS = {
    "cursor": ("get", "submissions/?cursor=zzz", {}),
    "page_size": ("get", "submissions/?page_size=0", {}),
    "color": ("get", "submissions/?color=red", {}),
    "digit": ("get", "submissions/?digit=11", {}),
    "lang": ("get", "schema/?lang=xx", {}),
    "source": ("post", "recognize/", {"data": {"source": "x"}}),
    "images": ("post", "recognize/batch/", {"data": {"images": [1]}}),
    "non_field_errors": ("post", "recognize/batch/", {"data": [1]}),
    "Idempotency-Key": (
        "post",
        "submissions/",
        {
            "data": {"strokes": [[[10, 10, 0], [90, 90, 50]]]},
            "headers": {"Idempotency-Key": "two words"},
        },
    ),
}


@pytest.mark.parametrize("field", INVALID_REQUESTS)
def test_fields_of_an_error_match_the_schema(visitor, field):
    method, url, options = INVALID_REQUESTS[field]
    send = getattr(visitor, method)
    response = send(f"/api/v1/{url}", content_type="application/json", **options)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    fields = response.json()["fields"]
    assert field in fields
    schema = SchemaGenerator(patterns=urls.urlpatterns).get_schema(request=None, public=True)
    described = schema["components"]["schemas"]["Error"]["properties"]["fields"]
    assert "oneOf" in described["additionalProperties"]
    jsonschema.validate(fields, described)


def test_rejects_a_missing_csrf_token(reviewer):
    client = Visitor(enforce_csrf_checks=True)
    client.force_login(reviewer)
    response = client.submit()
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


def test_crash_returns_server_error(db, monkeypatch, settings):
    settings.ROOT_URLCONF = __name__
    response = Visitor(raise_request_exception=False).get("/api/v1/broken/")
    assert (response.status_code, response.json()["code"]) == (500, "server_error")


def test_other_paths_return_html(visitor):
    assert b"<html" in visitor.get("/nothing/").content


urlpatterns = [path("api/v1/broken/", crashing_view), *urls.urlpatterns]
handler500 = urls.handler500
