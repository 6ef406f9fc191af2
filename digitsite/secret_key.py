"""The secret key that signs cookies and sessions."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from digitsite.env import MIN_SECRET_LENGTH, SECRET, env


def secret_key(path: Path) -> str:
    """Return `SECRET_KEY`. If it is not set, return a random key from the file `path`.

    The first start of the site creates the file. Raises `ImproperlyConfigured` if the key is
    invalid, or cannot be read.
    """
    if given := env.text("SECRET_KEY", valid=SECRET):
        return given
    try:
        if not path.exists():
            _create(path)
        key = path.read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The secret key cannot be read or created: {error}. Make DATA_DIR writable, or set "
            "SECRET_KEY."
        ) from error
    if len(key) < MIN_SECRET_LENGTH:
        raise ImproperlyConfigured(f"{path} is damaged. Delete it. This ends all sessions.")
    return key


def _create(path: Path) -> None:
    """Create the file, unless another process that starts at the same moment has created it."""
    # mkstemp() makes the file readable by its owner only.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with open(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
            file.flush()
            os.fsync(handle)
        # A link appears with its whole content, and never replaces an existing file.
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)
