"""The privacy page, the download of the visitor's data, and deletion before training."""

import base64
import json
import re
from functools import partial
from threading import BoundedSemaphore

from recognizer.api import heavy_work
from recognizer.models import Label, Submission
from recognizer.training.training_data import select
from recognizer.web import download_views
from tests.support.factories import Visitor, drawing_png
from tests.support.review_helpers import submissions

DOWNLOAD = "/mine/download/"


def test_draw_page_links_to_privacy_page(visitor):
    link = re.search(r'href="([^"]+)">Privacy<', visitor.get("/").content.decode())[1]
    page = visitor.get(link)
    assert page.status_code == 200
    assert "Your choices" in page.content.decode()


def test_privacy_page_links_to_all_own_data(visitor):
    first = visitor.submit_and_get(drawing_png(3), digit=3)
    submissions(250, owner=first.owner)  # more than a page of the API
    Visitor().submit_and_get()
    page = visitor.get("/privacy/").content.decode()
    link = re.search(r'href="([^"]+)">Download your data', page)[1]
    response = visitor.get(link)
    assert response.headers["Content-Disposition"].startswith("attachment")
    found = [json.loads(line) for line in response.getvalue().splitlines()]
    own = Submission.objects.owned_by(first.owner).oldest_first()
    assert [row["id"] for row in found] == [str(row.pk) for row in own]


def test_download_has_the_image_and_everything_that_the_api_returns(visitor):
    row = visitor.submit_and_get(drawing_png(7), digit=1, strokes="[[[1, 2, 3], [4, 5, 6]]]")
    (found,) = map(json.loads, visitor.get(DOWNLOAD).getvalue().splitlines())
    expected = visitor.get(f"/api/v1/submissions/{row.pk}/").json()
    image = visitor.get(expected["image"]).content
    assert found.pop("image") == f"data:image/png;base64,{base64.b64encode(image).decode()}"
    del expected["image"]
    assert found == expected
    assert found["strokes"]


def test_download_of_a_reviewer_has_only_own_drawings(visitor, reviewer_client):
    visitor.submit_and_get()
    assert reviewer_client.get(DOWNLOAD).getvalue() == b""


def test_download_of_a_new_visitor_is_empty(visitor):
    response = visitor.get(DOWNLOAD)
    assert (response.status_code, response.getvalue()) == (200, b"")
    assert not visitor.cookies


def test_downloads_count_against_the_quotas(visitor, settings):
    settings.QUOTAS = {"read": 2}
    responses = []
    for _ in range(3):
        responses.append(visitor.get(DOWNLOAD))
        responses[-1].getvalue()
    assert [response.status_code for response in responses] == [200, 200, 429]


def test_download_leaves_no_file_behind(visitor, settings):
    visitor.submit_and_get()
    visitor.get(DOWNLOAD).close()
    assert list(settings.DATA_DIR.iterdir()) == []


def test_download_without_room_for_the_file_is_a_503(visitor, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "missing"
    response = visitor.get(DOWNLOAD)
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")


def test_deleted_drawing_is_not_used_for_training(visitor, reviewer):
    row = visitor.submit_and_get()
    row.approve(reviewer, Label.SEVEN)
    assert len(select(include_pending=False).training) == 1
    assert visitor.delete(f"/api/v1/submissions/{row.id}/").status_code == 204
    assert select(include_pending=False).training == []
    assert not Submission.objects.exists()


def test_sets_no_session_cookie(visitor):
    visitor.get("/privacy/")
    assert "sessionid" not in visitor.cookies


def test_download_to_a_full_disk_is_a_503(visitor, monkeypatch):
    visitor.submit_and_get()
    # Every write to this device fails because there is no space left.
    monkeypatch.setattr(download_views, "_temporary_file", partial(open, "/dev/full", "w+b"))
    for _ in range(2):
        response = visitor.get(DOWNLOAD)
        assert (response.status_code, response.json()["code"]) == (503, "unavailable")


def test_each_owner_has_one_download_at_a_time(visitor):
    """A download takes room on the disk until the client has received it."""
    visitor.submit_and_get()
    first, second = (visitor.get(DOWNLOAD) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 429)
    assert Visitor().get(DOWNLOAD).status_code == 200  # at the same address
    first.getvalue()
    assert visitor.get(DOWNLOAD).status_code == 200


def test_failed_download_can_be_repeated(visitor, settings):
    settings.DATA_DIR = settings.DATA_DIR / "missing"
    assert [visitor.get(DOWNLOAD).status_code for _ in range(2)] == [503, 503]


def test_small_download_needs_no_free_place(visitor, monkeypatch):
    """Two large images and a long download are in progress."""
    visitor.submit_and_get()
    for name in ("_heavy_requests", "_download"):
        monkeypatch.setattr(heavy_work, name, BoundedSemaphore(1))
        getattr(heavy_work, name).acquire()
    assert visitor.get(DOWNLOAD).status_code == 200


def test_one_long_download_is_written_at_a_time(visitor, monkeypatch):
    monkeypatch.setattr(download_views, "MILLISECONDS_PER_ROW", heavy_work.HEAVY_MILLISECONDS)
    monkeypatch.setattr(heavy_work, "_download", BoundedSemaphore(1))
    visitor.submit_and_get()
    heavy_work._download.acquire()
    assert visitor.get(DOWNLOAD).status_code == 503
    heavy_work._download.release()
    assert visitor.get(DOWNLOAD).status_code == 200
