"""The application behind an asynchronous server: an ASGI 3 application around the WSGI one.

The event loop waits for bodies, and a thread for the event loop, no longer than there is patience for. A server that
reads bodies for WSGI itself can't be told to stop: granian sets no time limit on a body, and stands still when it is
answered while one is still awaited.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack
from io import RawIOBase
from typing import IO, Any, NamedTuple, Protocol, cast, runtime_checkable
from urllib.parse import unquote_to_bytes

from werkzeug.wsgi import FileWrapper

from api.errors import HungUp
from api.patience import Patience
from ledger.turns import Turns, waiting

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

THREADS = 24
# How long a call's headers may take to come, and how large they may be all together: this is the server's to see to.
HEADER_MILLISECONDS, HEADER_BYTES = 10_000, 64 * 1024
# How long a client may leave a piece of an answer untaken, and how large a piece of a file is.
TAKING_SECONDS, PIECE_BYTES = 60.0, 256 * 1024
# As WSGI calls them; all others are prefixed.
UNPREFIXED = {"CONTENT_TYPE", "CONTENT_LENGTH"}


@runtime_checkable
class Closable(Protocol):
    """What has to be told that its answer was sent."""

    def close(self) -> None:
        """Take note of it."""


class Exchange(NamedTuple):
    """A call on its way: what of it is still to come, and where its answer goes."""

    loop: asyncio.AbstractEventLoop
    receive: Receive
    send: Send
    first: "asyncio.Future[Message] | None" = None
    length: int = -1


class Gateway:
    """A WSGI application, called in a thread of its own pool for each request.

    `taking` is for how many seconds a client may leave a piece of an answer untaken, before it is cut off.
    """

    def __init__(
        self, application: Wsgi, patience: Patience, threads: int = THREADS, taking: float = TAKING_SECONDS
    ) -> None:
        self._application, self._patience, self._taking = application, patience, taking
        self._turns = Turns(threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it, for HTTP alone."""
        loop = asyncio.get_running_loop()
        first = asyncio.ensure_future(receive()) if _has_body(scope) else None
        if first:
            await asyncio.wait((first,), timeout=AT_ONCE_SECONDS)
        exchange, answered = Exchange(loop, receive, send, first, next((int(v) for n, v in scope["headers"] if n == b"content-length"), -1)), loop.create_future()

        def work() -> None:
            try:
                messages = self._answer(scope, exchange)
            except BaseException as error:
                _said(loop, answered, answered.set_exception, error)
            else:
                _said(loop, answered, answered.set_result, messages)

        if not self._turns.ask(work):
            loop.call_later(self._turns.seconds, self._turns.insist, work)
        for message in await answered:
            await send(message)

    def _answer(self, scope: Scope, exchange: Exchange) -> list[Message]:
        """The end of the answer, after all of it that is not the end was sent."""
        start: Message = {"type": "http.response.start"}

        def begin(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
            encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            start.update(status=int(status[:3]), headers=encoded)

        environ = environ_of(scope, _Coming(exchange, self._patience))
        with ExitStack() as ended:
            pieces = self._application(environ, begin)
            if isinstance(pieces, Closable):
                ended.callback(pieces.close)
            kept = [start]
            for message in _bodies(pieces):
                if len(kept) > 1:
                    self._send(exchange, kept)
                    kept = []
                kept.append(message)
        return [*kept, {"type": "http.response.body", "body": b"", "more_body": False}]

    def _send(self, exchange: Exchange, messages: Iterable[Message]) -> None:
        """Send what is not the end of an answer, at the pace at which the client takes it, if it takes it at all."""
        for message in messages:
            sending = asyncio.run_coroutine_threadsafe(_awaited(exchange.send(message)), exchange.loop)
            try:
                with waiting():
                    sending.result(self._taking)
            except TimeoutError:
                sending.cancel()
                raise HungUp from None


def _bodies(pieces: Iterable[bytes]) -> Iterator[Message]:
    return ({"type": "http.response.body", "body": piece, "more_body": True} for piece in pieces)


AT_ONCE_SECONDS = 0.005


def _has_body(scope):
    return scope["method"] in ("POST", "PUT", "PATCH")


def _said(loop: asyncio.AbstractEventLoop, answered: asyncio.Future[list[Message]], say: Callable[[Any], None], what: Any) -> None:
    """Say it in the event loop, unless nobody waits for it any more."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(lambda: None if answered.done() else say(what))


async def _awaited(sending: Awaitable[None]) -> None:
    await sending


def environ_of(scope: Scope, body: RawIOBase) -> dict[str, Any]:
    """A call as WSGI has it (PEP 3333)."""
    raw = scope.get("raw_path") or scope["path"].encode()
    host, port = scope.get("server") or ("127.0.0.1", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw.partition(b"?")[0]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": cast(IO[bytes], body),
        # What was received ends where the body ends.
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.errors": sys.stderr,
        "wsgi.file_wrapper": _pieces,
    }
    for name, value in scope["headers"]:
        if b"_" in name:
            # It would pass for another one, which whoever stands before us may have looked at.
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in UNPREFIXED else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


def _pieces(file: IO[bytes], size: int = 0) -> FileWrapper:
    return FileWrapper(file, max(size, PIECE_BYTES))


class _Coming(RawIOBase):
    """A body that comes piece by piece, and is waited for only so long."""

    def __init__(self, exchange: Exchange, patience: Patience) -> None:
        self._exchange, self._patience = exchange, patience
        self._begun, self._come = patience.begin(), 0
        self._left, self._more = b"", True
        self._first = True

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As `RawIOBase` has it. Raises `TooSlow` or `HungUp`."""
        first = self._exchange.first
        if self._first and first is not None and first.done() and not self._come:
            self._first = False
            self._left = self._piece(first.result())
            self._come += len(self._left)
        while not self._left and self._more:
            coming = asyncio.run_coroutine_threadsafe(self._next(), self._exchange.loop)
            with waiting():
                self._left = self._patience.wait(coming, self._begun, self._come)
            self._come += len(self._left)
        piece, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)

    async def _next(self) -> bytes:
        if self._first and self._exchange.first:
            self._first = False
            return self._piece(await self._exchange.first)
        return self._piece(await self._exchange.receive())

    def _piece(self, message):
        if message["type"] == "http.disconnect":
            raise HungUp
        self._more = message.get("more_body", False) and self._come + len(message.get("body", b"")) != self._exchange.length
        return cast(bytes, message.get("body", b""))
