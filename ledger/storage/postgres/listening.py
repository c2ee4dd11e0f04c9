"""Being woken when the log grows, by whichever process: PostgreSQL's notifications, on a connection of their own.

They only say that it is worth looking. Who waits has looked after it began to listen, looks again when woken, and now
and then without: so nothing is missed when a notification is. A standby cannot be listened to; there one looks often.
"""

import os
import select
import threading
from collections.abc import Callable
from contextlib import closing

import psycopg

from ledger.storage.port import POLL_SECONDS
from ledger.storage.postgres.connections import Server, connect
from ledger.storage.postgres.schema import CHANNEL

UNHEARD_SECONDS = 1.0
LISTEN = f"LISTEN {CHANNEL}"


class Listener:
    """Calls `wake` when the log has grown, from a thread that begins when somebody first listens."""

    def __init__(self, server: Server, wake: Callable[[], None]) -> None:
        self._server, self._wake = server, wake
        self._lock = threading.Lock()
        self._process = 0
        self._thread: threading.Thread | None = None
        self._hears = False

    def listen(self) -> None:
        """Begin to listen, unless that was done before in this process."""
        with self._lock:
            if self._thread is None or self._process != os.getpid():
                self._process, self._hears = os.getpid(), False
                self._ending, self._end = os.pipe()
                self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
                self._thread.start()

    def pause(self) -> float:
        """After how many seconds to look again unwoken."""
        return UNHEARD_SECONDS if self._hears else POLL_SECONDS

    def close(self) -> None:
        """Listen no longer."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is not None and self._process == os.getpid():
                os.write(self._end, b".")
                thread.join()
                os.close(self._ending)
                os.close(self._end)

    def _run(self) -> None:
        ended = False
        while not ended:
            try:
                self._hear()
                return
            except psycopg.Error:
                self._hears = False
            ended = self._ended_within(UNHEARD_SECONDS)

    def _hear(self) -> None:
        """Wake whoever waits at each notification, until it is ended."""
        with closing(connect(self._server.conninfo)) as connection:
            connection.execute(LISTEN)
            self._hears = True
            self._wake()
            while not self._ended_within(None, connection.fileno()):
                for _ in connection.notifies(timeout=0):
                    pass
                self._wake()
        self._hears = False

    def _ended_within(self, seconds: float | None, *others: int) -> bool:
        """Wait for the end, or for something on these sockets; whether it was the end."""
        ready, _, _ = select.select([self._ending, *others], [], [], seconds)
        return self._ending in ready
