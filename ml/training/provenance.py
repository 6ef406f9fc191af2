"""Record in a model's card which software trained it."""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

LIBRARIES: Final = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow")
PACKAGE: Final = Path(__file__).parents[1]  # the folder of `ml`


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a training's result depends on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def code_sha256() -> str:
    """Return the SHA-256 of all source files of `ml`, each with its path.

    A training's result depends on this code and no other of the project.
    """
    sha = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        sha.update(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes())
    return sha.hexdigest()
