#!/usr/bin/env python
"""Django's command-line utility."""

import errno
import os
import signal
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
    # SIGTERM raises KeyboardInterrupt, as Ctrl-C does, so that commands can clean up and report.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, PermissionError) as error:
        # The operator can solve this, and needs no traceback.
        sys.exit(f"Error: {error}")
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.ENOSPC, errno.EDQUOT):
            raise
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        # The command did not handle the exception.
        sys.stderr.write("\nInterrupted.\n")
        sys.exit(130)
