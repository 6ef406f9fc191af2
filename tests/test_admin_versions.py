"""The list of model versions in the admin, with the chart above it."""

import re

import pytest
from kit import Visitor, new_version

from recognizer import registry
from recognizer.models import ModelVersion, State

LIST = "/admin/recognizer/modelversion/"


@pytest.fixture
def base(db):
    return registry.live_version()


def scored(base, held_out, state=State.RETIRED, **fields):
    scores = {**base.card["scores"], "mnist_test": 0.9931, "held_out_corrections": held_out}
    return new_version(base, state=state, card={**base.card, "scores": scores}, **fields)


def test_the_list_says_how_each_version_scored(base, desk):
    scored(base, 0.875, State.REFUSED, reason="digit 3: 9 drawings lost, only 1 drawing gained.")
    page = desk.get(LIST).content.decode()
    rows = re.findall(r'<tr><th class="field-number">.*?</tr>', page, re.S)
    assert len(rows) == 2
    assert all(words in rows[0] for words in ("Refused", "99.31%", "87.50%", "digit 3: 9 drawings"))
    assert all(words in rows[1] for words in ("Live", "shipped with the code"))
    # The base was never judged with corrections.
    assert '<td class="field-held_out">–</td>' in rows[1]


def test_the_chart_shows_the_same_figures(base, desk):
    scored(base, 0.875, State.REFUSED)
    scored(base, 0.9)
    chart = desk.get(LIST).context["cl"].chart()
    mnist, held_out = chart.lines
    assert [mark.text for mark in mnist.marks][1:] == [
        "version 2, MNIST test: 99.31%, refused",
        "version 3, MNIST test: 99.31%",
    ]
    assert [mark.text for mark in held_out.marks] == [
        "version 2, held-out corrections: 87.50%, refused",
        "version 3, held-out corrections: 90.00%",
    ]
    # Higher is better, and what was refused is a cross beside the line.
    assert held_out.marks[0].y > held_out.marks[1].y > mnist.marks[0].y
    assert [mark.shape == chart.refused for mark in mnist.marks] == [False, True, False]
    assert len(mnist.points.split()) == 2


def test_the_chart_follows_the_filter(base, desk):
    scored(base, 0.875, State.REFUSED)
    chart = desk.get(f"{LIST}?state__exact=refused").context["cl"].chart()
    assert (chart.first, chart.last) == (2, 2)
    nothing = desk.get(f"{LIST}?state__exact=retired")
    assert nothing.context["cl"].chart() is None
    assert "<svg viewBox" not in nothing.content.decode()


def test_a_bad_score_is_on_the_chart_too(base, desk):
    scored(base, 0.0)
    (worst,) = desk.get(LIST).context["cl"].chart().lines[1].marks
    assert worst.y == 210


def test_versions_cost_no_query_each(base, desk, django_assert_num_queries):
    with django_assert_num_queries(5):  # session, user, two counts, the versions
        desk.get(LIST)
    for _ in range(30):
        scored(base, 0.9)
    with django_assert_num_queries(5):
        assert desk.get(LIST).content.decode().count('class="field-number"') == 31


def test_nobody_adds_or_deletes_by_hand(base, desk):
    assert desk.get(LIST + "add/").status_code == 403
    assert desk.post(f"{LIST}{base.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ModelVersion.objects.get() == base


def test_only_staff(visitor):
    assert Visitor().get(LIST).status_code == 302
