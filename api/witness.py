"""A witness over HTTP (C2SP tlog-witness): reads a request, has the witness decide, words the answer.

    POST /add-checkpoint                200 with the line of the cosignature, which is stored by then
        400 malformed, or the old size is above the checkpoint's      403 no valid signature by a known key of the log
        404 unknown log                                               409 with the size that was cosigned last
        413 more than 128 KiB                                         422 the proof does not hold
        408 the body came too slowly
    GET /checkpoint?origin=<origin>     200 with the last checkpoint that was cosigned; 404 when there is none

Anything else is 404 or 405, and 503 when nothing can be stored.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import parse_qs

from api.errors import HungUp, TooSlow
from api.gateway import Gateway
from api.patience import Patience
from api.stopping import hear_the_first
from ledger.chain.submission import MAX_SUBMISSION_BYTES
from ledger.errors import AnotherSize, Malformed, ProofFailed, SignatureFailed, Unavailable, UnknownKey, UnknownLog
from ledger.evidence.witness import Witness

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"

Application = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]


class Answer(NamedTuple):
    """A status, what is answered, and of which media type that is."""

    status: HTTPStatus
    body: bytes
    type: str = TEXT


def witness_at(folder: str) -> Gateway:
    """The application of the witness in a folder, behind a server that waits for no body for ever."""
    hear_the_first()
    return Gateway(application(Witness(Path(folder))), Patience())


def application(witness: Witness) -> Application:
    """The application of a witness."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        told = _answer(witness, environ)
        headers = [("Content-Type", told.type), ("Content-Length", str(len(told.body)))]
        start_response(f"{told.status.value} {told.status.phrase}", headers)
        return [told.body]

    return answer


def _answer(witness: Witness, environ: "WSGIEnvironment") -> Answer:
    match environ["PATH_INFO"], environ["REQUEST_METHOD"]:
        case "/add-checkpoint", "POST":
            return _cosigned(witness, environ)
        case "/checkpoint", "GET":
            return _last(witness, environ.get("QUERY_STRING", ""))
        case "/add-checkpoint" | "/checkpoint", _:
            return _refused(HTTPStatus.METHOD_NOT_ALLOWED, "add-checkpoint takes POST, and checkpoint GET")
    return _refused(HTTPStatus.NOT_FOUND, "there is nothing here")


def _cosigned(witness: Witness, environ: "WSGIEnvironment") -> Answer:
    try:
        body = _body(environ)
    except TooSlow as error:
        return _refused(HTTPStatus.REQUEST_TIMEOUT, error)
    except HungUp as error:
        return _refused(HTTPStatus.BAD_REQUEST, error)
    if len(body) > MAX_SUBMISSION_BYTES:
        return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MAX_SUBMISSION_BYTES} bytes are read")
    try:
        return Answer(HTTPStatus.OK, witness.cosign(body).line())
    except Malformed as error:
        return _refused(HTTPStatus.BAD_REQUEST, error)
    except (SignatureFailed, UnknownKey) as error:
        return _refused(HTTPStatus.FORBIDDEN, error)
    except UnknownLog as error:
        return _refused(HTTPStatus.NOT_FOUND, error)
    except AnotherSize as error:
        return Answer(HTTPStatus.CONFLICT, b"%d\n" % error.size, SIZE)
    except ProofFailed as error:
        return _refused(HTTPStatus.UNPROCESSABLE_ENTITY, error)
    except Unavailable:
        # Which file is in the way is nobody's business outside.
        return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "the witness cannot store anything now")


def _last(witness: Witness, query: str) -> Answer:
    (origin,) = parse_qs(query).get("origin", [""])[:1]
    try:
        note = witness.last(origin).note
    except UnknownLog as error:
        return _refused(HTTPStatus.NOT_FOUND, error)
    if not note:
        return _refused(HTTPStatus.NOT_FOUND, "nothing was cosigned yet")
    return Answer(HTTPStatus.OK, note)


def _body(environ: "WSGIEnvironment") -> bytes:
    """The body, or one byte more than is allowed."""
    told = environ.get("CONTENT_LENGTH") or ""
    if told.isdecimal() and int(told) > MAX_SUBMISSION_BYTES:
        # It need not be read for that.
        return bytes(MAX_SUBMISSION_BYTES + 1)
    # A read of what comes by and by gives as much as has come.
    return BufferedReader(cast(RawIOBase, environ["wsgi.input"])).read(MAX_SUBMISSION_BYTES + 1)


def _refused(status: HTTPStatus, why: object) -> Answer:
    return Answer(status, f"{why}\n".encode(errors="backslashreplace"))
