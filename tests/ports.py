"""Ports of loopback: one that nobody else gets meanwhile, and one where nobody is."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

LOOPBACK = "127.0.0.1"
# Nobody listens at the port of a protocol that nobody speaks any more (TCPMUX).
NOWHERE = f"http://{LOOPBACK}:1"


@contextmanager
def a_port() -> Iterator[int]:
    """A port that stays bound, and where nobody listens but a server that shares it, as ours do."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind((LOOPBACK, 0))
        port: int = kept.getsockname()[1]
        yield port
