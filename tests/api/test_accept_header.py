"""The `Accept` header: files are sent whatever it says, and other responses are JSON or a 406."""

from uuid import uuid4

import pytest

from tests.support.factories import drawing_png

pytestmark = pytest.mark.database


@pytest.mark.parametrize("accept", ["image/png", "image/*", "text/html", "*/*"])
def test_sends_the_image(visitor, accept):
    url = f"/api/v1/submissions/{visitor.submit_and_get(drawing_png(7)).pk}/image/"
    response = visitor.get(url, headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "image/png")


def test_sends_the_download(visitor):
    visitor.submit_and_get(drawing_png(7))
    response = visitor.get("/mine/download/", headers={"Accept": "application/x-ndjson"})
    assert response.status_code == 200
    response.close()


def test_error_instead_of_an_image_is_json(visitor):
    url = f"/api/v1/submissions/{uuid4()}/image/"
    response = visitor.get(url, headers={"Accept": "image/png"})
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_refuses_to_send_html(visitor):
    response = visitor.get("/api/v1/submissions/", headers={"Accept": "text/html"})
    assert response.status_code == 406
    assert response.json()["code"] == "not_acceptable"


def test_schema_has_the_refusal(visitor):
    schema = visitor.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()
    assert "406" in schema["paths"]["/api/v1/submissions/"]["get"]["responses"]
