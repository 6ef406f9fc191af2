"""Settings from environment variables, typed; nonsense stops the start with a sentence."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def flag(name: str, default: bool) -> bool:
    """`on` or `off`."""
    value = os.environ.get(name) or ("on" if default else "off")
    if value not in ("on", "off"):
        raise ImproperlyConfigured(f"{name} must be on or off, not {value!r}.")
    return value == "on"


def whole_number(name: str, default: int) -> int:
    """A whole number, 0 or more."""
    value = os.environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def names(name: str, default: str) -> list[str]:
    """Names with commas between them."""
    return [part.strip() for part in (os.environ.get(name) or default).split(",") if part.strip()]


def folder(name: str, default: Path) -> Path:
    """A folder of ours, made when missing."""
    path = Path(os.environ.get(name) or default).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name} must be a folder that can be made: {error}") from error
    return path


def secret_key(kept_in: Path) -> str:
    """`SECRET_KEY`, or else a random one, made at the first start and kept in a file."""
    given = os.environ.get("SECRET_KEY", "")
    if given:
        if len(given) < 50:
            raise ImproperlyConfigured("SECRET_KEY must have at least 50 characters.")
        return given
    try:
        # Mode "x": of two processes that start at once, one makes the key and both use it.
        with open(kept_in, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    key = kept_in.read_text()
    if len(key) < 50:
        raise ImproperlyConfigured(f"{kept_in} is damaged: delete it (visitors are logged out).")
    return key
