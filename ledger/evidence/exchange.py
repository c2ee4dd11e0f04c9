"""One exchange over HTTP that ends in time, whatever the other side does, and reads no more than was agreed.

No redirection is followed, no proxy used: what is asked is the URL that was configured. An `https` URL needs a
certificate that this machine trusts (SSL_CERT_FILE names another collection).
"""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from typing import NamedTuple
from urllib.parse import urlsplit

from ledger.errors import Malformed, NoAnswer

MAX_SENTENCE = 200


class Answer(NamedTuple):
    """What came back: the status, the media type and the body."""

    status: int
    type: str
    body: bytes

    @property
    def sentence(self) -> str:
        """The first line of the body, fit to be shown."""
        line = self.body.partition(b"\n")[0].decode(errors="replace")[:MAX_SENTENCE]
        return "".join(letter if letter.isprintable() else "?" for letter in line)


def check_url(url: str) -> str:
    """The URL, without a slash at its end. Raises `Malformed` unless it is one that can be asked."""
    try:
        parts = urlsplit(url)
        there = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        there = False
    if not there or set(url) & set("?#@ ") or not (url.isascii() and url.isprintable()):
        raise Malformed("URL", url, "is not http(s)://host[:port][/path]")
    return url.rstrip("/")


def exchange(method: str, url: str, body: bytes, deadline: float, limit: int) -> Answer:
    """Ask a URL and give its answer, of at most `limit` bytes, before a time of the monotonic clock.

    Raises `NoAnswer`. Only looking up the host's name may take longer.
    """
    try:
        with closing(_connection(url, _left(deadline))) as connection:
            connection.connect()
            with _cut_off(connection.sock, deadline):
                return _answer(connection, method, url, body, limit)
    except TimeoutError as error:
        raise NoAnswer(url, "it took too long") from error
    except (OSError, HTTPException, UnicodeError) as error:
        late = time.monotonic() >= deadline
        raise NoAnswer(url, "it took too long" if late else str(error) or type(error).__name__) from error


def _answer(connection: HTTPConnection, method: str, url: str, body: bytes, limit: int) -> Answer:
    parts = urlsplit(url)
    connection.request(method, parts._replace(scheme="", netloc="").geturl() or "/", body, {"Connection": "close"})
    with connection.getresponse() as response:
        read = response.read(limit + 1)
        if len(read) > limit:
            raise HTTPException(f"it is longer than {limit:,} bytes")
        if response.length:
            raise HTTPException("it ended in the middle")
        return Answer(response.status, response.headers.get_content_type(), read)


def _connection(url: str, seconds: float) -> HTTPConnection:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=seconds)


def _left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


@contextmanager
def _cut_off(connected: socket.socket, deadline: float) -> Iterator[None]:
    """Break a connection off at a time: a timeout of the socket's begins anew with every byte."""

    def cut() -> None:
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    timer = Timer(_left(deadline), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
