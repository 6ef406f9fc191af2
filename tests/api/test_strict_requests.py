"""The API refuses what it would otherwise ignore: query parameters, authentication schemes."""

import json

import pytest

from tests.support.factories import Visitor, client_with_key, drawing_png


@pytest.mark.parametrize("path", ["submissions/", "models/"])
def test_refuses_an_unknown_parameter_of_a_list(visitor, path):
    response = visitor.get(f"/api/v1/{path}?color=red&page_size=3")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    ((name, [message]),) = response.json()["fields"].items()
    assert name == "color"
    assert "page_size" in message


@pytest.mark.parametrize("path", ["", "recognize/", "submissions/", "numbers/"])
def test_refuses_parameters_of_other_operations(visitor, path):
    method = visitor.post if path else visitor.get
    response = method(f"/api/v1/{path}?explain=true")
    assert list(response.json()["fields"]) == ["explain"]


def test_an_unknown_method_gets_405_despite_its_parameters(visitor):
    assert visitor.put("/api/v1/models/?color=red").status_code == 405


@pytest.mark.database
def test_does_not_delete_everything_when_the_request_has_a_filter(visitor):
    row = visitor.submit_and_get(drawing_png(3))
    assert visitor.delete("/api/v1/submissions/?digit=7").status_code == 400
    assert visitor.get(f"/api/v1/submissions/{row.id}/").status_code == 200


@pytest.mark.parametrize("header", ["Token x", "Basic YTpi", "x"])
@pytest.mark.parametrize("path", ["submissions/", "models/"])
def test_refuses_other_authentication_schemes(db, header, path):
    response = Visitor(headers={"Authorization": header}).get(f"/api/v1/{path}")
    assert (response.status_code, response.json()["code"]) == (401, "authentication_failed")
    assert "Bearer" in response.json()["detail"]
    assert response["WWW-Authenticate"] == "Bearer"


def test_the_scheme_may_be_in_any_case(db, django_user_model):
    client = client_with_key(django_user_model.objects.create_user("ana"), "read")
    key = client.defaults["HTTP_AUTHORIZATION"].split()[1]
    lower = Visitor(headers={"Authorization": f"bearer {key}"})
    assert lower.get("/api/v1/submissions/").status_code == 200


@pytest.mark.parametrize("path", ["recognize", "submissions", "numbers/recognize"])
def test_explains_a_missing_slash(visitor, path):
    response = visitor.post(f"/api/v1/{path}", "{}", content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert response.json()["detail"] == f"The path must end with a slash: /api/v1/{path}/"


def test_other_unknown_paths_need_no_slash(visitor):
    response = visitor.post("/api/v1/nothing")
    assert response.json() == {"code": "not_found", "detail": "Not found."}


def test_redirects_get_to_the_path_with_a_slash(visitor):
    response = visitor.get("/api/v1/models")
    assert (response.status_code, response["Location"]) == (301, "/api/v1/models/")


def test_refuses_a_chunked_body_that_the_server_does_not_decode(visitor):
    body = json.dumps({"strokes": [[[1, 2, 3]]]})
    response = visitor.post(
        "/api/v1/recognize/",
        body,
        content_type="application/json",
        CONTENT_LENGTH="",
        HTTP_TRANSFER_ENCODING="chunked",
    )
    assert (response.status_code, response.json()["code"]) == (411, "length_required")


def test_links_to_all_operations(visitor):
    links = visitor.get("/api/v1/").json()
    assert links["recognize"] == "http://testserver/api/v1/recognize/"
    for name, url in links.items():
        status = 405 if name.startswith("recognize") or name == "numbers" else 200
        assert visitor.get(url).status_code == status, name
