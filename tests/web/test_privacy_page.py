"""The privacy page, the download of the visitor's data, and deletion before training."""

import re

from recognizer.models import Label, Submission
from recognizer.training.training_data import select
from tests.support.factories import Visitor, drawing_png


def test_draw_page_links_to_privacy_page(visitor):
    link = re.search(r'href="([^"]+)">Privacy<', visitor.get("/").content.decode())[1]
    page = visitor.get(link)
    assert page.status_code == 200
    assert "Your choices" in page.content.decode()


def test_privacy_page_links_to_all_own_data(visitor):
    rows = [visitor.submit_and_get(drawing_png(3, seed)) for seed in range(3)]
    Visitor().submit_and_get()
    page = visitor.get("/privacy/").content.decode()
    link = re.search(r'href="([^"]+)">Download your data', page)[1]
    found = visitor.get(link.replace("&amp;", "&")).json()["results"]
    assert {row["id"] for row in found} == {str(row.id) for row in rows}


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
