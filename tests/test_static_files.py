"""What templates name is there: a site with collected files answers 500 where one is missing."""

import re

import pytest
from django.contrib.staticfiles import finders
from site_under_test import ROOT

NAMED = {
    name
    for template in (ROOT / "templates").rglob("*.html")
    for name in re.findall(r"{% static ['\"]([^'\"]+)['\"] %}", template.read_text())
}


@pytest.mark.parametrize("name", sorted(NAMED))
def test_it_works(name):
    assert finders.find(name)
