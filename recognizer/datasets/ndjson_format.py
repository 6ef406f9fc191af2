"""NDJSON, compressed with gzip: one line of JSON per drawing, with all attributes of `Row`."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, Self
from uuid import UUID

from recognizer.datasets import DatasetError, Row
from recognizer.datasets.limits import read_lines, require_regular_file
from recognizer.models import Label
from recognizer.models.strokes import are_strokes

FILE: Final = "drawings.ndjson.gz"
# Images of other programs may be much larger than those that the site stores.
MAX_LINE_LENGTH: Final = 20_000_000
MAX_WRITER_LENGTH: Final = 1000
# Python cannot add an hour to the last moments of the year 9999, or convert all of them to UTC.
MIN_YEAR: Final = 1900
MAX_YEAR: Final = 2999
INVALID_LINE_ERRORS: Final = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    DatasetError,
)


class Writer:
    """Write `drawings.ndjson.gz`."""

    def __init__(self, folder: Path) -> None:
        self._file: IO[str] = gzip.open(folder / FILE, "wt", compresslevel=5)  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def write(self, row: Row) -> None:
        drawing = {
            "id": row.id and str(row.id),
            "created": row.created and row.created.isoformat(),
            "writer": row.writer,
            "split": row.split,
            "label": None if row.label == Label.NOT_A_DIGIT else row.label,
            "strokes": row.strokes,
            "image": row.image and base64.b64encode(row.image).decode(),
            "pixels": base64.b64encode(row.pixels).decode(),
        }
        self._file.write(f"{json.dumps(drawing)}\n")

    def __exit__(self, *error: object) -> None:
        self._file.close()


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, compressed or not, or of `drawings.ndjson.gz` in a folder.

    Raises `DatasetError` if a line is invalid.
    """
    path = require_regular_file(path / FILE if path.is_dir() else path)
    opener: Callable[..., IO[str]] = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig") as lines:
        for line_number, line in read_lines(lines, path.name, MAX_LINE_LENGTH):
            try:
                yield _parse_row(json.loads(line))
            except INVALID_LINE_ERRORS as error:
                raise DatasetError(f"{path.name}, line {line_number}: {error!r}") from error


def _parse_row(drawing: Any) -> Row:
    label, writer, strokes = drawing["label"], drawing.get("writer"), drawing.get("strokes")
    # The values "7", 7.9 and true are not labels, although int() accepts them.
    if label is not None and type(label) is not int:
        raise DatasetError("the label must be a whole number or null")
    if writer is not None and (not isinstance(writer, str) or len(writer) > MAX_WRITER_LENGTH):
        raise DatasetError(f"the writer must be a text of up to {MAX_WRITER_LENGTH} characters")
    (writer or "").encode()  # raises ValueError if it contains half of a surrogate pair
    if strokes is not None and not are_strokes(strokes):
        raise DatasetError("the strokes are not valid: see the documentation of the API")
    return Row(
        pixels=base64.b64decode(drawing["pixels"], validate=True),
        label=Label.NOT_A_DIGIT if label is None else label,
        split="test" if drawing.get("split") == "test" else "train",
        id=UUID(drawing["id"]) if drawing.get("id") else None,
        created=_parse_utc(drawing["created"]) if drawing.get("created") else None,
        writer=writer,
        image=base64.b64decode(drawing["image"], validate=True) if drawing.get("image") else None,
        strokes=strokes,
    )


def _parse_utc(text: str) -> datetime:
    """Parse a date and time in ISO 8601. Without a UTC offset, it is read as UTC.

    Raises `DatasetError` if the year is not between `MIN_YEAR` and `MAX_YEAR`.
    """
    moment = datetime.fromisoformat(text)
    if not MIN_YEAR <= moment.year <= MAX_YEAR:
        raise DatasetError(f"the year must be between {MIN_YEAR} and {MAX_YEAR}")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
