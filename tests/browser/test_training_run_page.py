"""The admin page of a training run shows its progress, with and without JavaScript."""

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from recognizer.models import RunState, TrainingRun
from tests.browser.conftest import TIMEOUT


@pytest.fixture
def run(db):
    return TrainingRun.objects.create(
        options={}, state=RunState.RUNNING, heartbeat_at=timezone.now()
    )


@pytest.fixture
def open_run(browser, site, run, reviewer):
    """Return a function that opens the run's page, logged in as a reviewer."""
    contexts, errors = [], []

    def open_(**options):
        client = Client()
        client.force_login(reviewer)
        context = browser.new_context(**options)
        contexts.append(context)
        context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site.url}]
        )
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.on("pageerror", lambda error: errors.append(error))
        page.goto(f"{site.url}/admin/recognizer/trainingrun/{run.pk}/change/")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not errors


def report_progress(run, share, sentence):
    run.heartbeat(
        progress={"epoch": 1, "epochs": 2, "share": share, "loss": 0.5, "seconds_left": 30},
        log=f"{sentence}\n",
    )


def test_updates_until_the_run_ends(open_run, run):
    page = open_run()
    bar = page.get_by_role("progressbar")
    expect(bar).not_to_have_attribute("value", "0.25")
    for share in (0.25, 0.5):
        report_progress(run, share, f"At {share}.")
        expect(bar).to_have_attribute("value", str(share))
        expect(page.get_by_role("status")).to_contain_text(f"Epoch 1 of 2, {share:.0%}")
        expect(page.locator(".log")).to_have_text(f"At {share}.")
    evaluation = [{"name": "mnist_test", "before": 0.99, "after": 0.991}]
    run.end(RunState.DONE, "Live. Not worse.", evaluation=evaluation)
    expect(page.get_by_text("Live. Not worse.")).to_be_visible()
    expect(page.get_by_role("cell", name="99.10%")).to_be_visible()
    expect(bar).to_have_count(0)


def test_cancels_the_run(open_run, run):
    page = open_run()
    page.get_by_role("button", name="Cancel this run").click()
    expect(page.get_by_text("The run stops within a minute.")).to_be_visible()
    run.refresh_from_db()
    assert run.cancelled_by == "rosa"


def test_reloads_without_javascript(open_run, run):
    page = open_run(java_script_enabled=False)
    report_progress(run, 0.25, "A quarter.")
    expect(page.get_by_text("Epoch 1 of 2, 25%")).to_be_visible()


def test_goes_to_the_login_page_after_logging_out_elsewhere(open_run, run, site):
    page = open_run()
    path = page.url.removeprefix(site.url)
    page.context.clear_cookies()
    expect(page).to_have_url(f"{site.url}/admin/login/?next={path}")


def test_shows_an_error_while_the_server_does_not_respond(open_run, run):
    page = open_run()
    page.route("**/progress/", lambda route: route.abort())
    expect(page.get_by_role("status")).to_contain_text("The server is not responding.")
    page.unroute("**/progress/")
    report_progress(run, 0.25, "A quarter.")
    expect(page.get_by_role("status")).to_contain_text("Epoch 1 of 2")
