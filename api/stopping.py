"""Being told to stop, more than once: Ctrl-C reaches every process of a server, and the first tells the others, too.

Granian would wait for a lock that it holds itself: in the first process when a signal comes while another is taken note
of, and in a worker when one comes while that is shutting down. Then nothing stops before it is killed.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from granian.server.common import AbstractServer


class Bell:
    """What somebody waits for, as for a `threading.Event`; a signal handler may ring it, whatever it interrupts."""

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Ring it."""
        self._rung.put(None)

    def wait(self) -> None:
        """Wait until it rings, or find that it has."""
        self._rung.get()

    def clear(self) -> None:
        """Forget that it has rung."""
        with suppress(Empty):
            while True:
                self._rung.get_nowait()


def serve_until_told(server: AbstractServer[Any], **how: Any) -> None:
    """Serve until it is told to stop. Raises `SystemExit` when it ends of itself."""
    vars(server)["main_loop_interrupt"] = Bell()
    try:
        server.serve(**how)
    except SystemExit:
        # A worker that the same signal reached first ended before the others were told to, and that is no failure.
        if not server.interrupt_signal:
            raise


def hear_the_first() -> None:
    """Have the first signal that comes to this worker handled, and let any later one go by."""
    loop = asyncio.get_event_loop()
    add, heard = loop.add_signal_handler, False

    def handle(callback: Callable[..., Any], *arguments: Any) -> None:
        nonlocal heard
        if not heard:
            heard = True
            callback(*arguments)

    def add_once(signal: int, callback: Callable[..., Any], *arguments: Any) -> None:
        add(signal, handle, callback, *arguments)

    vars(loop)["add_signal_handler"] = add_once
