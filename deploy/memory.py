"""Returns the memory that a large workbook needed to the system."""

from __future__ import annotations

import contextlib
import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of glibc's mallopt(3)."""
LARGE = 1 << 20
"""Bytes from which a buffer is a mapping of its own."""


def give_back_large_buffers() -> None:
    """Call once, before threads start. glibc raises its threshold to the largest buffer that it has seen: after one upload of ten megabytes every later one
    would lie in the heap, and each worker thread would keep an arena of its own. Elsewhere (musl, macOS) nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        for option, value in ((_MMAP_THRESHOLD, LARGE), (_TRIM_THRESHOLD, LARGE), (_ARENA_MAX, 2)):
            libc.mallopt(option, value)
