"""What a request brings along: strict JSON, documents, parameters, headers. What is wrong is said by JSON pointer.

Documents are held in memory, as custody takes them: their plain text is never written to a file.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, TypeVar, cast

import msgspec
from flask import Request as FlaskRequest
from werkzeug.datastructures import FileStorage

from api.commands import Document
from api.http.callers import Caller
from api.http.faults import faults
from api.http.problems import BadField, BadRequest
from api.packets.documents import Unusable, media_type_of
from ledger.custody import MAX_DOCUMENT_BYTES
from ledger.errors import Malformed

MAX_JSON_BYTES = 256 * 1024
MAX_FORM_BYTES = 64 * 1024 * 1024
MAX_PARTS = 64
JSON = "application/json"
FORM = "multipart/form-data"
# The part of a form that holds what is JSON elsewhere.
COMMAND = "command"
_ARMOR = {
    b"-----BEGIN PGP PUBLIC KEY BLOCK-----": "application/pgp-keys",
    b"-----BEGIN PGP SIGNATURE-----": "application/pgp-signature",
}
# A structured-field string (RFC 8941), or the bare key that many programs send.
_IDEMPOTENCY_KEY = re.compile(r'"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|([!#-~]{1,255})')

Shape = TypeVar("Shape", bound=msgspec.Struct)


class Request(FlaskRequest):
    """A request whose documents stay in memory, and whose form may not have too many parts.

    It carries what is known of the call: when it `began`, its id, who makes it, and the `version` that is shown.
    """

    began = 0.0
    request_id = ""
    caller: Caller | None = None
    version: int | None = None

    max_form_parts = MAX_PARTS
    max_form_memory_size = MAX_JSON_BYTES
    _spool: Path | None = None
    max_form_bytes = MAX_FORM_BYTES
    # The query, once it was read.
    asked: object = None

    def spool(self, folder: Path, limit: int) -> None:
        """Let files of this request go to the disk, in files without a name, in a form of at most so many bytes."""
        self._spool, self.max_form_bytes = folder, limit

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        del total_content_length, content_type, filename, content_length
        # It has no name, so it is gone with the call, or with the process.
        return cast(IO[bytes], TemporaryFile(dir=self._spool)) if self._spool else BytesIO()


def json_body(request: Request, shape: type[Shape]) -> Shape:
    """The JSON body, of exactly this shape. Raises `BadRequest`."""
    _check_media_type(request, JSON)
    request.max_content_length = MAX_JSON_BYTES
    return in_shape(request.get_data(), shape)


def form_body(request: Request, shape: type[Shape]) -> tuple[Shape, dict[str, list[FileStorage]]]:
    """The JSON in the part `command` of a form, of exactly this shape, and the files by their parts' names."""
    _check_media_type(request, FORM)
    request.max_content_length = request.max_form_bytes
    files = {name: request.files.getlist(name) for name in request.files}
    if set(request.form) - {COMMAND} or len(request.form.getlist(COMMAND)) + len(files.get(COMMAND, ())) > 1:
        raise BadRequest("unprocessable", f"A form has one part {COMMAND!r} with JSON, and files.")
    sent = files.pop(COMMAND, [])
    text = sent[0].stream.read() if sent else request.form.get(COMMAND, "{}").encode()
    return in_shape(text, shape), files


