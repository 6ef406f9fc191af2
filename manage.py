#!/usr/bin/env python
"""Django's command-line utility."""

import os
import signal
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
    # SIGTERM does the same as Ctrl-C, so that a command can undo and report what it has begun.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:  # The command does not handle it.
        sys.stderr.write("\nInterrupted.\n")
        sys.exit(130)
