#!/usr/bin/env python
"""Django's command-line utility."""

import os
import signal
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
    # To be told to end is the same as Ctrl-C: what was begun is undone, and said.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:  # commands that have nothing to say about it
        sys.stderr.write("\nInterrupted.\n")
        sys.exit(130)