def in_shape(body: bytes, shape: type[Shape]) -> Shape:
    """JSON of exactly this shape. Raises `BadRequest`: malformed when it is no JSON, else unprocessable."""
    try:
        try:
            found: Shape = _decoder(shape).decode(body)
            return found
        except msgspec.ValidationError as error:
            wrong = faults(msgspec.json.decode(body), shape, error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("malformed", "The body is not JSON.") from error
    fields = [BadField(detail=one.detail, pointer=one.pointer) for one in wrong]
    raise BadRequest("unprocessable", "The body does not have the shape that is read here.", *fields)


@lru_cache(256)
def _decoder(shape: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


def parameters(request: Request, shape: type[Shape]) -> Shape:
    """The query's parameters, read once; one that may stand several times is a tuple. Raises `BadRequest`."""
    if not isinstance(request.asked, shape):
        request.asked = _parameters(request, shape)
    return request.asked


def _parameters(request: Request, shape: type[Shape]) -> Shape:
    several = _several(shape)
    given: dict[str, Any] = {}
    for name, values in request.args.lists():
        if name not in several and len(values) > 1:
            raise _bad_parameter(name, "stands there more than once")
        given[name] = values if name in several else values[0]
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        wrong = faults(given, shape, error, strict=False)
        fields = [BadField(detail=one.detail, parameter=one.pointer.split("/")[1]) for one in wrong]
        raise BadRequest("unprocessable", "A parameter is not as it has to be.", *fields) from error


@lru_cache(256)
def _several(shape: type[msgspec.Struct]) -> frozenset[str]:
    """The names of parameters that may stand several times."""
    return frozenset(field.name for field in msgspec.structs.fields(shape) if field.default == ())


@contextmanager
def naming(parameter: str) -> Iterator[None]:
    """What is malformed in here is this parameter. Raises `BadRequest`."""
    try:
        yield
    except Malformed as error:
        raise _bad_parameter(parameter, error.why) from error


def _bad_parameter(name: str, why: str) -> BadRequest:
    return BadRequest("unprocessable", "A parameter is not as it has to be.", BadField(detail=why, parameter=name))


def idempotency_key(request: Request) -> str:
    """The caller's key for this request. Raises `BadRequest` without one, or with one that is no key."""
    name = "Idempotency-Key"
    given = request.headers.get(name)
    if given is None:
        raise BadRequest("malformed", f"{name} is needed: a request that is sent again has the outcome that it had.")
    found = _IDEMPOTENCY_KEY.fullmatch(given)
    if found is None:
        why = "is not 1 to 255 printable ASCII characters, in quotes or without blanks"
        raise BadRequest("malformed", "", BadField(detail=why, parameter=name))
    return found[1] or found[2]


def document(file: FileStorage, part: str) -> Document:
    """A file that was sent, known by its first bytes. Raises `BadRequest`."""
    content = file.stream.read(MAX_DOCUMENT_BYTES + 1)
    if len(content) > MAX_DOCUMENT_BYTES:
        raise BadRequest("too-large", f"A document has at most {MAX_DOCUMENT_BYTES:,} bytes.")
    try:
        if not content:
            raise Unusable("is empty")
        media_type = _armored(content) or media_type_of(content, file.filename or "")
    except Unusable as error:
        raise _bad_part(part, error.why) from error
    return Document(file.filename or part, content, media_type)


def _armored(content: bytes) -> str | None:
    return next((kind for beginning, kind in _ARMOR.items() if content.lstrip().startswith(beginning)), None)


def documents(
    files: Mapping[str, list[FileStorage]], wanted: Mapping[str, bool], further: str
) -> tuple[dict[str, Document], list[Document]]:
    """The documents by the members of a command that they are (True: it has to be there), and the further ones."""
    for part in files.keys() - wanted.keys() - {further}:
        raise _bad_part(part, "is no part of this form")
    for part, needed in wanted.items():
        count = len(files.get(part, ()))
        if count > 1 or (needed and not count):
            raise _bad_part(part, "is missing" if not count else "is there more than once")
    members = {part: document(files[part][0], part) for part in wanted if files.get(part)}
    return members, [document(file, further) for file in files.get(further, ())]


def _bad_part(part: str, why: str) -> BadRequest:
    return BadRequest("unprocessable", "A document is not as it has to be.", BadField(detail=why, pointer=f"/{part}"))


def _check_media_type(request: Request, wanted: str) -> None:
    if request.mimetype != wanted:
        raise BadRequest("unsupported-media-type", f"The body has to be {wanted}.")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise BadRequest("unsupported-media-type", "The body has to come as it is, without a Content-Encoding.")
