"""Commands as resources: what the body says becomes a command of the clerk, and its outcome the answer."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from api.apikeys import new_key
from api.commands import Command, Document
from api.commands.governance import IssueApiKey
from api.commands.people import Erase
from api.desk import Outcome
from api.erasing import erase as erase_details
from api.errors import NotEntitled
from api.http import shapes
from api.http.call import Answer, Call, plain
from api.http.naming import DESCRIBED, Who, by_id, names_people
from api.http.own import as_themself, check_own_body
from api.http.problems import BadField, BadRequest, problem, problem_of
from api.http.reading_in import document, documents, form_body, idempotency_key, json_body, parameters
from api.http.seeing import seen_by
from ledger.chain.entry import Entry
from ledger.codec import Precision
from ledger.custody import Erasure
from ledger.errors import Malformed
from ledger.events.ids import Time
from ledger.log import IdempotencyKey
from projections.acts import DECIDING

# The parts of a form that show what is told, as a letter does.
SHOWN_BY = "shown_by"
# What a receipt is to the entry that it is for.
PROOF = "https://c2sp.org/tlog-proof"
REPLAYED = {"Idempotency-Replayed": "true"}


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a command is only tried, and nothing recorded."""

    dry_run: bool = False


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When something happened, if not now, and for whom it is recorded: that takes a document that shows it."""

    occurred_at: Time | None = None
    precision: Precision = "instant"
    on_behalf_of: Who | None = None


class Reading(msgspec.Struct, frozen=True):
    """How a command is read: the shape of its JSON, and which members are documents (True: it has to be there).

    Of those in `several` there may be any number.
    """

    command: type[Command]
    body: type[msgspec.Struct]
    documents: Mapping[str, bool]
    several: frozenset[str] = frozenset()

    @property
    def members(self) -> tuple[str, ...]:
        """The members of its JSON."""
        return self.body.__struct_fields__


@cache
def reading_of(command: type[Command], in_path: tuple[str, ...]) -> Reading:
    """How a command is read whose members `in_path` stand in the path."""
    hints = get_type_hints(command, include_extras=True)
    papers, several, fields = {}, set(), []
    for field in msgspec.structs.fields(command):
        if get_args(hints[field.name]) == (Document, ...):
            papers[field.name] = False
            several.add(field.name)
        elif Document in _kinds(hints[field.name]):
            papers[field.name] = field.required
        elif field.name not in in_path:
            fields.append(_as_field(field, _said_as(command, field.name, hints[field.name])))
    further = [_as_field(field, get_type_hints(Told, include_extras=True)[field.name]) for field in _told()]
    body = msgspec.defstruct(
        command.__name__,
        [*fields, *further],
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
        namespace={"__doc__": command.__doc__},
    )
    return Reading(command, body, papers, frozenset(several))


def _told() -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(Told)


def _kinds(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _said_as(command: type[Command], member: str, hint: Any) -> Any:
    return Annotated[hint, DESCRIBED] if names_people(command, member, hint) else hint


def _as_field(field: msgspec.structs.FieldInfo, hint: Any) -> tuple[Any, ...]:
    return (field.name, hint) if field.required else (field.name, hint, field.default)


def taking(command: type[Command], in_path: tuple[str, ...]) -> Callable[[Call], Answer]:
    """What a route does that takes a command."""
    reading = reading_of(command, in_path)
    hints = get_type_hints(command, include_extras=True)
    naming = frozenset(name for name in reading.members if names_people(command, name, hints.get(name)))

    def take(call: Call) -> Answer:
        body, members, shown = _read(call, reading)
        said = {name: getattr(body, name) for name in reading.members if name not in Told.__struct_fields__}
        told = {name: getattr(body, name) for name in Told.__struct_fields__}
        check_own_body(call, command, said)
        if told["on_behalf_of"] is not None:
            _check_may_speak_for_others(call, shown)
        said, told = by_id(call, said, naming), by_id(call, told)
        wish, circumstances = (
            command(**as_themself(call, command, said), **call.ids, **members),
            call.circumstances(**told),
        )
        try:
            cautions = wish.cautions(call.desks.clerk.drafting(circumstances))
            outcome = call.desks.clerk.take(
                wish,
                circumstances,
                documents=shown,
                key=key_of(call, plain(body), _digests({**_apart(members), **_numbered(shown)})),
                dry_run=is_trial(call),
                seen=seen_by(call),
            )
        except Malformed as error:
            raise told_wrong(error, said | told) from error
        return answered(call, outcome, () if outcome.again else cautions)

    return take


def _read(call: Call, reading: Reading) -> tuple[msgspec.Struct, dict[str, Any], list[Document]]:
    needs_form = any(reading.documents.values())
    if not needs_form and call.request.mimetype != "multipart/form-data":
        return json_body(call.request, reading.body), {}, []
    body, files = form_body(call.request, reading.body)
    several = {name: tuple(document(one, name) for one in files.pop(name, ())) for name in reading.several}
    single = {name: needed for name, needed in reading.documents.items() if name not in reading.several}
    members, shown = documents(files, single, SHOWN_BY)
    return body, {**members, **several}, shown


def _check_may_speak_for_others(call: Call, shown: Sequence[Document]) -> None:
    if call.caller.role not in DECIDING:
        raise NotEntitled(call.caller.principal, "speak for somebody else", DECIDING)
    if not shown:
        why = f"takes a document that shows it, in a part {SHOWN_BY!r} of a form"
        raise BadRequest("unprocessable", "", BadField(detail=why, pointer="/on_behalf_of"))


def is_trial(call: Call) -> bool:
    """Whether the caller only wants to know what would come of it."""
    return parameters(call.request, Trial).dry_run


def _apart(members: Mapping[str, Any]) -> dict[str, Document]:
    """Each document by a name of its own."""
    apart: dict[str, Document] = {}
    for name, one in members.items():
        each = enumerate(one) if isinstance(one, tuple) else ((None, one),)
        apart |= {name if number is None else f"{name}{number}": paper for number, paper in each}
    return apart


def _numbered(shown: Sequence[Document]) -> dict[str, Document]:
    return {f"{SHOWN_BY}{number}": one for number, one in enumerate(shown)}


def _digests(papers: Mapping[str, Document]) -> dict[str, str]:
    return {name: sha256(one.content).hexdigest() for name, one in papers.items()}


def key_of(call: Call, body: Mapping[str, Any], files: Mapping[str, str]) -> IdempotencyKey | None:
    """The caller's key, for this body with these files (by their SHA-256) and no other; a trial needs none."""
    if is_trial(call):
        return None
    said = {
        "path": call.request.path,
        "body": body,
        "documents": dict(files),
    }
    wish = msgspec.json.encode(said, order="deterministic")
    return IdempotencyKey(call.caller.principal, idempotency_key(call.request), wish)


