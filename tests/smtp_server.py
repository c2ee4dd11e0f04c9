"""A server that speaks SMTP (RFC 5321) on loopback, well or badly, and keeps what it was handed.

With a certificate it offers STARTTLS (RFC 3207), and with a password it wants to be logged in to (RFC 4954, PLAIN).
"""

import os
import signal
import socketserver
import ssl
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Event, Thread
from typing import Any

from tests.stores import PATIENCE

GOOD_BYE = b"221 bye"


class Smtp(socketserver.ThreadingTCPServer):
    """What came in stands in `received`; the rest says how it behaves."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Session)
        self.received: list[EmailMessage] = []
        self.connections = 0
        self.refuses: dict[str, bytes] = {}
        self.drops_after = 10**9
        self.silent = Event()
        self.released = Event()
        self.kills: Event | None = None
        self.pid = 0
        self.certificate: ssl.SSLContext | None = None
        self.login: tuple[str, str] | None = None
        self.logged_in: list[tuple[str, str]] = []
        self.encrypted: list[bool] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def to(self) -> list[str]:
        return [str(one["To"]) for one in self.received]

    def ids(self) -> list[str]:
        return [str(one["Message-ID"]) for one in self.received]


class _Session(socketserver.StreamRequestHandler):
    server: Smtp

    def handle(self) -> None:
        self.server.connections += 1
        self.encrypted = False
        self._say(b"220 loopback ready")
        while line := self._line():
            verb = line.strip().split(b" ")[0].upper()
            if self.server.silent.is_set():
                self.server.released.wait(PATIENCE)
                return
            answer = getattr(self, f"_{verb.decode().lower()}", self._unknown)(line.strip())
            if answer is None:
                return
            self._say(answer)
            if answer == GOOD_BYE:
                return
            if verb == b"STARTTLS":
                self._encrypt()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def _line(self) -> bytes:
        with suppress(OSError):
            return self.rfile.readline()
        return b""

    def _say(self, answer: bytes) -> None:
        self.wfile.write(answer + b"\r\n")

    def _encrypt(self) -> None:
        assert self.server.certificate is not None
        # A client that does not trust the certificate hangs up in the middle of it.
        self.request = self.server.certificate.wrap_socket(
            self.request, server_side=True, do_handshake_on_connect=False
        )
        with suppress(OSError):
            self.request.do_handshake()
        self.setup()
        self.encrypted = True

    def _ehlo(self, _: bytes) -> bytes:
        offers = [b"loopback", *([b"STARTTLS"] if self.server.certificate and not self.encrypted else [])]
        offers += [b"AUTH PLAIN"] if self.server.login else []
        return b"\r\n".join(
            b"250" + (b"-" if place < len(offers) else b" ") + one for place, one in enumerate(offers, 1)
        )

    def _starttls(self, _: bytes) -> bytes:
        return b"220 go on"

    def _auth(self, line: bytes) -> bytes:
        _, user, password = b64decode(line.split(b" ")[2]).decode().split("\0")
        self.server.logged_in.append((user, password))
        return b"235 welcome" if (user, password) == self.server.login else b"535 who are you?"

    def _mail(self, _: bytes) -> bytes:
        return b"250 ok"

    def _rcpt(self, line: bytes) -> bytes:
        address = line.partition(b"<")[2].partition(b">")[0].decode()
        return self.server.refuses.get(address, b"250 ok")

    def _data(self, _: bytes) -> bytes | None:
        if len(self.server.received) >= self.server.drops_after:
            return None
        self._say(b"354 go on")
        content = b""
        while (part := self.rfile.readline()) not in (b".\r\n", b""):
            content += part.removeprefix(b".") if part.startswith(b"..") else part
        message: Any = message_from_bytes(content, policy=policy.default)
        self.server.received.append(message)
        self.server.encrypted.append(self.encrypted)
        if self.server.kills is not None:
            # It has the message, and the sender never learns of it.
            self.server.kills.wait(PATIENCE)
            os.kill(self.server.pid, signal.SIGKILL)
            return None
        return b"250 taken"

    def _rset(self, _: bytes) -> bytes:
        return b"250 ok"

    def _quit(self, _: bytes) -> bytes:
        return GOOD_BYE

    def _unknown(self, _: bytes) -> bytes:
        return b"502 what?"


@contextmanager
def served(server: Any) -> Iterator[Any]:
    """The server, answering until the block ends."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
