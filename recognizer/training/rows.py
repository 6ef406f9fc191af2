"""The type of the selected rows."""

from typing import Any

# A named tuple with the columns of `training_data.labelled_rows`. mypy cannot name its type.
Row = Any
