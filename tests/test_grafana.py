"""ops/grafana.json and docs/operating.md: they name the metrics that exist, and all of them."""

import json
import re

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from site_under_test import ROOT

from recognizer import figures, metrics

BOARD = json.loads((ROOT / "ops" / "grafana.json").read_text())
QUERIES = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]


@pytest.fixture
def families(visitor):
    """{metric as queries name it: its labels}."""
    visitor.submit()
    text = generate_latest(metrics.REGISTRY).decode()
    found = {}
    for family in [*text_string_to_metric_families(text), *figures.FromDatabase().collect()]:
        for sample in family.samples:
            if sample.name.endswith("_created"):  # the library's own; not with several processes
                continue
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def base(name):
    """Without what a histogram's parts add."""
    return re.sub("_(bucket|count|sum)$", "", name)


def test_it_works(families):
    """Every query asks for what is there, by labels that are there."""
    for query in QUERIES:
        (name, *_) = names = re.findall(r"digitsite_\w+", query)
        assert set(names) <= set(families), query
        grouped = re.findall(r"by \(([^)]*)\)", query)
        matched = re.findall(r"[{,](\w+)=", query)
        used = {label.strip() for group in grouped for label in group.split(",")} | set(matched)
        assert used <= families[name], query


def test_every_metric_is_on_the_board_and_in_the_docs(families):
    documented = (ROOT / "docs" / "operating.md").read_text()
    for name in {base(name) for name in families}:
        assert any(name in query for query in QUERIES), name
        assert f"`{name}`" in documented, name


def test_the_docs_name_no_other(families):
    documented = re.findall(r"`(digitsite_\w+)", (ROOT / "docs" / "operating.md").read_text())
    assert set(documented) <= {base(name) for name in families}


def test_the_board_is_whole():
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids)) == len(QUERIES) - 1  # one panel has two queries
    for panel in BOARD["panels"]:
        assert panel["title"]
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert [t["refId"] for t in panel["targets"]] == ["A", "B"][: len(panel["targets"])]
