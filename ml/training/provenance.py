"""Identify the code and the libraries that a model was trained with, for its card."""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

LIBRARIES: Final = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow")
PACKAGE: Final = Path(__file__).parents[1]  # the folder of `ml`


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the main libraries that affect a trained model."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def code_sha256() -> str:
    """Return one SHA-256 of the paths and contents of all Python files of `ml`.

    For the same training data, the weights depend on no other code of the project.
    """
    sha = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        sha.update(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes())
    return sha.hexdigest()
