"""A version's admin page: its model card and its predictions for approved submissions."""

import pytest
from django.contrib.auth.models import Permission

from recognizer.models import Label, TrainingRun
from recognizer.serving import model_registry, reevaluation
from tests.support.factories import (
    Visitor,
    corrupt,
    create_version,
    drawing_png,
    model_with_swapped_labels,
    prune_files,
)

pytestmark = pytest.mark.database

LIST = "/admin/recognizer/modelversion/"


@pytest.fixture
def swapped(base):
    """A version that is not live and predicts every 3 as an 8 and every 8 as a 3."""
    return create_version(base, model_with_swapped_labels(3, 8, base), reason="a test")


@pytest.fixture
def threes_and_a_one(visitor, reviewer):
    """Approved submissions that the base predicts correctly. Another 3 is pending."""
    rows = [
        visitor.submit_and_get(drawing_png(digit, seed)) for seed, digit in enumerate((3, 3, 1))
    ]
    for row in rows:
        row.approve(reviewer, Label(row.predicted_digit))
    assert [row.label for row in rows] == [3, 3, 1]
    visitor.submit_and_get(drawing_png(3, seed=3), digit=3)
    return rows


def page_of(version, reviewer_client):
    return reviewer_client.get(f"{LIST}{version.pk}/change/")


def nonzero_counts(page):
    """The confusion matrix without its zeros."""
    return {
        (int(row.label), int(predicted)): count
        for row in page.context["confusion"]
        for predicted, count in row.counts
        if count
    }


def test_shows_model_card_as_table(base, reviewer_client):
    html = page_of(base, reviewer_client).content.decode()
    for name, content in (
        ("trained on: mnist", "55000"),
        ("trained on: corrections", "0"),
        ("scores: mnist test", f"{base.card['scores']['mnist_test']:.2%}"),
        ("seed", str(base.card["seed"])),
    ):
        assert f'<tr><th scope="row">{name}</th><td>{content}</td></tr>' in html
    assert base.sha256 in html


def test_links_to_parent(swapped, base, reviewer_client):
    html = page_of(swapped, reviewer_client).content.decode()
    assert f'<a href="{LIST}{base.pk}/change/">version 1</a>' in html


def test_confusion_matrix_of_each_version(base, swapped, threes_and_a_one, reviewer_client):
    assert nonzero_counts(page_of(base, reviewer_client)) == {(3, 3): 2, (1, 1): 1}
    page = page_of(swapped, reviewer_client)
    assert nonzero_counts(page) == {(3, 8): 2, (1, 1): 1}
    assert "1 of 3 correct" in page.content.decode()


def test_confusion_cell_links_to_its_submissions(swapped, threes_and_a_one, reviewer_client):
    cell = f"{LIST}{swapped.pk}/drawings/3/8/"
    assert f'<a href="{cell}"' in page_of(swapped, reviewer_client).content.decode()
    html = reviewer_client.get(cell).content.decode()
    assert "3, predicted as 8 by version 2" in html
    for row in threes_and_a_one:
        link = f'<a href="/admin/recognizer/submission/{row.pk}/change/"><img src="data:image/png'
        assert (link in html) == (row.label == 3)


def test_confusion_matrix_includes_not_a_digit(base, visitor, reviewer, reviewer_client):
    visitor.submit_and_get(drawing_png(7)).approve(reviewer, Label.NOT_A_DIGIT)
    assert nonzero_counts(page_of(base, reviewer_client)) == {(10, 7): 1}
    html = reviewer_client.get(f"{LIST}{base.pk}/drawings/10/7/").content.decode()
    assert "not a digit, predicted as 7" in html


def test_predicts_only_newest_submissions(base, threes_and_a_one, reviewer_client, monkeypatch):
    monkeypatch.setattr(reevaluation, "SUBMISSION_LIMIT", 2)
    page = page_of(base, reviewer_client)
    assert nonzero_counts(page) == {(3, 3): 1, (1, 1): 1}
    assert "the newest approved submissions, at most 2" in page.content.decode()


def test_query_count_does_not_grow_with_submissions(
    swapped, visitor, reviewer, reviewer_client, django_assert_max_num_queries
):
    for seed in range(8):
        visitor.submit_and_get(drawing_png(3, seed)).approve(reviewer, Label.THREE)
    page_of(swapped, reviewer_client)  # Django then has the content types in its cache.
    with django_assert_max_num_queries(9):
        page_of(swapped, reviewer_client)
    with django_assert_max_num_queries(9):
        html = reviewer_client.get(f"{LIST}{swapped.pk}/drawings/3/8/").content.decode()
    assert html.count("data:image/png") > 5


def test_page_without_approved_submissions(base, reviewer_client):
    assert "No submission is approved yet" in page_of(base, reviewer_client).content.decode()


@pytest.mark.parametrize(
    ("make_unusable", "reason"), [(corrupt, "the model"), (prune_files, "files deleted")]
)
def test_unusable_version_shows_reason_and_card(
    base, threes_and_a_one, reviewer_client, make_unusable, reason
):
    bad = create_version(base)
    make_unusable(bad)
    page = page_of(bad, reviewer_client)
    assert page.status_code == 200
    html = page.content.decode()
    assert f"Version 2 cannot make predictions and cannot be promoted: {reason}" in html
    assert "confusion" not in html
    assert "scores: mnist test" in html  # the model card does not need the files
    drawings = reviewer_client.get(f"{LIST}{bad.pk}/drawings/3/3/", follow=True)
    assert drawings.redirect_chain == [(f"{LIST}{bad.pk}/change/", 302)]


def test_live_version_without_files_offers_roll_back(base, threes_and_a_one, reviewer_client):
    live = create_version(base)
    model_registry.promote(live, by="a test")
    prune_files(live)
    assert (
        "Version 2 cannot make predictions: files deleted."
        in page_of(live, reviewer_client).content.decode()
    )
    assert "Roll back to version 1" in page_of(base, reviewer_client).content.decode()


@pytest.mark.parametrize("path", ["1/drawings/11/3/", "1/drawings/3/11/", "99/drawings/3/3/"])
def test_unknown_label_or_version_returns_404(base, reviewer_client, path):
    assert reviewer_client.get(LIST + path).status_code == 404


def test_without_permission_for_submissions_shows_only_model_card(
    base, threes_and_a_one, django_user_model
):
    clerk = django_user_model.objects.create_user("carl", is_staff=True)
    client = Visitor()
    client.force_login(clerk)
    drawings = f"{LIST}{base.pk}/drawings/3/3/"
    assert client.get(drawings).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="view_modelversion"))
    assert client.get(drawings).status_code == 403
    html = page_of(base, client).content.decode()
    assert "trained on: mnist" in html
    assert "confusion" not in html
    prune_files(old := create_version(base))
    assert "files deleted" in page_of(old, client).content.decode()
    assert Visitor().get(drawings).status_code == 302


def test_shows_why_and_the_numbers_behind_it(base, reviewer_client):
    version = create_version(base, reason="0 fixed, 40 broken; rejected because of digit 3.")
    result = {"name": "negatives", "title": "negative images", "size": 3000, "before": 0.99}
    run = TrainingRun.objects.create(
        options={}, version=version, evaluation=[{**result, "after": 0.97, "comparisons": []}]
    )
    html = page_of(version, reviewer_client).content.decode()
    assert "0 fixed, 40 broken; rejected because of digit 3." in html
    url = f"/admin/recognizer/trainingrun/{run.pk}/change/"
    assert f'<a href="{url}">{run}</a>' in html
    assert "<td>97.00%</td>" in html
