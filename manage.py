#!/usr/bin/env python
"""Django's command-line utility."""

import errno
import io
import os
import signal
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import Error


def main() -> None:
    """Execute a command. Report an error that the operator can solve in one sentence."""
    settings = os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
    # SIGTERM raises KeyboardInterrupt, as Ctrl-C does, so that commands can clean up and report.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A file name may contain bytes that are not UTF-8. Standard error escapes them by default.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, PermissionError) as error:
        sys.exit(f"Error: {error}")
    except Error as error:
        from recognizer.ops.database_errors import describe

        if "--traceback" in sys.argv:
            raise
        sys.exit(f"Error: {describe(error)}")
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.ENOSPC, errno.EDQUOT):
            raise
        sys.exit(f"Error: {error}")
    except ModuleNotFoundError as error:
        if not error.name or not f"{settings}.".startswith(f"{error.name}."):
            raise
        sys.exit(f"Error: DJANGO_SETTINGS_MODULE names {settings}, which does not exist. Unset it.")
    except KeyboardInterrupt:
        # The command did not handle the exception.
        sys.stderr.write("\nInterrupted.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
