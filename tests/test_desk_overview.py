"""The overview: what comes in, what waits, what is confused, what would be learned."""

from datetime import timedelta

import pytest
from desk import submissions
from django.utils import timezone
from kit import new_version

from recognizer.desk import overview, queue
from recognizer.desk.chart import day_chart
from recognizer.models import Answer, ModelVersion, Submission

pytestmark = pytest.mark.django_db


def context(desk):
    page = desk.get("/desk/overview/")
    assert page.status_code == 200
    return page.context


def test_each_day(desk):
    submissions(2)
    submissions(1, corrected_digit=7)
    submissions(1, corrected_digit=1)
    yesterday = timezone.now() - timedelta(days=1)
    submissions(1, created=yesterday, corrected_digit=Answer.NOT_A_DIGIT)
    submissions(1, created=timezone.now() - timedelta(days=overview.DAYS))
    days = context(desk)["days"]
    assert len(days) == overview.DAYS
    assert [(row.drawn, row.said, row.contradicted) for row in days[-3:]] == [
        (0, 0, 0),
        (1, 1, 1),
        (4, 2, 1),
    ]
    assert days[-2].day == yesterday.date()
    assert sum(row.drawn for row in days) == 5


def test_the_chart_has_a_bar_for_each_day_and_says_it_in_words(desk):
    submissions(3)
    submissions(1, corrected_digit=1)
    html = desk.get("/desk/overview/").content.decode()
    assert html.count('<rect class="all" x=') == overview.DAYS
    assert "4 drawings in four weeks; of 1 the visitor said something else" in html


def test_bars_fit_and_are_in_proportion():
    today = timezone.now().date()
    chart = day_chart([(today, 0, 0), (today, 10, 5), (today, 20, 20)])
    empty, half, full = chart.bars
    assert [count for _, count in chart.lines] == [0, 5, 10, 15, 20]
    assert (empty.height, half.height * 2) == (0, full.height)
    assert half.dark_height == half.height / 2
    assert full.y == chart.lines[-1][0]
    assert empty.x < half.x < full.x


@pytest.mark.parametrize(("most", "top"), [(1, 4), (4, 4), (5, 8), (21, 40), (999, 2000)])
def test_lines_are_round_numbers(most, top):
    chart = day_chart([(timezone.now().date(), most, 0)])
    assert chart.lines[-1][1] == top


def test_share_corrected_by_version(desk):
    submissions(3)
    submissions(1, corrected_digit=1)
    newer = new_version(ModelVersion.objects.get())
    submissions(1, model_version=newer, corrected_digit=7)
    new_version(newer)  # has read nothing
    rows = context(desk)["versions"]
    assert [(row.number, row.drawn, row.said, row.contradicted, row.percent) for row in rows] == [
        (2, 1, 1, 0, "0.0%"),
        (1, 4, 1, 1, "25.0%"),
    ]


def test_confusions_lead_to_the_drawings(desk):
    submissions(2, corrected_digit=1)
    submissions(1, predicted_digit=Answer.NOT_A_DIGIT, corrected_digit=4)
    submissions(3, corrected_digit=7)
    rows = context(desk)["confusions"]
    assert [(row.names, row.count) for row in rows] == [(("1", "7"), 2), (("4", "not a digit"), 1)]
    for row in rows:
        assert len(desk.get(row.url).context["cl"].result_list) == row.count


def test_what_waits(desk, reviewer):
    submissions(2)
    submissions(1, corrected_digit=1)
    submissions(1, latest_digit=1)
    submissions(1, claimed_until=timezone.now() + timedelta(minutes=1))
    done, *_ = submissions(1, corrected_digit=1)
    done.reject(reviewer)
    found = context(desk)
    assert [found[name] for name in ("waiting", "worth_a_look", "resting")] == [5, 2, 1]


def test_more_than_many(desk, monkeypatch):
    monkeypatch.setattr(queue, "MANY", 2)
    submissions(3)
    assert "<dd>2+</dd>" in desk.get("/desk/overview/").content.decode()


def test_what_the_next_training_would_learn(desk, reviewer):
    url = "/desk/overview/next-training/"
    page = desk.get(url)
    assert "no drawing is approved yet" in page.content.decode()
    for row in submissions(3):
        row.approve(reviewer, Answer.SEVEN)
    page = desk.get(url)
    counts = {"learned": 3, "new": 3, "held_out": 0, "copies": 0, "over_share": 0}
    assert page.context["counts"] == counts
    Submission.objects.update(learned_in=ModelVersion.objects.get())
    assert "Nothing new: approve more" in desk.get(url).content.decode()


def test_an_empty_site_says_what_to_do(desk):
    html = desk.get("/desk/overview/").content.decode()
    assert "Nobody has drawn anything." in html
    assert '<a href="/">Draw a digit</a>' in html
    assert "every drawing is reviewed" in html
    assert "No visitor has contradicted the network yet." in html


def test_more_cost_no_more_queries(desk, django_assert_num_queries):
    for number in (1, 30):
        for label in (None, 1, 2):
            submissions(number, corrected_digit=label)
        # session, user, days, answers, versions, waiting, worth a look, resting
        with django_assert_num_queries(8):
            context(desk)
