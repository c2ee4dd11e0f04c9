"""How long a body may take to come: whoever sends slowly holds a thread that others wait for.

A body has a time to begin with, and more for every byte of it that has come. With many bodies under way at once there
is hardly any time to begin with, so that whoever sends nothing can't keep others out.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar

from api.errors import TooSlow

Piece = TypeVar("Piece")

SECONDS, HURRIED_SECONDS = 15.0, 1.0
BYTES_PER_SECOND = 32 * 1024
# With so many bodies under way there is a crowd.
CROWD = 8
LOOK_EVERY = 0.2


class Patience:
    """How long the bodies that come to a process are waited for."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock, self._under_way = Lock(), 0

    def begin(self) -> float:
        """The time at which a body begins to come."""
        return self._now()

    def wait(self, coming: "Future[Piece]", begun: float, come: int) -> Piece:
        """The next piece of a body that began to come at a time, and of which so many bytes have come.

        Raises `TooSlow` when it takes too long; then nobody waits for it any more.
        """
        with self._lock:
            self._under_way += 1
        try:
            while True:
                try:
                    return coming.result(LOOK_EVERY)
                except TimeoutError:
                    self._check(coming, begun, come)
        finally:
            with self._lock:
                self._under_way -= 1

    def _check(self, coming: "Future[Any]", begun: float, come: int) -> None:
        begins_with = HURRIED_SECONDS if self._under_way >= CROWD else SECONDS
        if self._now() - begun > begins_with + come / BYTES_PER_SECOND:
            coming.cancel()
            raise TooSlow from None
