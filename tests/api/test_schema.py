"""The OpenAPI schema, its docs page, and the endpoints for model versions."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from digitsite.urls import urlpatterns
from tests.support.factories import drawing_png


def test_schema_is_valid_and_complete(capsys):
    schema = SchemaGenerator(patterns=urlpatterns).get_schema(request=None, public=True)
    validate_schema(schema)
    # drf-spectacular writes its warnings to stderr.
    assert capsys.readouterr().err == ""
    assert set(schema["paths"]) == {
        "/api/v1/",
        "/api/v1/recognize/",
        "/api/v1/numbers/",
        "/api/v1/numbers/recognize/",
        "/api/v1/pages/recognize/",
        "/api/v1/recognize/batch/",
        "/api/v1/submissions/",
        "/api/v1/submissions/{id}/",
        "/api/v1/submissions/{id}/approve/",
        "/api/v1/submissions/{id}/correction/",
        "/api/v1/submissions/{id}/image/",
        "/api/v1/submissions/{id}/reject/",
        "/api/v1/models/",
        "/api/v1/models/{number}/",
    }
    body = schema["paths"]["/api/v1/submissions/"]["post"]["requestBody"]["content"]
    assert set(body) == {"multipart/form-data", "application/json"}
    assert schema["paths"]["/api/v1/recognize/"]["post"]["requestBody"]["required"]


def test_responses_have_the_fields_of_the_schema(visitor):
    schemas = SchemaGenerator(patterns=urlpatterns).get_schema(request=None, public=True)[
        "components"
    ]["schemas"]
    assert set(visitor.recognize(drawing_png()).json()) == set(
        schemas["PredictionResult"]["properties"]
    )
    submission = visitor.submit().json()
    assert set(submission) == set(schemas["StoredSubmission"]["properties"])
    with_strokes = visitor.get(f"/api/v1/submissions/{submission['id']}/").json()
    assert set(with_strokes) == set(schemas["SubmissionWithStrokes"]["properties"])
    version = visitor.get("/api/v1/models/1/").json()
    assert set(version) == set(schemas["ModelVersion"]["properties"])


def test_docs_page_loads_nothing_from_other_sites(visitor):
    assert visitor.get("/api/v1/schema/").status_code == 200
    page = visitor.get("/api/v1/docs/").content.decode()
    assert "swagger-ui" in page
    assert '<a href="/">← digitsite</a>' in page
    assert "//" not in page.replace("<!-- ", "").replace("http://testserver", "")


def test_lists_model_versions(visitor):
    visitor.submit()
    listed = visitor.get("/api/v1/models/").json()["results"]
    assert [(version["number"], version["state"]) for version in listed] == [(1, "live")]
    assert listed[0] == visitor.get("/api/v1/models/1/").json()
    assert listed[0]["card"]["sha256"] == listed[0]["sha256"]


@pytest.mark.parametrize("path", ["models/2/", "models/x/", "nothing/"])
def test_returns_404_for_unknown_paths(visitor, path):
    assert visitor.get(f"/api/v1/{path}").status_code == 404


def test_model_versions_are_read_only(visitor):
    visitor.submit()
    for method in (visitor.post, visitor.put, visitor.patch, visitor.delete):
        assert method("/api/v1/models/1/").status_code == 405


def test_simultaneous_requests_get_the_same_schema():
    from recognizer.api import schema_view

    schema_view._render.cache_clear()
    with ThreadPoolExecutor(8) as threads:
        paths = ["/api/v1/schema/?format=json"] * 8
        responses = list(threads.map(lambda path: Client().get(path), paths))
    assert {response.status_code for response in responses} == {200}
    assert len({response.content for response in responses}) == 1


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("yaml", "application/vnd.oai.openapi; charset=utf-8"),
        ("json", "application/vnd.oai.openapi+json"),
    ],
)
def test_content_type_names_only_a_charset_that_exists(visitor, name, content_type):
    response = visitor.get("/api/v1/schema/", {"format": name})
    assert response["Content-Type"] == content_type


def test_describes_the_schema_in_each_language(visitor):
    texts = [
        visitor.get("/api/v1/schema/", {"lang": code}).content.decode()
        for code, _ in settings.LANGUAGES
    ]
    assert len(set(texts)) == len(settings.LANGUAGES)
    assert all(text.startswith("openapi: 3") for text in texts)


def test_refuses_a_schema_in_an_unknown_language(visitor):
    """The server remembers each schema, so a client must not invent languages."""
    for code in ("xx", "de-x1", "..", "x" * 500):
        response = visitor.get("/api/v1/schema/", {"lang": code})
        assert response.status_code == 400
        assert response.json()["fields"]["lang"] == [
            "Unknown language. There are: en, es, fr, zh-hans."
        ]
