"""Keeps the memory that a training step frees for the next step.

Each step frees and takes again blocks of tens of megabytes. By default the C library hands such blocks back
to the system, which zeroes them anew page by page; kept, a step takes about three quarters of the time.
"""

import ctypes
import sys

# From glibc's malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_MOST = 2**31 - 1
_PAD = 2**28


def keep_freed_memory() -> bool:
    """Tells the C library, for the rest of this process; False where it is not glibc and nothing was told."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    return all(
        mallopt(name, value) for name, value in ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _MOST), (_TOP_PAD, _PAD))
    )
