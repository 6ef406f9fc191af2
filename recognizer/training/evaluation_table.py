"""Format the evaluation of a candidate as the rows of one table, for the admin and the terminal."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ml.evaluation.model_comparison import Verdict
from recognizer.models import TrainingRun


class EvaluationRow(NamedTuple):
    """One row of the table, as texts. A set has one row for each comparison, and at least one."""

    name: str
    size: str
    owners: str
    before: str
    after: str
    fixed: str
    broken: str
    upper_limit: str
    margin: str
    verdict: str


HEADINGS: Final = EvaluationRow(
    "evaluation set",
    "images",
    "owners",
    "before",
    "after",
    "fixed",
    "broken",
    "loss below",
    "margin",
    "verdict",
)


def evaluation_rows(results: list[dict[str, Any]]) -> Iterator[EvaluationRow]:
    """Yield the rows of stored `SetResult`s.

    "loss below" is the upper 95% confidence limit of the loss, in percentage points.
    """
    for result in results:
        scores = format_percent(result["before"]), format_percent(result["after"])
        owners = "" if result.get("owner_count") is None else f"{result['owner_count']:,}"
        size = f"{result['size']:,}" if "size" in result else ""
        title = result.get("title") or result["name"].replace("_", " ")
        for each in result.get("comparisons", ()):
            yield EvaluationRow(
                each["name"],
                f"{each['size']:,}",
                owners,
                *(("", "") if each["is_partial"] else scores),
                fixed=f"{each['fixed']}",
                broken=f"{each['broken']}",
                upper_limit=f"{100 * each['upper_limit']:.2f}",
                margin=f"{100 * each['margin']:.2f}",
                verdict=each["verdict"],
            )
        if not result.get("comparisons"):
            has_no_drawings = result["name"] == "held_out_corrections" and result["before"] is None
            verdict = "no drawings" if has_no_drawings else "only scored"
            yield EvaluationRow(title, size, owners, *scores, "", "", "", "", verdict)


def evaluation_context(run: TrainingRun) -> dict[str, Any]:
    """Return the context of the template `evaluation.html`."""
    rows = [(row, is_worse(row)) for row in evaluation_rows(run.evaluation or [])]
    return {"evaluation_headings": HEADINGS, "evaluation": rows}


def is_worse(row: EvaluationRow) -> bool:
    """Return whether the candidate was rejected because of this row."""
    return row.verdict == Verdict.WORSE


def format_percent(score: float | None) -> str:
    """Return a score (0 to 1) as a percentage, or a dash if there is none."""
    return "–" if score is None else f"{score:.2%}"
