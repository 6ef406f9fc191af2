"""Return the memory of large images to the operating system.

glibc keeps freed memory in an arena for each thread, and can only return that of the first arena.
Other C libraries have no such arenas.
"""

import ctypes
import gc
import os
from typing import Any, Final

M_ARENA_MAX: Final = -8  # from malloc.h
_libc: Any = ctypes.CDLL(None) if os.name == "posix" else None
_has_arenas: Final = hasattr(_libc, "mallopt") and hasattr(_libc, "malloc_trim")


def share_arena() -> None:
    """Let all threads that start from now on share one arena.

    Python's threads rarely allocate memory at the same time, so they hardly wait for each other.
    """
    if _has_arenas:
        _libc.mallopt(M_ARENA_MAX, 1)


def return_freed() -> None:
    """Return freed memory to the operating system.

    Django REST framework's requests refer to themselves, so only the garbage collector frees them
    and their images.
    """
    gc.collect()
    if _has_arenas:
        _libc.malloc_trim(0)
