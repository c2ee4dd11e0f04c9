"""Putting off Python's search for unreachable cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No cycles are searched for in this block, for building what stays to its end and has none.

    Millions of such objects would be looked through again and again, which takes a quarter of the time.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
