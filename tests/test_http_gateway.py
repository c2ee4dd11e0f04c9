"""The gateway: what it hands on of a call, and whom it waits for no longer."""

import asyncio
import io
from collections.abc import Iterable
from typing import Any

import pytest

from api.errors import HungUp
from api.gateway import PIECE_BYTES, SMALL_BYTES, Gateway, environ_of
from api.patience import Patience

SCOPE: dict[str, Any] = {
    "method": "GET",
    "path": "/x",
    "raw_path": b"/x",
    "query_string": b"",
    "headers": [],
    "http_version": "1.1",
}


def handed_on(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    environ = environ_of(SCOPE | {"headers": headers}, io.RawIOBase())
    return {name: value for name, value in environ.items() if name.startswith(("HTTP_", "CONTENT_"))}


def test_a_header_that_would_pass_for_another_is_left_out():
    headers = (b"content-length", b"2"), (b"content_length", b"9"), (b"idempotency_key", b"k"), (b"if-match", b"x")

    assert handed_on(*headers) == {"CONTENT_LENGTH": "2", "HTTP_IF_MATCH": "x"}


def test_a_header_that_is_there_twice_is_both():
    assert handed_on((b"authorization", b"a"), (b"Authorization", b"b")) == {"HTTP_AUTHORIZATION": "a,b"}


async def nothing_comes() -> Any:
    await asyncio.Event().wait()


def answering(pieces: Iterable[bytes]) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return (piece for piece in pieces)

    return application


def test_whoever_takes_nothing_of_an_answer_is_given_up():
    async def never(message: Any) -> None:
        await asyncio.Event().wait()

    gateway = Gateway(answering([b"1", b"2", b"3"]), Patience(), threads=1, taking=0.01)

    for _ in range(2):
        # The only thread there is serves the next one, too.
        with pytest.raises(HungUp):
            asyncio.run(gateway(SCOPE, nothing_comes, never))


def test_a_file_goes_out_in_pieces_that_are_worth_it(tmp_path):
    content = 3 * PIECE_BYTES * b"x" + b"y"
    file = (tmp_path / "file").open("wb+")
    file.write(content)
    file.seek(0)
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](file, 8192)

    asyncio.run(Gateway(application, Patience(), threads=1)(SCOPE, nothing_comes, send))

    assert [len(one.get("body", b"")) for one in sent] == [0, *3 * [PIECE_BYTES], 1, 0]
    assert (b"".join(one.get("body", b"") for one in sent), file.closed) == (content, True)


@pytest.mark.parametrize(
    ("length", "expected", "order"),
    [
        (SMALL_BYTES, (), ["body", "call"]),
        (SMALL_BYTES + 1, (), ["call", "body"]),
        (5, ((b"expect", b"100-continue"),), ["call", "body"]),
    ],
)
def test_a_small_body_is_there_before_a_thread_takes_up_the_call(length: int, expected: Any, order: list[str]):
    found: list[str] = []
    content = length * b"x"

    async def receive() -> dict[str, Any]:
        # Asked once more, this would be there twice: by its length, nothing more can come.
        found.append("body")
        return {"type": "http.request", "body": content, "more_body": True}

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        found.append("call")
        assert environ["wsgi.input"].read() == content
        start_response("200 OK", [])
        return []

    async def send(message: dict[str, Any]) -> None:
        del message

    headers = [(b"content-length", b"%d" % length), *expected]
    asyncio.run(Gateway(application, Patience(), threads=1)(SCOPE | {"headers": headers}, receive, send))

    assert found == order


def test_a_small_body_that_does_not_come_at_once_is_waited_for_by_a_thread():
    async def called() -> list[bytes]:
        comes, read = asyncio.Event(), list[bytes]()
        loop = asyncio.get_running_loop()

        async def receive() -> dict[str, Any]:
            await comes.wait()
            return {"type": "http.request", "body": b"late", "more_body": False}

        def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            loop.call_soon_threadsafe(comes.set)
            read.append(environ["wsgi.input"].read())
            start_response("200 OK", [])
            return []

        async def send(message: dict[str, Any]) -> None:
            del message

        headers = [(b"content-length", b"4")]
        await Gateway(application, Patience(), threads=1)(SCOPE | {"headers": headers}, receive, send)
        return read

    assert asyncio.run(called()) == [b"late"]


@pytest.mark.parametrize("length", [b"4" * 4301, b"0" * 4301, b"+4", b"", b"4_0"])
def test_a_length_that_is_none_is_not_taken_for_one(length: bytes):
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"four", "more_body": False}

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]

    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = SCOPE | {"headers": [(b"content-length", length)]}
    asyncio.run(Gateway(application, Patience(), threads=1)(scope, receive, send))

    assert b"".join(one.get("body", b"") for one in sent) == b"four"


def test_an_iteration_that_ends_where_none_began_ends_the_call_too():
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise StopIteration

    async def send(message: dict[str, Any]) -> None:
        raise AssertionError(message)

    with pytest.raises(RuntimeError, match="iteration"):
        asyncio.run(Gateway(application, Patience(), threads=1)(SCOPE, nothing_comes, send))
