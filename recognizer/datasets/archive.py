"""Export a dataset as one ZIP file."""

import tempfile
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings

from recognizer.datasets.exporter import ExportSelection, export

FOLDER: Final = "dataset"  # contains all files of the ZIP file
COMPRESSED: Final = {".npz", ".gz", ".zip"}


def export_zip(format_name: str, selection: ExportSelection, *, by: Any) -> IO[bytes]:
    """Return a ZIP file with the folder that `export` writes, open for reading.

    The file has no name, so it vanishes when it is closed. Neither the dataset nor the file is ever
    in memory as a whole. Raises `DatasetError` or `OSError` if the dataset cannot be written.
    """
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile(dir=settings.DATA_DIR))
        with tempfile.TemporaryDirectory(dir=settings.DATA_DIR) as folder:
            export(format_name, Path(folder, FOLDER), selection, by=by)
            _write_zip(Path(folder), file)
        file.seek(0)
        stack.pop_all()  # The caller closes the file.
        return file


def _write_zip(folder: Path, file: IO[bytes]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            is_compressed = path.suffix in COMPRESSED
            method = zipfile.ZIP_STORED if is_compressed else zipfile.ZIP_DEFLATED
            archive.write(path, path.relative_to(folder), method, compresslevel=1)
