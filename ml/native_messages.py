"""Hide messages of TensorFlow and LiteRT for which they have no setting."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Both write these lines before their log levels apply: hints about GPUs and processors.
HIDDEN: Final = re.compile(
    rb"[IW]\d{4} |WARNING: All log messages before absl::InitializeLog"
    rb"|INFO: Created TensorFlow Lite|To enable the following instructions"
)
STANDARD_ERROR: Final = 2

_lock = threading.Lock()  # Two threads could not restore the file descriptor in the right order.


@contextmanager
def native_messages_hidden() -> Iterator[None]:
    """Collect what the process writes to standard error, and drop these lines at the end (Linux).

    The libraries write to the file descriptor, so replacing `sys.stderr` would not help.
    """
    if not hasattr(os, "memfd_create"):
        yield
        return
    with _lock, os.fdopen(os.memfd_create("stderr"), "rb") as lines:
        original = os.dup(STANDARD_ERROR)
        os.dup2(lines.fileno(), STANDARD_ERROR)
        try:
            yield
        finally:
            os.dup2(original, STANDARD_ERROR)
            os.close(original)
            lines.seek(0)
            for line in lines:
                if not HIDDEN.match(line):
                    os.write(STANDARD_ERROR, line)
