"""The dashboard: submissions, disagreements, confusions, the queue and the next training run."""

import re
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from recognizer.models import Label, ModelVersion, Source, Submission
from recognizer.review import dashboard, queue
from recognizer.review.day_chart import day_chart
from recognizer.training import training_data
from tests.support.factories import Visitor, create_version, learn
from tests.support.review_helpers import submissions

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def context(reviewer_client):
    page = reviewer_client.get("/review/dashboard/")
    assert page.status_code == 200
    return page.context


def test_counts_submissions_and_corrections_per_day(reviewer_client):
    submissions(2)
    submissions(1, corrected_digit=7)
    submissions(1, corrected_digit=1)
    yesterday = timezone.now() - timedelta(days=1)
    submissions(1, created=yesterday, corrected_digit=Label.NOT_A_DIGIT)
    submissions(1, created=timezone.now() - timedelta(days=dashboard.DAYS))
    days = context(reviewer_client)["days"]
    assert len(days) == dashboard.DAYS
    assert [(row.submitted, row.corrected, row.disagreed) for row in days[-3:]] == [
        (0, 0, 0),
        (1, 1, 1),
        (4, 2, 1),
    ]
    assert days[-2].day == yesterday.date()
    assert sum(row.submitted for row in days) == 5


def test_imported_drawings_are_not_counted(reviewer_client):
    submissions(1, corrected_digit=1)
    submissions(3, source=Source.IMPORT, predicted_digit=3)
    found = context(reviewer_client)
    assert (found["days"][-1].submitted, found["days"][-1].disagreed) == (1, 1)
    assert [(row.submitted, row.percent) for row in found["versions"]] == [(1, 100)]


def test_chart_has_bar_for_each_day_and_text_alternative(reviewer_client):
    submissions(3)
    submissions(1, corrected_digit=1)
    html = reviewer_client.get("/review/dashboard/").content.decode()
    assert html.count('<rect class="submitted" x=') == dashboard.DAYS
    assert "4 drawings, 1 with a correction that disagrees" in html


def test_bar_heights_are_proportional():
    today = timezone.now().date()
    chart = day_chart([(today, 0, 0), (today, 10, 5), (today, 20, 20)])
    empty, half, full = chart.bars
    assert [count for _, count in chart.gridlines] == [0, 5, 10, 15, 20]
    assert (empty.height, half.height * 2) == (0, full.height)
    assert half.disagreed_height == half.height / 2
    assert full.y == chart.gridlines[-1][0]
    assert empty.x < half.x < full.x


@pytest.mark.parametrize(("highest", "top"), [(1, 4), (4, 4), (5, 8), (21, 40), (999, 2000)])
def test_gridlines_are_round_numbers(highest, top):
    chart = day_chart([(timezone.now().date(), highest, 0)])
    assert chart.gridlines[-1][1] == top


def test_disagreement_rate_of_each_version(reviewer_client):
    submissions(3)
    submissions(1, corrected_digit=1)
    newer = create_version(ModelVersion.objects.get())
    submissions(1, model_version=newer, corrected_digit=7)
    create_version(newer)  # has no predictions
    rows = context(reviewer_client)["versions"]
    assert [
        (row.number, row.submitted, row.corrected, row.disagreed, row.percent) for row in rows
    ] == [
        (2, 1, 1, 0, 0),
        (1, 4, 1, 1, 25),
    ]


@pytest.mark.parametrize(("language", "percent"), [("en", "25.0%"), ("es", "25,0 %")])
def test_writes_percentages_as_the_language_does(reviewer_client, language, percent):
    submissions(3)
    submissions(1, corrected_digit=1)
    page = reviewer_client.get("/review/dashboard/", headers={"Accept-Language": language})
    assert f">{percent}<" in page.content.decode().replace("\u00a0", " ")


def test_confusions_link_to_their_submissions(reviewer_client):
    submissions(2, corrected_digit=1)
    submissions(1, predicted_digit=Label.NOT_A_DIGIT, corrected_digit=4)
    submissions(3, corrected_digit=7)
    rows = context(reviewer_client)["confusions"]
    assert [(row.names, row.count) for row in rows] == [(("1", "7"), 2), (("4", "not a digit"), 1)]
    for row in rows:
        assert len(reviewer_client.get(row.url).context["cl"].result_list) == row.count


