"""A way to a server that can be cut at the worst moment: when a request has just been sent, or its answer has."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from queue import Queue

from tests.stores import PATIENCE


class Cut(Enum):
    """What becomes of the next request."""

    BEFORE = "it never arrives"
    AFTER = "it arrives, and its answer does not"
    LATE = "it arrives long after its connection is gone"


class Proxy:
    """Passes on what is said on its port to a server's socket, and back, until it is told to cut."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._cut: Cut | None = None
        self._open = True
        self._ends: list[socket.socket] = []
        self._at = b""
        self._mute: socket.socket | None = None
        self._late: list[tuple[socket.socket, bytes]] = []
        self._unheard: Queue[bytes] = Queue()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_next(self, cut: Cut, at: bytes = b"", *, for_good: bool = False) -> None:
        """Cut the connection on which something with `at` in it is asked next.

        With `for_good` nobody may connect any more.
        """
        self._at, self._cut, self._open = at, cut, not for_good

    def mend(self) -> None:
        """Let everybody connect again."""
        self._open = True

    @property
    def holds_something_back(self) -> bool:
        return bool(self._late)

    def deliver(self) -> bytes:
        """Let the request arrive that was held back; gives the answer that nobody hears."""
        server, request = self._late[-1]
        server.sendall(request)
        return self._unheard.get(timeout=PATIENCE)

    def close(self) -> None:
        for one in [self._listening, *self._ends]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if not self._open:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                self._ends += [client, server]
                threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(client, server), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while request := client.recv(65536):
                cut = self._cut
                if cut is None or self._at not in request:
                    server.sendall(request)
                    continue
                self._cut = None
                if cut is Cut.LATE:
                    self._late.append((server, request))
                if cut is not Cut.AFTER:
                    client.shutdown(socket.SHUT_RDWR)
                if cut is Cut.BEFORE:
                    server.shutdown(socket.SHUT_RDWR)
                if cut is not Cut.AFTER:
                    return
                self._mute = client
                server.sendall(request)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while answer := server.recv(65536):
                if any(late is server for late, _ in self._late):
                    self._unheard.put(answer)
                    continue
                if self._mute is client:
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(answer)


@contextmanager
def proxy(server: Path) -> Iterator[Proxy]:
    """A proxy before the socket of a server."""
    started = Proxy(server)
    try:
        yield started
    finally:
        started.close()
