#!/usr/bin/env python
"""Django's command-line utility."""

import errno
import io
import os
import signal
import sys
from typing import Final

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import Error

EXIT_BROKEN_PIPE: Final = 141  # as in a shell after SIGPIPE


def main() -> None:
    """Execute a command. End quietly if the program that reads the output, such as `head`, ends."""
    # SIGTERM raises KeyboardInterrupt, as Ctrl-C does, so that commands can clean up and report.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    open_missing_streams()
    # A file name may contain bytes that are not UTF-8. Standard error escapes them by default.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            execute()
        finally:
            # Otherwise, Python would write the rest of the output when it exits, and report errors.
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_BROKEN_PIPE)


def open_missing_streams() -> None:
    """Open the null device for each standard stream that the caller has closed, such as by `>&-`.

    Otherwise, a command would do its work, and then fail to report it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def execute() -> None:
    """Execute a command. Report an error that the operator can solve in one sentence."""
    settings = os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
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
    except UnicodeEncodeError as error:
        raise_if_no_argument(error)
        sys.exit(f"Error: {os.fsencode(error.object)!r} in the arguments is not valid UTF-8.")
    except ModuleNotFoundError as error:
        if not error.name or not f"{settings}.".startswith(f"{error.name}."):
            raise
        sys.exit(f"Error: DJANGO_SETTINGS_MODULE names {settings}, which does not exist. Unset it.")
    except KeyboardInterrupt:
        # The command did not handle the exception.
        sys.stderr.write("\nInterrupted.\n")
        sys.exit(130)


def raise_if_no_argument(error: UnicodeEncodeError) -> None:
    """Raise the error again unless its text is in the command's arguments.

    An argument may name a file with bytes that are not UTF-8, but the database stores only UTF-8.
    """
    if not any(error.object in argument for argument in sys.argv):
        raise error


if __name__ == "__main__":
    main()