def test_counts_waiting_and_snoozed_submissions(reviewer_client, reviewer):
    submissions(2)
    submissions(1, corrected_digit=1)
    submissions(1, live_prediction=1)
    submissions(1, claimed_until=timezone.now() + timedelta(minutes=1))
    done, *_ = submissions(1, corrected_digit=1)
    done.reject(reviewer)
    found = context(reviewer_client)
    assert [found[name] for name in ("waiting", "needs_closer_look", "snoozed")] == [5, 2, 1]


def test_counting_stops_at_limit(reviewer_client, monkeypatch):
    monkeypatch.setattr(queue, "COUNT_LIMIT", 2)
    submissions(3)
    assert ">2+</a></dd>" in reviewer_client.get("/review/dashboard/").content.decode()


def test_next_training_shows_the_counts(reviewer_client, reviewer):
    url = "/review/dashboard/next-training/"
    page = reviewer_client.get(url)
    assert "Nothing approved yet." in page.content.decode()
    for row in submissions(3):
        row.approve(reviewer, Label.SEVEN)
    page = reviewer_client.get(url)
    counts = {"training": 3, "new": 3, "held_out": 0, "duplicates": 0, "over_cap": 0}
    assert counts.items() <= page.context["selection"].counts.items()
    learn(ModelVersion.objects.get(), *Submission.objects.all())
    assert "There is nothing new to learn." in reviewer_client.get(url).content.decode()


def test_next_training_says_why_all_approved_drawings_are_left_out(reviewer_client, reviewer):
    """The only drawing is in a test split, and a version was trained on another of its owner."""
    learned, _ = submissions(2, owner=uuid.uuid4(), review="approved", label=7)
    learn(create_version(ModelVersion.objects.get()), learned)
    Submission.objects.filter(pk=learned.pk).delete()
    Submission.objects.update(for_evaluation=True)
    for url in ("/review/dashboard/next-training/", "/admin/recognizer/trainingrun/add/"):
        html = reviewer_client.get(url).content.decode()
        assert "Nothing approved yet" not in html
        assert re.search(r"used for training</(dt><dd|th><td)>1<", html)


def test_next_training_counts_mnist_evaluation_images(reviewer_client, monkeypatch):
    submissions(3, review="approved", label=7)
    monkeypatch.setattr(training_data, "is_evaluation_digest", lambda digest: True)
    html = reviewer_client.get("/review/dashboard/next-training/").content.decode()
    assert "left out: MNIST’s own evaluation images</dt><dd>3</dd>" in html
    assert "Nothing approved yet" not in html


def test_starts_a_training_run_and_links_what_it_names(reviewer_client):
    submissions(2, corrected_digit=1)
    html = reviewer_client.get("/review/dashboard/").content.decode()
    version = ModelVersion.objects.get()
    for url in (
        "/admin/recognizer/trainingrun/add/",
        "/admin/recognizer/trainingrun/",
        "/admin/recognizer/submission/?review__exact=pending",
        "/review/?snoozed",
        f"/admin/recognizer/modelversion/{version.pk}/change/",
    ):
        assert f'href="{url}"' in html
        assert reviewer_client.get(url).status_code == 200


def test_reviewer_without_the_right_to_train_is_told_who_has_it(django_user_model, db):
    user = django_user_model.objects.create_user("dee", is_staff=True)
    user.groups.add(Group.objects.get(name="Reviewers"))
    client = Visitor()
    client.force_login(user)
    html = client.get("/review/dashboard/").content.decode()
    assert "An administrator can start a training run." in html
    assert "trainingrun/add" not in html


def test_empty_site_says_what_to_do(reviewer_client):
    html = reviewer_client.get("/review/dashboard/").content.decode()
    assert "There are no drawings yet." in html
    assert '<a href="/">Draw a digit</a>' in html
    assert "All drawings are reviewed." in html
    assert "No correction disagrees with a prediction yet." in html


def test_query_count_does_not_grow_with_rows(reviewer_client, django_assert_num_queries):
    for number in (1, 30):
        for label in (None, 1, 2):
            submissions(number, corrected_digit=label)
        # session, user, days, predictions, size of the table (2), versions, waiting, closer look,
        # snoozed, doubtful
        with django_assert_num_queries(11):
            context(reviewer_client)
