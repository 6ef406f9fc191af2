"""ops/grafana.json and docs/operating.md name exactly the metrics that exist."""

import json
import re

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from recognizer import metrics
from recognizer.ops import db_metrics
from tests.support.live_site import ROOT

BOARD = json.loads((ROOT / "ops" / "grafana.json").read_text())
QUERIES = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
DOCS = (ROOT / "docs" / "operating.md").read_text()


@pytest.fixture
def metric_labels(visitor):
    """Return {name of a metric in queries: names of its labels}."""
    visitor.submit()
    text = generate_latest(metrics.REGISTRY).decode()
    labels = {}
    for family in [
        *text_string_to_metric_families(text),
        *db_metrics.DatabaseCollector().collect(),
    ]:
        for sample in family.samples:
            if sample.name.endswith("_created"):
                continue
            labels.setdefault(sample.name, set()).update(sample.labels)
    return labels


def base_name(name):
    """Return the name of a metric without the suffix that histograms add, such as _bucket."""
    return re.sub("_(bucket|count|sum)$", "", name)


def test_queries_use_existing_metrics_and_labels(metric_labels):
    for query in QUERIES:
        (name, *_) = names = re.findall(r"digitsite_\w+", query)
        assert set(names) <= set(metric_labels), query
        grouped = re.findall(r"by \(([^)]*)\)", query)
        matched = re.findall(r"[{,](\w+)=", query)
        used = {label.strip() for group in grouped for label in group.split(",")} | set(matched)
        assert used <= metric_labels[name], query


def test_every_metric_is_on_the_board_and_in_the_docs(metric_labels):
    for name in {base_name(name) for name in metric_labels}:
        assert any(name in query for query in QUERIES), name
        assert f"`{name}`" in DOCS, name


def test_docs_name_no_unknown_metric(metric_labels):
    documented = re.findall(r"`(digitsite_\w+)", DOCS)
    assert set(documented) <= {base_name(name) for name in metric_labels}


def test_panels_are_well_formed():
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids)) == len(QUERIES) - 1  # one panel has two queries
    for panel in BOARD["panels"]:
        assert panel["title"]
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert [t["refId"] for t in panel["targets"]] == ["A", "B"][: len(panel["targets"])]
