"""A visitor is told what is kept, gets all of it, and can delete it, so that nothing learns it."""

import re

from kit import Visitor, drawing

from recognizer.corrections import collect
from recognizer.models import Answer, Submission


def test_the_page_is_linked_where_one_draws(visitor):
    link = re.search(r'href="([^"]+)">What is kept, and why', visitor.get("/").content.decode())[1]
    page = visitor.get(link)
    assert page.status_code == 200
    assert "What you can do" in page.content.decode()


def test_what_it_links_to_is_all_that_is_ones_own(visitor):
    rows = [visitor.submitted(drawing(3, seed)) for seed in range(3)]
    Visitor().submitted()
    page = visitor.get("/privacy/").content.decode()
    link = re.search(r'href="([^"]+)">Get them as data', page)[1]
    found = visitor.get(link.replace("&amp;", "&")).json()["results"]
    assert {drawn["id"] for drawn in found} == {str(row.id) for row in rows}


def test_what_is_deleted_is_learned_no_more(visitor, reviewer):
    row = visitor.submitted()
    row.approve(reviewer, Answer.SEVEN)
    assert len(collect(include_pending=False).learned) == 1
    assert visitor.delete(f"/api/v1/submissions/{row.id}/").status_code == 204
    assert collect(include_pending=False).learned == []
    assert not Submission.objects.exists()


def test_reading_leaves_no_cookie_behind(visitor):
    visitor.get("/privacy/")
    assert "sessionid" not in visitor.cookies
