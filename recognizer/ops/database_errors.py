"""Describe database errors to the operator: what is missing, and what to do. Log outages."""

import logging
import re
from typing import Final

from django.db import InternalError, connection

POSTGRES_ERRORS: Final = {
    r'database "(.+)" does not exist': "There is no database “{0}” in PostgreSQL at {server}. "
    "Create it (createdb), or correct DATABASE_URL.",
    r'role "(.+)" does not exist': "There is no role “{0}” in PostgreSQL at {server}. "
    "Create it (createuser), or correct DATABASE_URL.",
    r'password authentication failed for user "(.+)"|no password supplied': "PostgreSQL at "
    "{server} refuses the password of the role “{user}”. Correct DATABASE_URL.",
    r"failed to resolve host '(.+?)'": "There is no host “{0}”. Correct DATABASE_URL.",
    r"Connection refused|No such file or directory|timeout": "PostgreSQL does not answer at "
    "{server}. Start it, or correct the host and port in DATABASE_URL.",
    r"read-only transaction": "PostgreSQL at {server} is read-only, as a standby is. Use its "
    "primary server, or make the database writable.",
}
MISSING_TABLE: Final = re.compile(r'relation ".+" does not exist|no such (table|column)')
DAMAGED_FILE: Final = re.compile("file is not a database|database disk image is malformed")

log = logging.getLogger(__name__)


def describe(error: Exception) -> str:
    """Return an error of the database, or another error, as one sentence or two."""
    if isinstance(error, OSError) and error.strerror:
        path = error.filename2 or error.filename
        return f"{path}: {error.strerror}." if path else f"{error.strerror}."
    text = " ".join(str(error).split())
    if MISSING_TABLE.search(text):
        return "The database is not up to date. Run manage.py migrate."
    if DAMAGED_FILE.search(text):
        file = connection.settings_dict["NAME"]
        return f"The SQLite database {file} is damaged. Move it away, and restore a backup."
    # A missing file has the same text as a missing socket of PostgreSQL.
    if connection.vendor == "postgresql" and not isinstance(error, OSError):
        settings = connection.settings_dict
        server = f"{settings['HOST'] or 'its local socket'}, port {settings['PORT'] or 5432}"
        for pattern, sentence in POSTGRES_ERRORS.items():
            if found := re.search(pattern, text):
                names = {"server": server, "user": settings["USER"]}
                return sentence.format(*found.groups(), **names)
    return f"{text.rstrip('.')}."


def handle_outage(error: BaseException) -> None:
    """Log an error that the site answers with status 503, and end a read-only connection."""
    log.error("answered with 503: %s", error)
    # A connection to a read-only PostgreSQL can stay read-only after the server became writable.
    if isinstance(error, InternalError) and not connection.in_atomic_block:
        connection.close()
