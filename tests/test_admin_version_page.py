"""A version's page: its card, and how it reads what reviewers approved."""

import pytest
from django.contrib.auth.models import Permission
from kit import Visitor, damage, delete_files, drawing, mixing_up, new_version

from recognizer import readings, registry
from recognizer.models import Answer

LIST = "/admin/recognizer/modelversion/"


@pytest.fixture
def base(db):
    return registry.live_version()


@pytest.fixture
def mixed_up(base):
    """Not live, and takes every 3 for an 8, every 8 for a 3."""
    return new_version(base, mixing_up(3, 8, base), reason="another order of classes")


@pytest.fixture
def threes_and_a_one(visitor, reviewer):
    """Approved, and read rightly by the base; another 3 waits for its review."""
    rows = [visitor.submitted(drawing(digit, seed)) for seed, digit in enumerate((3, 3, 1))]
    for row in rows:
        row.approve(reviewer, Answer(row.predicted_digit))
    assert [row.label for row in rows] == [3, 3, 1]
    visitor.submitted(drawing(3, seed=3), digit=3)
    return rows


def page_of(version, desk):
    return desk.get(f"{LIST}{version.pk}/change/")


def counted(page):
    """The confusion matrix without its zeros."""
    return {
        (int(row.label), int(answer)): count
        for row in page.context["confusion"]
        for answer, count in row.counts
        if count
    }


def test_the_card_is_a_table(base, desk):
    html = page_of(base, desk).content.decode()
    for name, content in (
        ("trained on: mnist", "55000"),
        ("trained on: corrections", "0"),
        ("scores: mnist test", f"{base.card['scores']['mnist_test']:.2%}"),
        ("seed", str(base.card["seed"])),
    ):
        assert f'<tr><th scope="row">{name}</th><td>{content}</td></tr>' in html
    assert base.sha256 in html


def test_the_parent(mixed_up, base, desk):
    html = page_of(mixed_up, desk).content.decode()
    assert f'<a href="{LIST}{base.pk}/change/">version 1</a>' in html


def test_each_version_is_asked_anew(base, mixed_up, threes_and_a_one, desk):
    assert counted(page_of(base, desk)) == {(3, 3): 2, (1, 1): 1}
    page = page_of(mixed_up, desk)
    assert counted(page) == {(3, 8): 2, (1, 1): 1}
    assert "1 right of 3" in page.content.decode()


def test_a_cell_leads_to_its_drawings(mixed_up, threes_and_a_one, desk):
    cell = f"{LIST}{mixed_up.pk}/drawings/3/8/"
    assert f'<a href="{cell}"' in page_of(mixed_up, desk).content.decode()
    html = desk.get(cell).content.decode()
    assert "3, read as 8 by version 2" in html
    for row in threes_and_a_one:
        link = f'<a href="/admin/recognizer/submission/{row.pk}/change/"><img src="data:image/png'
        assert (link in html) == (row.label == 3)


def test_not_a_digit_is_a_label_too(base, visitor, reviewer, desk):
    visitor.submitted(drawing(7)).approve(reviewer, Answer.NOT_A_DIGIT)
    assert counted(page_of(base, desk)) == {(10, 7): 1}
    html = desk.get(f"{LIST}{base.pk}/drawings/10/7/").content.decode()
    assert "not a digit, read as 7" in html


def test_only_the_newest_are_read(base, threes_and_a_one, desk, monkeypatch):
    monkeypatch.setattr(readings, "NEWEST", 2)
    page = page_of(base, desk)
    assert counted(page) == {(3, 3): 1, (1, 1): 1}
    assert "the newest approved submissions, 2 at most" in page.content.decode()


def test_submissions_cost_no_query_each(
    mixed_up, visitor, reviewer, desk, django_assert_max_num_queries
):
    for seed in range(8):
        visitor.submitted(drawing(3, seed)).approve(reviewer, Answer.THREE)
    with django_assert_max_num_queries(8):
        page_of(mixed_up, desk)
    with django_assert_max_num_queries(8):
        html = desk.get(f"{LIST}{mixed_up.pk}/drawings/3/8/").content.decode()
    assert html.count("data:image/png") > 5


def test_nothing_approved_yet(base, desk):
    assert "No submission is approved yet" in page_of(base, desk).content.decode()


@pytest.mark.parametrize(("harm", "why"), [(damage, "the model"), (delete_files, "files deleted")])
def test_a_version_that_reads_nothing(base, threes_and_a_one, desk, harm, why):
    bad = new_version(base)
    harm(bad)
    page = page_of(bad, desk)
    assert page.status_code == 200
    html = page.content.decode()
    assert f"Version 2 reads nothing, and cannot be put live: {why}" in html
    assert "confusion" not in html
    assert "scores: mnist test" in html  # its card stays
    drawings = desk.get(f"{LIST}{bad.pk}/drawings/3/3/", follow=True)
    assert drawings.redirect_chain == [(f"{LIST}{bad.pk}/change/", 302)]


def test_the_live_version_without_files(base, threes_and_a_one, desk):
    live = new_version(base)
    registry.promote(live, by="a test")
    delete_files(live)
    assert "Version 2 reads nothing: files deleted." in page_of(live, desk).content.decode()
    assert "Roll back to version 1" in page_of(base, desk).content.decode()


@pytest.mark.parametrize("path", ["1/drawings/11/3/", "1/drawings/3/11/", "99/drawings/3/3/"])
def test_no_such_drawings(base, desk, path):
    assert desk.get(LIST + path).status_code == 404


def test_who_may_not_see_submissions_sees_only_the_card(base, threes_and_a_one, django_user_model):
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
    delete_files(old := new_version(base))
    assert "files deleted" in page_of(old, client).content.decode()
    assert Visitor().get(drawings).status_code == 302