def told_wrong(error: Malformed, body: Mapping[str, Any]) -> BadRequest:
    """What to raise for what cannot be recorded: it points at the members of the body that say it."""
    found = problem_of(error, body)
    return BadRequest("unprocessable", found.detail, *found.errors)


def answered(call: Call, outcome: Outcome, cautions: Sequence[str] = ()) -> Answer:
    """What came of a command: 201 when it was done, 409 when rules stood against it, 200 when it was only tried.

    `cautions` are told with what was done.
    """
    objections = tuple(map(call.told, outcome.objections))
    call.desks.parts.monitor.decided(one.rule for one in objections)
    if not outcome.entries:
        return Answer(shapes.Tried(would_be="refused" if objections else "done", objections=objections))
    last = outcome.entries[-1].position
    receipt = receipt_at(last)
    headers = {"Link": f'<{receipt}>; rel="{PROOF}"'} | (REPLAYED if outcome.again else {})
    if objections:
        refused = problem("refused", "The refusal is on record.", objections=objections, entry=last)
        return Answer(refused, refused.status, last, headers)
    location = {"Location": f"/entries/{last}"}
    entries = tuple(entry_shape(call, entry) for entry in outcome.entries)
    recorded = shapes.Recorded(entries=entries, receipt=receipt, signed=not outcome.warnings, warnings=tuple(cautions))
    return Answer(recorded, 201, last, location | headers)


def receipt_at(position: int) -> str:
    """The path of the receipt for the entry at this position."""
    return f"/entries/{position}/receipt"


def entry_shape(call: Call, entry: Entry) -> shapes.Entry:
    """An entry as an answer has it."""
    fact = call.ledger.codec.decode(entry)
    return shapes.Entry(
        position=entry.position,
        recorded_at=fact.recorded_at,
        type=entry.header.type,
        tags=entry.header.tags,
        leaf=entry.leaf.hex(),
        event=plain(fact.event),
    )


def erase(call: Call) -> Answer:
    """Erase a person's details, or some of them, for good. Sent again, it completes what was cut off."""
    reading = reading_of(Erase, ("person",))
    body, _, shown = _read(call, reading)
    told = {name: getattr(body, name) for name in Told.__struct_fields__}
    wish = Erase(
        person=call.ids["person"],
        **{name: getattr(body, name) for name in reading.members if name not in Told.__struct_fields__},
    )
    seen_by(call)
    told = by_id(call, told)
    circumstances, key = call.circumstances(**told), key_of(call, plain(body), _digests(_numbered(shown)))
    try:
        if is_trial(call):
            return answered(call, call.desks.clerk.take(wish, circumstances, documents=shown, dry_run=True))
        erased = erase_details(call.desks.clerk, wish, circumstances, key=key, documents=shown)
    except Malformed as error:
        raise told_wrong(error, msgspec.structs.asdict(body) | told) from error
    if erased.outcome is not None and erased.outcome.refused:
        return answered(call, erased.outcome)
    entries = tuple(entry_shape(call, entry) for entry in erased.outcome.entries) if erased.outcome else ()
    done = erased.destroyed or Erasure()
    destroyed = shapes.Destroyed(salts=done.salts, keys=done.keys, values=done.values, documents=done.documents)
    return Answer(shapes.Erased(entries=entries, destroyed=destroyed), 201)


def issue_key(call: Call) -> Answer:
    """Make an API key. It is shown in this answer and never again."""
    wanted = json_body(call.request, shapes.KeyWanted)
    made = new_key(call.desks.parts.random_bytes)
    command = IssueApiKey(
        apikey=made.apikey,
        digest=made.digest,
        principal=wanted.principal,
        role=wanted.role,
        expires=wanted.expires,
        scope=wanted.scope,
    )
    try:
        seen_by(call)
        key = key_of(call, plain(wanted), {})
        outcome = call.desks.clerk.take(command, call.circumstances(), key=key, dry_run=is_trial(call))
    except Malformed as error:
        raise told_wrong(error, msgspec.structs.asdict(wanted)) from error
    answer = answered(call, outcome)
    if not isinstance(answer.body, shapes.Recorded):
        return answer
    recorded = answer.body
    made_known = shapes.ApiKeyMade(
        **{name: getattr(recorded, name) for name in recorded.__struct_fields__},
        apikey=recorded.entries[0].event["apikey"],
        key=None if outcome.again else made.text,
    )
    return answer._replace(body=made_known)
