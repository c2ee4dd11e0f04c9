"""How long a body may take to come: whoever sends slowly holds a thread that others wait for.

A body has a time to begin with, and more for every byte of it that has come. With many bodies under way at once there
is hardly any time to begin with, so that whoever sends nothing can't keep others out.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, Protocol

from api.http.problems import BadRequest

SECONDS, HURRIED_SECONDS = 15.0, 1.0
BYTES_PER_SECOND = 32 * 1024
# With so many bodies under way there is a crowd.
CROWD = 8
# Who has given up waiting leaves a thread behind until the connection is closed, which happens at once.
WAITING = 64
LOOK_EVERY = 0.2


class Body(Protocol):
    """What a server hands in of a request's body."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes."""


class Patience:
    """How long the bodies that come to a process are waited for."""

    def __init__(self, now: Callable[[], float] = time.monotonic, seconds: float = SECONDS) -> None:
        self._now, self._seconds = now, seconds
        self._pool = ThreadPoolExecutor(WAITING, "body")
        self._lock, self._under_way = Lock(), 0

    def on(self, environ: dict[str, Any]) -> dict[str, Any]:
        """The environment of a request whose body is waited for no longer than this."""
        if environ["REQUEST_METHOD"] != "POST":
            return environ
        return environ | {"wsgi.input": _Awaited(self, environ["wsgi.input"])}

    def read(self, body: Body, size: int, begun: float, come: int) -> bytes:
        """What comes next of a body that has begun to come at a time. Raises `BadRequest` when that takes too long."""
        with self._lock:
            self._under_way += 1
        try:
            coming = self._pool.submit(body.read, size)
            while True:
                try:
                    return coming.result(LOOK_EVERY)
                except TimeoutError:
                    if self._now() - begun > self._allowed(come):
                        raise BadRequest("too-slow", "Nothing was recorded.") from None
        finally:
            with self._lock:
                self._under_way -= 1

    def begin(self) -> float:
        """The time at which a body begins to come."""
        return self._now()

    def _allowed(self, come: int) -> float:
        hurried = self._under_way >= CROWD
        return min(self._seconds, HURRIED_SECONDS if hurried else self._seconds) + come / BYTES_PER_SECOND


class _Awaited:
    """A body that is waited for."""

    def __init__(self, patience: Patience, body: Body) -> None:
        self._patience, self._body = patience, body
        self._begun, self._come = patience.begin(), 0

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes."""
        piece = self._patience.read(self._body, size, self._begun, self._come)
        self._come += len(piece)
        return piece
