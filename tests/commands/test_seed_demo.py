"""`manage.py seed_demo`: every page of the seeded site has something to show."""

import re

import pytest
from django.core.management import CommandError, call_command

from recognizer.models import ModelVersion, Submission, VersionState
from tests.support.factories import Visitor

pytestmark = pytest.mark.database


def test_every_page_has_something_to_show(db, capsys):
    call_command("seed_demo")
    password = re.search(r"the password '(\w+)'", capsys.readouterr().out)[1]
    client = Visitor()
    assert client.login(username="demo", password=password)

    def html(url):
        response = client.get(url)
        assert response.status_code == 200
        return response.content.decode()

    assert html("/mine/").count("<img") >= 10
    assert "A program" in html("/keys/")
    dashboard = client.get("/review/dashboard/").context
    for name in (
        "chart",
        "versions",
        "confusions",
        "waiting",
        "needs_closer_look",
        "doubtful_labels",
    ):
        assert dashboard[name], name
    agreement = client.get("/review/agreement/").context
    assert all(agreement[name] for name in ("reviewers", "disagreements", "owners"))
    states = {version.number: version for version in ModelVersion.objects.all()}
    assert [states[number].state for number in (1, 2, 3)] == ["retired", "live", "rejected"]
    page = html(f"/admin/recognizer/modelversion/{states[3].pk}/change/")
    assert "held-out drawings" in page
    assert "The network is the base with the outputs for 1 and 7 exchanged." in page
    assert ModelVersion.objects.filter(state=VersionState.LIVE).count() == 1
    call_command("models", "verify")
    assert "ledger holds" not in capsys.readouterr().out


def test_refuses_a_site_with_data(visitor):
    visitor.submit_and_get()
    with pytest.raises(CommandError, match="This site has data: 1 drawings"):
        call_command("seed_demo")
    assert Submission.objects.count() == 1


def test_refuses_a_second_time(db):
    call_command("seed_demo")
    with pytest.raises(CommandError, match="This site has data"):
        call_command("seed_demo")
