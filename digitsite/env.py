"""Settings from environment variables and from the file .env next to manage.py.

The environment takes precedence over the file. An empty variable counts as not set. An invalid
value raises `ImproperlyConfigured`. The message is one sentence that names the variable.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvValidationError, ValidationError, validate

BASE_DIR: Final = Path(__file__).resolve().parent.parent

PORT_NUMBER: Final = validate.Range(1, 65535, error="must be a whole number from 1 to 65535.")
COUNT: Final = validate.Range(0, error="must be a whole number, 0 or more.")
MIN_SECRET_LENGTH: Final = 50
SECRET: Final = validate.Length(
    MIN_SECRET_LENGTH, error=f"must have at least {MIN_SECRET_LENGTH} characters."
)
TOKEN: Final = validate.Regexp(
    r"[ -~]{20,}\Z", error="must be empty, or 20 printable ASCII characters or more."
)
SHA256: Final = validate.Regexp(r"[0-9a-f]{64}\Z", error="must be 64 hexadecimal digits.")
HOST: Final = validate.Regexp(
    r"(\*|\.?[\w-]+(\.[\w-]+)*\.?|\[[0-9a-fA-F:.]+\])\Z",
    flags=re.ASCII,  # Browsers send münchen.example as xn--mnchen-3ya.example.
    error="must be host names such as digits.example or xn--mnchen-3ya.example, without http:// "
    "and without a port, separated by commas.",
)
ORIGIN: Final = validate.Regexp(
    r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d+)?\Z",
    error="must be origins such as https://example.org, separated by commas.",
)
PREFIX: Final = validate.Regexp(
    r"(/[\w.~-]+)+\Z",
    flags=re.ASCII,  # The prefix is part of headers.
    error="must be a path such as /digits, in ASCII and without a slash at its end.",
)


class SettingsEnv(Env):
    """A reader of environment variables, with the types that settings have."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        return super()._get_value(env_key, default) or default

    def switch(self, name: str, default: bool) -> bool:
        """Return whether the variable is on, in any usual spelling: on, true, yes or 1."""
        errors: dict[str, Any] = {"error_messages": {"invalid": "must be on or off."}}
        with one_sentence(name):
            return self.bool(name, default, **errors)

    def number(self, name: str, default: int, valid: validate.Range) -> int:
        """Return a whole number."""
        errors: dict[str, Any] = {"error_messages": {"invalid": valid.error}}
        with one_sentence(name):
            return self.int(name, default, validate=valid, **errors)

    def text(self, name: str, default: str = "", valid: validate.Validator | None = None) -> str:
        """Return the text of the variable."""
        with one_sentence(name):
            return self.str(name, default, validate=valid)

    def names(self, name: str, default: str, valid: validate.Validator) -> list[str]:
        """Return the items of a comma-separated list, without surrounding spaces."""
        items = (item.strip() for item in self.str(name, default).split(","))
        with one_sentence(name):
            return [valid(item) for item in items if item]

    def file(self, name: str, default: Path) -> Path:
        """Return an absolute path. A relative path starts at the folder of manage.py."""
        return (BASE_DIR / self.path(name, default)).resolve()

    def folder(self, name: str, default: Path) -> Path:
        """Return the path of a folder, which is created if it does not exist."""
        path = self.file(name, default)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"{name} must be a folder that can be created: {error}"
            raise ImproperlyConfigured(message) from error
        return path


@contextmanager
def one_sentence(name: str) -> Iterator[None]:
    """Raise `ImproperlyConfigured` with the variable's name if a value is invalid."""
    try:
        yield
    except EnvValidationError as error:
        raise ImproperlyConfigured(f"{name} {' '.join(error.error_messages)}") from error
    except ValidationError as error:
        raise ImproperlyConfigured(f"{name} {' '.join(error.messages)}") from error


env: Final = SettingsEnv()
try:
    env.read_env(BASE_DIR / ".env", recurse=False)
except UnicodeDecodeError as error:
    raise ImproperlyConfigured(f"{BASE_DIR / '.env'} must be a text file in UTF-8.") from error
