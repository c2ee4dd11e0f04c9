"""The application behind an asynchronous server: an ASGI 3 application around the WSGI one.

The event loop waits for bodies, and a thread for the event loop, no longer than there is patience for. A server that
reads bodies for WSGI itself can't be told to stop: granian sets no time limit on a body, and stands still when it is
answered while one is still awaited. What comes of a body with its headers is there before a thread takes up the call.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
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
# A body up to so many bytes mostly comes with its headers: the event loop waits so long for it before a thread does,
# which waits for any larger one.
SMALL_BYTES, AT_ONCE_SECONDS = 16 * 1024, 0.005
# How long a client may leave a piece of an answer untaken, and how large a piece of a file is.
TAKING_SECONDS, PIECE_BYTES = 60.0, 256 * 1024
# Nothing is as long as a length with more digits than these says.
MOST_DIGITS = 18
# As WSGI calls them; all others are prefixed.
UNPREFIXED = {"CONTENT_TYPE", "CONTENT_LENGTH"}


@runtime_checkable
class Closable(Protocol):
    """What has to be told that its answer was sent."""

    def close(self) -> None:
        """Take note of it."""


class Exchange(NamedTuple):
    """A call on its way: what of it is still to come, and where its answer goes.

    `length` is how many bytes its body has, if that was said; `first` the first piece of a small one, which may be
    there already.
    """

    loop: asyncio.AbstractEventLoop
    receive: Receive
    send: Send
    length: int | None
    first: asyncio.Future[Message] | None


class Gateway:
    """A WSGI application, called for each request in a thread of its own pool, one after the other while none waits.

    `taking` is for how many seconds a client may leave a piece of an answer untaken, before it is cut off.
    """

    def __init__(
        self, application: Wsgi, patience: Patience, threads: int = THREADS, taking: float = TAKING_SECONDS
    ) -> None:
        self._application, self._patience, self._taking = application, patience, taking
        self._turns, self._is_watched = Turns(threads), False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it, for HTTP alone."""
        loop, length = asyncio.get_running_loop(), _length(scope)
        first = await _begun(receive) if _comes_at_once(scope, length) else None
        answered = _Answered(loop, partial(self._answer, scope, Exchange(loop, receive, send, length, first)))
        self._turns.ask(answered.find)
        self._watch(loop)
        try:
            messages = await answered.future
        finally:
            if first is not None:
                first.cancel()
        for message in messages:
            await send(message)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """See to it that calls are taken up, as long as any are not."""
        if not self._is_watched:
            self._is_watched = True
            loop.call_later(self._turns.seconds, self._hurry, loop)

    def _hurry(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_watched = False
        if self._turns.hurry():
            self._watch(loop)

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


class _Answered:
    """What a call comes to: found in a thread, for the event loop that waits for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, answer: Callable[[], list[Message]]) -> None:
        self._loop, self._answer = loop, answer
        self.future: asyncio.Future[list[Message]] = loop.create_future()

    def find(self) -> None:
        """Find it, and say it, or what is raised."""
        with self:
            self._tell(self.future.set_result, self._answer())

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, StopIteration):
            # No future takes it.
            error = RuntimeError("the application ended an iteration that nobody began")
        if error is not None:
            self._tell(self.future.set_exception, error)
        return True

    def _tell(self, tell: Callable[[Any], None], what: object) -> None:
        # A server that is ended waits for nobody.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._told, tell, what)

    def _told(self, tell: Callable[[Any], None], what: object) -> None:
        if not self.future.done():
            tell(what)


def _length(scope: Scope) -> int | None:
    """How many bytes a body has, if that was said."""
    said = {value for name, value in scope["headers"] if name == b"content-length"}
    (value, *others) = said or {b""}
    return int(value) if not others and value.isdigit() and len(value) <= MOST_DIGITS else None


def _comes_at_once(scope: Scope, length: int | None) -> bool:
    # Who expects to be told to go on sends nothing before (RFC 9110, 10.1.1).
    return length is not None and 0 < length <= SMALL_BYTES and all(name != b"expect" for name, _ in scope["headers"])


async def _begun(receive: Receive) -> asyncio.Future[Message]:
    """The first piece of a body; in most cases it is there when this returns."""
    first = asyncio.ensure_future(receive())
    await asyncio.wait((first,), timeout=AT_ONCE_SECONDS)
    return first


def _bodies(pieces: Iterable[bytes]) -> Iterator[Message]:
    return ({"type": "http.response.body", "body": piece, "more_body": True} for piece in pieces)


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
        self._left, self._more, self._first = b"", True, exchange.first

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As `RawIOBase` has it. Raises `TooSlow` or `HungUp`."""
        while not self._left and self._more:
            self._take(self._there() or self._awaited())
        piece, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def _take(self, message: Message) -> None:
        if message["type"] == "http.disconnect":
            raise HungUp
        self._left = cast(bytes, message.get("body", b""))
        self._come += len(self._left)
        self._more = message.get("more_body", False) and self._come != self._exchange.length

    def _there(self) -> Message | None:
        """The first piece, if it has come."""
        first = self._first
        if first is None or not first.done():
            return None
        self._first = None
        return first.result()

    def _awaited(self) -> Message:
        coming = asyncio.run_coroutine_threadsafe(self._next(), self._exchange.loop)
        with waiting():
            return self._patience.wait(coming, self._begun, self._come)

    async def _next(self) -> Message:
        first, self._first = self._first, None
        return await (self._exchange.receive() if first is None else first)
