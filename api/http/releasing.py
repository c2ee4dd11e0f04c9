"""What is done with files that are no documents: packages are made, handed over and fetched, keys are tested.

The data of a release lie in files without a name for as long as their call takes, so that nothing of them is left
whatever becomes of the process. The package lies in the home's folder `outgoing`, encrypted for the contact's key,
until its receipt or its failure is on record.
"""

from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import IO, Any, cast

import msgspec
from werkzeug.datastructures import FileStorage

from api.commands.contact import SendKeyTest
from api.commands.release import Fail, HandOver, Stage
from api.desk import Outcome
from api.handing_over import NONCE_BYTES, Source, packed, refusal_of, sealed_for_contact, wish_to_hand_over
from api.http import shapes
from api.http.call import Answer, Call, not_found, plain
from api.http.commanding import answered, is_trial, key_of, told_wrong
from api.http.naming import by_id
from api.http.problems import BadField, BadRequest
from api.http.reading_in import Request, form_body, json_body
from api.http.seeing import seen_by
from ledger.boundary import about
from ledger.errors import Malformed, OpenPGPError
from ledger.events import DocumentOpened, KeyTestSent, ReleaseAuthorised, ReleaseHandedOver
from ledger.events.release import Package, Packed
from ledger.files import named_os_errors
from ledger.home import OUTGOING
from ledger.log import IdempotencyKey
from ledger.openpgp.package import check_names
from projections.acts import Chosen, of_request
from projections.standing import Standing

DATA = "data"
PGP_MESSAGE = "application/pgp-encrypted"
NOTHING, NOBODY = 64 * "0", 16 * "0"


def hand_over(call: Call) -> Answer:
    """Pack the data of a release for its contact's key, and hand the package over: they fetch it.

    Each file comes in a part `data`; which version of which data set it is follows from its bytes. What is refused, or
    can't be packed for the key, is recorded as failed: another release is authorised then.
    """
    request, release = call.ids["request"], call.ids["release"]
    authorised = call.standing(request).release(release).authorised
    if authorised is None:
        raise not_found()
    folder = _outgoing(call)
    call.request.spool(folder, call.desks.parts.largest)
    said, files = form_body(call.request, shapes.HandOverWanted)
    sent = files.pop(DATA, [])
    if files or not sent:
        raise BadRequest("unprocessable", f"The form has parts {DATA!r}, each a file of data, and one with JSON.")
    found = _sources(call, authorised.event, sent)
    key = key_of(call, plain(said), {f"{DATA}{number}": digest for number, (_, digest) in enumerate(found)})
    said = msgspec.structs.replace(said, **by_id(call, {"extracted_by": said.extracted_by}))
    try:
        if key is None:
            trial = _trial(call, said, found)
            outcome = call.desks.clerk.take(trial, call.circumstances(), dry_run=True, seen=seen_by(call))
        else:
            earlier = call.desks.clerk.earlier(key)
            outcome = earlier or _handed_over(call, said, [one for one, _ in found], key)
            if outcome.refused:
                _fails(call, "handing over", refusal_of(outcome))
    except Malformed as error:
        raise told_wrong(error, msgspec.structs.asdict(said)) from error
    return answered(call, outcome)


def _handed_over(call: Call, said: shapes.HandOverWanted, found: list[Source], key: IdempotencyKey) -> Outcome:
    folder, release = _outgoing(call), call.ids["release"]
    draft = folder / f".{call.desks.parts.random_bytes(8).hex()}"
    try:
        facts = packed(call.desks.clerk, call.ids["request"], found, draft, call.circumstances())
    except OpenPGPError as error:
        _fails(call, "packing", str(error))
        raise BadRequest("unprocessable", f"{error}. That the release failed is recorded.") from error
    package = _package(folder, release, facts.cipher_sha256)
    with named_os_errors(package):
        draft.replace(package)
    try:
        wish = wish_to_hand_over(call.ids["request"], release, found, facts, said.extracted_by, said.learners)
        outcome = call.desks.clerk.take(wish, call.circumstances(), key=key, seen=seen_by(call))
    except BaseException:
        package.unlink(missing_ok=True)
        raise
    if outcome.refused or outcome.again:
        package.unlink(missing_ok=True)
    return outcome


def _fails(call: Call, stage: Stage, reason: str) -> None:
    """Record that a release came to nothing, unless its package went out before, or that is on record."""
    request, release = call.ids["request"], call.ids["release"]
    known = call.standing(request).release(release)
    if known.handed_over is None and known.failed is None:
        failed = Fail(request=request, release=release, stage=stage, reason=reason)
        call.desks.clerk.take(failed, call.circumstances())


def _trial(call: Call, said: shapes.HandOverWanted, found: list[tuple[Source, str]]) -> HandOver:
    """The wish with what the rules look at of a package, before there is one."""
    files = tuple(
        Packed(dataset=one.chosen.dataset, label=one.chosen.label, size=0, digest=digest) for one, digest in found
    )
    return HandOver(
        request=call.ids["request"],
        release=call.ids["release"],
        package=Package(files=files, plain_size=0, plain_sha256=NOTHING, cipher_size=0, cipher_sha256=NOTHING),
        key_ids=(NOBODY,),
        extracted_by=said.extracted_by,
        learners=said.learners,
    )


