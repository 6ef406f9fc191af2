"""What a model's card says of the software that made it."""

import platform
from importlib.metadata import version

LIBRARIES = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow")


def library_versions() -> dict[str, str]:
    """The versions of Python and of all that a training's result depends on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
