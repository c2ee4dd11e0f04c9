"""Requests that come in as the files of a packet."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from werkzeug.datastructures import FileStorage

from api.commands.request import Submit
from api.http.call import Answer, Call
from api.http.commanding import answered, is_trial
from api.http.problems import BadField, BadRequest
from api.http.reading_in import form_body, idempotency_key
from api.http.seeing import seen_by
from api.packets import read_packet
from ledger.log import IdempotencyKey

FILES = "files"
MAX_NAME = 200
MAX_DEPTH = 8


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A packet says everything in its files."""


def submit(call: Call) -> Answer:
    """Take in a packet: each file in a part `files`, under the name by which `request.toml` calls it.

    The files lie in a folder that nobody else can open for as long as the call takes, because a packet is a folder.
    """
    _, parts = form_body(call.request, Nothing)
    files = parts.pop(FILES, [])
    if parts or not files:
        raise BadRequest("unprocessable", f"The form has parts {FILES!r}, each a file of the packet, and no others.")
    with TemporaryDirectory(prefix="dua-packet-") as folder:
        digests = [_put(Path(folder), file) for file in files]
        packet = read_packet(Path(folder), call.office.day(call.now), now=call.now)
        key = None if is_trial(call) else _key(call, digests)
        outcome = call.desks.clerk.take(
            Submit(packet=packet, request=call.ids.get("request")),
            call.circumstances(),
            key=key,
            dry_run=is_trial(call),
            seen=seen_by(call),
        )
    return answered(call, outcome)


def _key(call: Call, digests: Iterable[tuple[str, str]]) -> IdempotencyKey:
    said = {"path": call.request.path, "files": sorted(digests)}
    return IdempotencyKey(call.caller.principal, idempotency_key(call.request), msgspec.json.encode(said))


def _put(folder: Path, file: FileStorage) -> tuple[str, str]:
    """Write a file where its name says, below the folder and nowhere else; its name, and SHA-256."""
    name = file.filename or ""
    steps = name.split("/")
    if len(name) > MAX_NAME or len(steps) > MAX_DEPTH or not name.isprintable() or not all(map(_is_step, steps)):
        raise _bad_name("is no name of a file in a packet")
    content = file.stream.read()
    try:
        (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / name).open("xb") as written:
            written.write(content)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise _bad_name("stands there twice, or below another file") from error
    return name, sha256(content).hexdigest()


def _is_step(step: str) -> bool:
    return step not in ("", ".", "..") and "\\" not in step and len(step.encode()) <= MAX_NAME


def _bad_name(why: str) -> BadRequest:
    return BadRequest("unprocessable", "A file is not as it has to be.", BadField(detail=why, pointer=f"/{FILES}"))
