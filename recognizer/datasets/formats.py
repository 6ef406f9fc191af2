"""The formats that `export_dataset` and `import_dataset` support."""

from types import ModuleType
from typing import Final

from recognizer.datasets import csv_format, idx_format, ndjson_format, npz_format, png_format

# Maps the name on the command line to the module with `Writer` and `read`.
FORMATS: Final[dict[str, ModuleType]] = {
    "npz": npz_format,
    "idx": idx_format,
    "csv": csv_format,
    "png": png_format,
    "ndjson": ndjson_format,
}
