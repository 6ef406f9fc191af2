"""Starting, watching and cancelling retrainings in the admin."""

from dataclasses import asdict
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from kit import Visitor, drawing

from recognizer import registry
from recognizer.models import Answer, RunState, TrainingRun
from recognizer.retraining import Options

LIST = "/admin/recognizer/trainingrun/"
START = f"{LIST}add/"
USUAL = {"from_scratch": "", "epochs": "", "seed": "1"}


@pytest.fixture
def approved(visitor, reviewer):
    row = visitor.submitted(drawing(4, seed=9), digit=4)
    row.approve(reviewer, Answer.FOUR)


def made(**fields):
    return TrainingRun.objects.create(asked_by="rosa", options=asdict(Options()), **fields)


def page(run):
    return f"{LIST}{run.pk}/change/"


def seconds_ago(seconds):
    return timezone.now() - timedelta(seconds=seconds)


def clerk(django_user_model, *codenames):
    user = django_user_model.objects.create_user("carl", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Visitor()
    client.force_login(user)
    return client


def test_start(approved, desk):
    html = desk.get(START).content.decode()
    assert "instead of version 1" in html
    assert '<th scope="row">corrections to learn</th><td>1</td>' in html
    assert "There is no new correction" not in html
    answer = desk.post(START, USUAL, follow=True)
    run = TrainingRun.objects.get()
    assert answer.redirect_chain == [(page(run), 302)]
    assert (run.asked_by, run.state, run.options) == ("rosa", RunState.WAITING, asdict(Options()))
    (queued,) = DBTaskResult.objects.all()
    assert queued.args_kwargs["args"] == [run.pk]
    assert "It waits for a worker." in answer.content.decode()


def test_the_options(db, desk):
    desk.post(START, {"from_scratch": "yes", "epochs": "3", "seed": "7", "dry_run": "on"})
    options = Options(**TrainingRun.objects.get().options)
    assert options == Options(from_scratch=True, epochs=3, seed=7, dry_run=True)
    assert "from scratch, epochs 3, seed 7, dry run" in desk.get(LIST).content.decode()


@pytest.mark.parametrize("wrong", [{"seed": "-1"}, {"seed": ""}, {"epochs": "0"}, {"epochs": "x"}])
def test_wrong_options(db, desk, wrong):
    answer = desk.post(START, USUAL | wrong)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not TrainingRun.objects.exists()
    assert not DBTaskResult.objects.exists()


def test_with_nothing_new_it_says_what_to_do(db, desk):
    html = desk.get(START).content.decode()
    assert "There is no new correction to learn." in html
    assert "/admin/recognizer/submission/?review__exact=pending" in html


@pytest.mark.parametrize("state", [RunState.WAITING, RunState.RUNNING])
def test_one_at_a_time(db, desk, state):
    run = made(state=state, seen=timezone.now())
    for answer in (desk.get(START, follow=True), desk.post(START, USUAL, follow=True)):
        assert answer.redirect_chain == [(page(run), 302)]
        assert f"training run {run.pk} is not finished" in answer.content.decode()
    assert TrainingRun.objects.count() == 1
    assert not DBTaskResult.objects.exists()


def test_not_kept_waiting_by_one_that_died(db, desk):
    made(state=RunState.RUNNING, seen=seconds_ago(61))
    assert desk.get(START).status_code == 200
    desk.post(START, USUAL)
    assert DBTaskResult.objects.count() == 1


def test_a_running_one(db, desk):
    progress = {"epoch": 1, "epochs": 2, "share": 0.25, "loss": 0.5, "seconds_left": 30.2}
    run = made(state=RunState.RUNNING, seen=timezone.now(), progress=progress, log="Training ...")
    html = desk.get(page(run)).content.decode()
    assert "Epoch 1 of 2, 25%, loss 0.500, about 30 s left" in html
    assert '<progress aria-label="Progress" value="0.2500">' in html
    assert "Training ..." in html
    assert 'type="module"' in html
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in html
    assert "Running, 25%" in desk.get(LIST).content.decode()
    assert desk.get(f"{LIST}{run.pk}/progress/").json() == {
        "state": "running",
        "share": 0.25,
        "words": "Epoch 1 of 2, 25%, loss 0.500, about 30 s left",
        "log": "Training ...",
    }


@pytest.mark.parametrize(
    ("created", "seen", "fields", "words"),
    [
        (1, None, {}, "It waits for a worker."),
        (45, None, {}, "No worker has taken it for 45 s. Start one with"),
        (45, 1, {"state": RunState.RUNNING}, "It collects corrections"),
        (45, 300, {"state": RunState.RUNNING}, "No sign of life for 5 min"),
        (45, 1, {"state": RunState.RUNNING, "cancelled_by": "carl"}, "Cancelled by carl: it stops"),
        (45, 1, {"state": RunState.FAILED, "reason": "There is no MNIST."}, "There is no MNIST."),
    ],
)
def test_how_it_goes_in_words(db, desk, created, seen, fields, words):
    run = made(created=seconds_ago(created), seen=seen and seconds_ago(seen), **fields)
    assert words in desk.get(f"{LIST}{run.pk}/progress/").json()["words"]
    assert words in desk.get(page(run)).content.decode()


def test_one_that_waits_for_another(db, desk):
    other = made(state=RunState.RUNNING, seen=timezone.now())
    run = made(created=seconds_ago(45))
    assert (
        f"It waits for the end of training run {other.pk}." in desk.get(page(run)).content.decode()
    )


def test_a_finished_one(db, desk):
    version = registry.live_version()
    scores = {"mnist_test": [0.99, 0.991], "held_out_corrections": [None, None]}
    run = made(state=RunState.DONE, version=version, scores=scores, reason="Live. Not worse.")
    html = desk.get(page(run)).content.decode()
    link = f'<a href="/admin/recognizer/modelversion/{version.pk}/change/">version 1</a>'
    assert link in html
    assert link in desk.get(LIST).content.decode()
    assert '<th scope="row">mnist test</th><td>99.00%</td><td>99.10%</td>' in html
    assert '<th scope="row">held out corrections</th><td>–</td><td>–</td>' in html
    assert not any(
        word in html for word in ("<progress", 'type="module"', "http-equiv", "/cancel/")
    )


def test_cancel(db, desk, reviewer):
    run = made(state=RunState.RUNNING, seen=timezone.now())
    cancel = f"{LIST}{run.pk}/cancel/"
    assert f'action="{cancel}"' in desk.get(page(run)).content.decode()
    html = desk.post(cancel, follow=True).content.decode()
    assert "Cancelled by rosa: it stops" in html
    assert cancel not in html
    run.refresh_from_db()
    assert (run.state, run.cancelled_by) == (RunState.RUNNING, "rosa")
    assert LogEntry.objects.get().change_message == "Cancelled."
    assert desk.get(cancel).status_code == 405


def test_cancel_a_waiting_one(db, desk):
    run = made()
    desk.post(f"{LIST}{run.pk}/cancel/")
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert desk.get(START).status_code == 200


def test_nothing_was_retrained_yet(db, desk):
    assert "Nothing was retrained yet." in desk.get(LIST).content.decode()
    made()
    assert "Nothing was retrained yet." not in desk.get(LIST).content.decode()


def test_who_may_only_look(db, django_user_model):
    run, client = made(), clerk(django_user_model, "view_trainingrun")
    assert START not in client.get(LIST).content.decode()
    assert "/cancel/" not in client.get(page(run)).content.decode()
    assert client.get(f"{LIST}{run.pk}/progress/").status_code == 200
    assert client.post(f"{LIST}{run.pk}/cancel/").status_code == 403
    assert client.get(START).status_code == client.post(START, USUAL).status_code == 403
    assert TrainingRun.objects.get().state == RunState.WAITING


def test_who_may_start(db, django_user_model):
    client = clerk(django_user_model, "view_trainingrun", "add_trainingrun")
    client.post(START, USUAL)
    run = TrainingRun.objects.get()
    assert run.asked_by == "carl"
    assert client.post(f"{LIST}{run.pk}/cancel/").status_code == 302
    assert TrainingRun.objects.get().state == RunState.CANCELLED


def test_staff_without_permission(db, django_user_model):
    run, client = made(), clerk(django_user_model)
    for url in (LIST, START, page(run), f"{LIST}{run.pk}/progress/"):
        assert client.get(url).status_code == 403


def test_nobody_else(db, visitor):
    run = made()
    for url in (LIST, START, page(run), f"{LIST}{run.pk}/progress/"):
        assert visitor.get(url).url.startswith("/admin/login/")
    assert visitor.post(f"{LIST}{run.pk}/cancel/").url.startswith("/admin/login/")
    assert TrainingRun.objects.get().state == RunState.WAITING


def test_not_without_a_csrf_token(db, reviewer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(reviewer)
    assert client.post(START, USUAL).status_code == 403
    assert not TrainingRun.objects.exists()


def test_nothing_is_edited_or_deleted_by_hand(db, desk):
    run = made(state=RunState.DONE)
    assert desk.post(page(run), USUAL).status_code == 403
    assert desk.post(f"{LIST}{run.pk}/delete/", {"post": "yes"}).status_code == 403
    assert TrainingRun.objects.get().state == RunState.DONE


def test_no_such_run(db, desk):
    assert desk.get(f"{LIST}99/progress/").status_code == 404
    assert desk.post(f"{LIST}99/cancel/").status_code == 404
