"""The secret key that signs cookies and sessions."""

import os
import secrets
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from django.core.exceptions import ImproperlyConfigured

from digitsite.env import MIN_SECRET_LENGTH, SECRET, env

# How long to wait for another process that has created the file, but not yet written the key.
WRITE_SECONDS: Final = 2.0


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
        key = _read(path)
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
        _publish(temporary, path)
    finally:
        os.unlink(temporary)


def _publish(temporary: str, path: Path) -> None:
    """Give the content of `temporary` its name, unless another process has created this file."""
    try:
        # A link appears with its whole content, and never replaces an existing file.
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:
        # This file system, such as exFAT, has no hard links.
        _copy(temporary, path)


def _copy(temporary: str, path: Path) -> None:
    """Copy `temporary`, unless `path` exists. `_read` in other processes waits for the content."""
    content = Path(temporary).read_bytes()
    with suppress(FileExistsError), open(path, "xb", opener=_open_as_private) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except OSError:  # The disk is full.
            path.unlink()
            raise


def _open_as_private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _read(path: Path) -> str:
    """Return the key, or an empty string if the file is damaged."""
    deadline = time.monotonic() + WRITE_SECONDS
    while path.stat().st_size < MIN_SECRET_LENGTH and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        # An editor or `echo` ends the file of a restored key with a line break.
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        return ""