def _sources(call: Call, authorised: ReleaseAuthorised, files: list[FileStorage]) -> list[tuple[Source, str]]:
    """Which of the versions that were authorised these files are, byte for byte, each with its SHA-256."""
    wanted = dict(_digests(call, authorised))
    found = []
    for file in files:
        digest = _digest(file.stream)
        if digest not in wanted:
            raise _bad_data(f"is no version that was authorised, or there twice: none has the SHA-256 {digest}")
        chosen = wanted.pop(digest)
        name = f"{chosen.dataset}-{file.filename or 'data'}"
        found.append((Source(chosen, name, Path(f"/dev/fd/{file.stream.fileno()}")), digest))
    if wanted:
        missing = ", ".join(f"{one.label} of {one.dataset}" for one in wanted.values())
        raise _bad_data(f"is missing: {missing}")
    check_names([one.name for one, _ in found])
    return found


def _digests(call: Call, authorised: ReleaseAuthorised) -> Iterator[tuple[str, Chosen]]:
    known = Standing(call.ledger.facts([about(tags=[f"dataset:{one.dataset}"]) for one in authorised.versions]))
    for one in authorised.versions:
        version = known.dataset(one.dataset).versions[one.label]
        yield version.event.digest, Chosen(dataset=one.dataset, label=one.label)


def _digest(stream: IO[bytes]) -> str:
    stream.flush()
    stream.seek(0)
    digest = file_digest(cast(Any, stream), "sha256").hexdigest()
    stream.seek(0)
    return digest


def _bad_data(why: str) -> BadRequest:
    return BadRequest("unprocessable", "A file is not as it has to be.", BadField(detail=why, pointer=f"/{DATA}"))


def package(call: Call) -> Answer:
    """Fetch a package that was handed over: the office, or the contact for whose key it is. That is recorded."""
    request, release = call.ids["request"], call.ids["release"]
    known = call.standing(request).release(release)
    handed = known.handed_over
    if handed is None or (call.caller.role == "researcher" and call.caller.person != handed.event.contact):
        raise not_found()
    path = _package(_outgoing(call), release, handed.event.package.cipher_sha256)
    if known.received or known.failed or not path.is_file():
        raise BadRequest("erased", "It was handed over elsewhere, or has arrived, or failed.")
    _check_range(call.request, path.stat().st_size)
    opened = DocumentOpened(entry=handed.position, document=handed.event.package.cipher_sha256, request=request)
    position = call.looked(opened)
    # What sends a file has a mind of its own about what may be kept of it.
    headers = {"Content-Disposition": f'attachment; filename="{release}.gpg"', "Cache-Control": "no-store"}
    return Answer(path, position=position, headers=headers, media_type=PGP_MESSAGE)


def _check_range(request: Request, size: int) -> None:
    """Raise `BadRequest` for a part of a file that it doesn't have, or for several at once."""
    if "Range" in request.headers and not (request.range and request.range.range_for_length(size)):
        raise BadRequest("no-such-range", f"One range of its {size:,} bytes can be had.")


def send_key_test(call: Call) -> Answer:
    """Make a small file with a nonce for the contact's key: it goes out by the channel of the release."""
    wanted = json_body(call.request, shapes.KeyTestWanted)
    clerk, request = call.desks.clerk, call.ids["request"]
    key = key_of(call, plain(wanted), {})
    nonce = call.desks.parts.random_bytes(NONCE_BYTES).hex()
    try:
        # A key that nothing can be encrypted for is found out before anything is recorded.
        message = sealed_for_contact(clerk, request, nonce, call.circumstances())
        outcome = clerk.take(
            SendKeyTest(request=request, channel=wanted.channel, nonce=nonce),
            call.circumstances(),
            key=key,
            dry_run=is_trial(call),
            seen=seen_by(call),
        )
    except Malformed as error:
        raise told_wrong(error, msgspec.structs.asdict(wanted)) from error
    answer = answered(call, outcome)
    if not isinstance(answer.body, shapes.Recorded):
        return answer
    if outcome.again:
        sent = call.ledger.codec.decode(outcome.entries[-1]).event
        if isinstance(sent, KeyTestSent):
            message = sealed_for_contact(clerk, request, call.home.custody.unseal(sent.nonce), call.circumstances())
    return answer._replace(body=shapes.KeyTestMade(entries=answer.body.entries, message=message.decode()))


def _outgoing(call: Call) -> Path:
    """The folder with the packages that have not arrived yet, rid of those that have."""
    folder = call.home.path / OUTGOING
    with named_os_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        for path in folder.glob("L-*"):
            if _is_done_with(call, path.name.rpartition(".")[0].rpartition(".")[0]):
                path.unlink(missing_ok=True)
    return folder


def _is_done_with(call: Call, release: str) -> bool:
    for fact in call.ledger.facts([about(ReleaseHandedOver, tags=[f"release:{release}"])]):
        if isinstance(fact.event, ReleaseHandedOver):
            known = Standing(call.ledger.facts([of_request(fact.event.request)])).request(fact.event.request)
            return bool(known.release(release).received or known.release(release).failed)
    return False


def _package(folder: Path, release: str, digest: str) -> Path:
    return folder / f"{release}.{digest}.gpg"
