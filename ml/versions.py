"""What a model's card says of the software that made it."""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow")


def library_versions() -> dict[str, str]:
    """The versions of Python and of all that a training's result depends on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def code_sha256() -> str:
    """SHA-256 over the source of `ml`: all of our code that a training's result depends on."""
    sha = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        sha.update(path.name.encode() + path.read_bytes())
    return sha.hexdigest()
