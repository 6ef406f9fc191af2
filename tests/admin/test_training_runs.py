"""Starting, watching and cancelling training runs in the admin."""

from dataclasses import asdict
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from recognizer.models import Label, RunState, TrainingRun
from recognizer.serving import model_registry
from recognizer.training import run_queue
from recognizer.training.retraining import Options
from tests.support.factories import Visitor, drawing_png

pytestmark = pytest.mark.database

LIST = "/admin/recognizer/trainingrun/"
START = f"{LIST}add/"
DEFAULTS = {"from_scratch": "", "epochs": "", "seed": "1"}


@pytest.fixture
def approved(visitor, reviewer):
    row = visitor.submit_and_get(drawing_png(4, seed=9), digit=4)
    row.approve(reviewer, Label.FOUR)


def create_run(**fields):
    return TrainingRun.objects.create(requested_by="rosa", options=asdict(Options()), **fields)


def page_url(run):
    return f"{LIST}{run.pk}/change/"


def seconds_ago(seconds):
    return timezone.now() - timedelta(seconds=seconds)


def client_with_permissions(django_user_model, *codenames):
    user = django_user_model.objects.create_user("carl", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Visitor()
    client.force_login(user)
    return client


def test_start_stores_and_queues_run(approved, reviewer_client):
    html = reviewer_client.get(START).content.decode()
    assert "instead of version 1" in html
    assert '<th scope="row">drawings to train on</th><td>1</td>' in html
    assert "There are no new drawings" not in html
    response = reviewer_client.post(START, DEFAULTS, follow=True)
    run = TrainingRun.objects.get()
    assert response.redirect_chain == [(page_url(run), 302)]
    assert (run.requested_by, run.state, run.options) == (
        "rosa",
        RunState.WAITING,
        asdict(Options()),
    )
    assert run_queue.next_run() == run
    assert "Waiting for a worker." in response.content.decode()


def test_stores_chosen_options(db, reviewer_client):
    reviewer_client.post(
        START, {"from_scratch": "yes", "epochs": "3", "seed": "7", "dry_run": "on"}
    )
    options = Options(**TrainingRun.objects.get().options)
    assert options == Options(from_scratch=True, epochs=3, seed=7, dry_run=True)
    assert "from scratch, epochs 3, seed 7, dry run" in reviewer_client.get(LIST).content.decode()


@pytest.mark.parametrize(
    "invalid", [{"seed": "-1"}, {"seed": ""}, {"epochs": "0"}, {"epochs": "x"}]
)
def test_rejects_invalid_options(db, reviewer_client, invalid):
    response = reviewer_client.post(START, DEFAULTS | invalid)
    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert not TrainingRun.objects.exists()


def test_without_new_corrections_says_what_to_do(db, reviewer_client):
    html = reviewer_client.get(START).content.decode()
    assert "Nothing approved yet." in html
    assert "/admin/recognizer/submission/?review__exact=pending" in html


@pytest.mark.parametrize("state", [RunState.WAITING, RunState.RUNNING])
def test_only_one_unfinished_run_at_a_time(db, reviewer_client, state):
    run = create_run(state=state, heartbeat_at=timezone.now())
    for response in (
        reviewer_client.get(START, follow=True),
        reviewer_client.post(START, DEFAULTS, follow=True),
    ):
        assert response.redirect_chain == [(page_url(run), 302)]
        assert f"training run {run.pk} is not finished" in response.content.decode()
    assert TrainingRun.objects.count() == 1


def test_stale_run_does_not_block_new_one(db, reviewer_client):
    create_run(state=RunState.RUNNING, heartbeat_at=seconds_ago(61))
    assert reviewer_client.get(START).status_code == 200
    reviewer_client.post(START, DEFAULTS)
    assert run_queue.next_run().state == RunState.WAITING


def test_shows_progress_of_running_run(db, reviewer_client):
    progress = {"epoch": 1, "epochs": 2, "share": 0.25, "loss": 0.5, "seconds_left": 30.2}
    run = create_run(
        state=RunState.RUNNING, heartbeat_at=timezone.now(), progress=progress, log="Training ..."
    )
    html = reviewer_client.get(page_url(run)).content.decode()
    assert "Epoch 1 of 2, 25%, loss 0.500, about 30 s left" in html
    assert '<progress aria-label="Progress" value="0.2500">' in html
    assert "Training ..." in html
    assert 'type="module"' in html
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in html
    assert "Running, 25%" in reviewer_client.get(LIST).content.decode()
    assert reviewer_client.get(f"{LIST}{run.pk}/progress/").json() == {
        "state": "running",
        "share": 0.25,
        "message": "Epoch 1 of 2, 25%, loss 0.500, about 30 s left",
        "log": "Training ...",
    }


@pytest.mark.parametrize(
    ("created", "heartbeat", "fields", "message"),
    [
        (1, None, {}, "Waiting for a worker."),
        (45, None, {}, "No worker has started it for 45 s. Start one with"),
        (45, 1, {"state": RunState.RUNNING}, "Selecting approved drawings"),
        (45, 300, {"state": RunState.RUNNING}, "No heartbeat for 5 min"),
        (
            45,
            1,
            {"state": RunState.RUNNING, "cancelled_by": "carl"},
            "Cancelled by carl. The run stops",
        ),
        (45, 1, {"state": RunState.FAILED, "reason": "There is no MNIST."}, "There is no MNIST."),
    ],
)
def test_describes_progress(db, reviewer_client, created, heartbeat, fields, message):
    run = create_run(
        created=seconds_ago(created), heartbeat_at=heartbeat and seconds_ago(heartbeat), **fields
    )
    assert message in reviewer_client.get(f"{LIST}{run.pk}/progress/").json()["message"]
    assert message in reviewer_client.get(page_url(run)).content.decode()


def test_waiting_run_names_running_run(db, reviewer_client):
    other = create_run(state=RunState.RUNNING, heartbeat_at=timezone.now())
    run = create_run(created=seconds_ago(45))
    assert (
        f"Waiting for training run {other.pk} to finish."
        in reviewer_client.get(page_url(run)).content.decode()
    )


def test_finished_run_shows_version_and_scores(db, reviewer_client):
    version = model_registry.live_version()
    evaluation = [
        {"name": "mnist_test", "before": 0.99, "after": 0.991},
        {"name": "held_out_corrections", "before": None, "after": None},
    ]
    run = create_run(
        state=RunState.DONE, version=version, evaluation=evaluation, reason="Live. Not worse."
    )
    html = reviewer_client.get(page_url(run)).content.decode()
    link = f'<a href="/admin/recognizer/modelversion/{version.pk}/change/">version 1</a>'
    assert link in html
    assert link in reviewer_client.get(LIST).content.decode()
    assert '<th scope="row">mnist test</th><td></td><td></td><td>99.00%</td><td>99.10%</td>' in html
    assert "<td>no drawings</td>" in html
    assert not any(
        word in html for word in ("<progress", 'type="module"', "http-equiv", "/cancel/")
    )


def test_cancel_running_run(db, reviewer_client, reviewer):
    run = create_run(state=RunState.RUNNING, heartbeat_at=timezone.now())
    cancel = f"{LIST}{run.pk}/cancel/"
    assert f'action="{cancel}"' in reviewer_client.get(page_url(run)).content.decode()
    html = reviewer_client.post(cancel, follow=True).content.decode()
    assert "Cancelled by rosa. The run stops" in html
    assert cancel not in html
    run.refresh_from_db()
    assert (run.state, run.cancelled_by) == (RunState.RUNNING, "rosa")
    assert LogEntry.objects.get().change_message == "Cancelled."
    assert reviewer_client.get(cancel).status_code == 405


def test_cancel_waiting_run(db, reviewer_client):
    run = create_run()
    reviewer_client.post(f"{LIST}{run.pk}/cancel/")
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert reviewer_client.get(START).status_code == 200


def test_cancelling_ended_run_shows_warning_and_stores_no_entry(db, reviewer_client):
    run = create_run(state=RunState.DONE)
    html = reviewer_client.post(f"{LIST}{run.pk}/cancel/", follow=True).content.decode()
    assert "The run has already ended." in html
    run.refresh_from_db()
    assert (run.state, run.cancelled_by) == (RunState.DONE, "")
    assert not LogEntry.objects.exists()


def test_cancelling_twice_stores_one_entry(db, reviewer_client):
    run = create_run(state=RunState.RUNNING, heartbeat_at=timezone.now())
    for _ in range(2):
        html = reviewer_client.post(f"{LIST}{run.pk}/cancel/", follow=True).content.decode()
        assert "The run has already ended." not in html
    assert LogEntry.objects.count() == 1


def test_empty_list_says_what_to_do(db, reviewer_client):
    assert "There are no training runs yet." in reviewer_client.get(LIST).content.decode()
    create_run()
    assert "There are no training runs yet." not in reviewer_client.get(LIST).content.decode()


def test_view_permission_allows_only_viewing(db, django_user_model):
    run, client = create_run(), client_with_permissions(django_user_model, "view_trainingrun")
    assert START not in client.get(LIST).content.decode()
    assert "/cancel/" not in client.get(page_url(run)).content.decode()
    assert client.get(f"{LIST}{run.pk}/progress/").status_code == 200
    assert client.post(f"{LIST}{run.pk}/cancel/").status_code == 403
    assert client.get(START).status_code == client.post(START, DEFAULTS).status_code == 403
    assert TrainingRun.objects.get().state == RunState.WAITING


def test_add_permission_allows_starting_and_cancelling(db, django_user_model):
    client = client_with_permissions(django_user_model, "view_trainingrun", "add_trainingrun")
    client.post(START, DEFAULTS)
    run = TrainingRun.objects.get()
    assert run.requested_by == "carl"
    assert client.post(f"{LIST}{run.pk}/cancel/").status_code == 302
    assert TrainingRun.objects.get().state == RunState.CANCELLED


def test_staff_without_permission_get_403(db, django_user_model):
    run, client = create_run(), client_with_permissions(django_user_model)
    for url in (LIST, START, page_url(run), f"{LIST}{run.pk}/progress/"):
        assert client.get(url).status_code == 403


def test_redirects_visitors_to_login(db, visitor):
    run = create_run()
    for url in (LIST, START, page_url(run), f"{LIST}{run.pk}/progress/"):
        assert visitor.get(url).url.startswith("/admin/login/")
    assert visitor.post(f"{LIST}{run.pk}/cancel/").url.startswith("/admin/login/")
    assert TrainingRun.objects.get().state == RunState.WAITING


def test_rejects_post_without_csrf_token(db, reviewer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(reviewer)
    assert client.post(START, DEFAULTS).status_code == 403
    assert not TrainingRun.objects.exists()


def test_runs_cannot_be_changed_or_deleted(db, reviewer_client):
    run = create_run(state=RunState.DONE)
    assert reviewer_client.post(page_url(run), DEFAULTS).status_code == 403
    assert reviewer_client.post(f"{LIST}{run.pk}/delete/", {"post": "yes"}).status_code == 403
    assert TrainingRun.objects.get().state == RunState.DONE


def test_unknown_run_returns_404(db, reviewer_client):
    assert reviewer_client.get(f"{LIST}99/progress/").status_code == 404
    assert reviewer_client.post(f"{LIST}99/cancel/").status_code == 404
