"""The admin's list of model versions and its accuracy chart."""

import re

import pytest

from recognizer.models import ModelVersion, VersionState
from tests.support.factories import Visitor, create_version

pytestmark = pytest.mark.database

LIST = "/admin/recognizer/modelversion/"


def create_scored(base, held_out, state=VersionState.RETIRED, **fields):
    scores = {**base.card["scores"], "mnist_test": 0.9931, "held_out_corrections": held_out}
    return create_version(base, state=state, card={**base.card, "scores": scores}, **fields)


def test_lists_scores_state_and_reason(base, reviewer_client):
    create_scored(
        base,
        0.875,
        VersionState.REJECTED,
        reason="digit 3: 9 drawings broken, only 1 fixed.",
    )
    page = reviewer_client.get(LIST).content.decode()
    rows = re.findall(r'<tr><th class="field-number">.*?</tr>', page, re.S)
    assert len(rows) == 2
    assert all(
        words in rows[0] for words in ("Rejected", "99.31%", "87.50%", "digit 3: 9 drawings")
    )
    assert all(words in rows[1] for words in ("Live", "shipped with the code"))
    # The base was never evaluated on held-out drawings.
    assert '<td class="field-held_out">–</td>' in rows[1]


def test_chart_has_same_figures_as_list(base, reviewer_client):
    create_scored(base, 0.875, VersionState.REJECTED)
    create_scored(base, 0.9)
    chart = reviewer_client.get(LIST).context["cl"].chart()
    mnist, held_out = chart.lines
    assert [mark.caption for mark in mnist.marks][1:] == [
        "version 2, MNIST test: 99.31%, rejected",
        "version 3, MNIST test: 99.31%",
    ]
    assert [mark.caption for mark in held_out.marks] == [
        "version 2, held-out drawings: 87.50%, rejected",
        "version 3, held-out drawings: 90.00%",
    ]
    # A higher score is further up. A rejected version is a cross apart from the line.
    assert held_out.marks[0].y > held_out.marks[1].y > mnist.marks[0].y
    assert [mark.shape == chart.rejected_shape for mark in mnist.marks] == [False, True, False]
    assert len(mnist.points.split()) == 2


def test_chart_shows_filtered_versions(base, reviewer_client):
    create_scored(base, 0.875, VersionState.REJECTED)
    chart = reviewer_client.get(f"{LIST}?state__exact=rejected").context["cl"].chart()
    assert (chart.first, chart.last) == (2, 2)
    nothing = reviewer_client.get(f"{LIST}?state__exact=retired")
    assert nothing.context["cl"].chart() is None
    assert "<svg viewBox" not in nothing.content.decode()


def test_chart_includes_lowest_score(base, reviewer_client):
    create_scored(base, 0.0)
    (worst,) = reviewer_client.get(LIST).context["cl"].chart().lines[1].marks
    assert worst.y == 210


def test_query_count_does_not_grow_with_versions(base, reviewer_client, django_assert_num_queries):
    with django_assert_num_queries(5):  # session, user, two counts, the versions
        reviewer_client.get(LIST)
    for _ in range(30):
        create_scored(base, 0.9)
    with django_assert_num_queries(5):
        assert reviewer_client.get(LIST).content.decode().count('class="field-number"') == 31


def test_versions_cannot_be_added_or_deleted(base, reviewer_client):
    assert reviewer_client.get(LIST + "add/").status_code == 403
    assert reviewer_client.post(f"{LIST}{base.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ModelVersion.objects.get() == base


def test_redirects_visitors_to_login(visitor):
    assert Visitor().get(LIST).status_code == 302
