"""All static files that templates name exist. In production, a missing one causes an error 500."""

import re

import pytest
from django.contrib.staticfiles import finders

from tests.support.live_site import ROOT

NAMES = {
    name
    for template in (ROOT / "templates").rglob("*.html")
    for name in re.findall(r"{% static ['\"]([^'\"]+)['\"] %}", template.read_text())
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_static_file_exists(name):
    assert finders.find(name)


def test_favicon_ico_leads_to_an_icon(client):
    response = client.get("/favicon.ico")
    assert response.status_code == 302
    assert finders.find("favicon.ico")
    assert re.fullmatch(r"/static/favicon(\.\w+)?\.ico", response["Location"])
