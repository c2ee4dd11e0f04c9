"""Access decisions by OpenID AuthZEN Authorization API 1.0: evaluation, and evaluations in one request.

Asked is whether a subject (`user` or `person`: a person's id or e-mail address) may `open` or `read` a resource
(`dataset`), under the request that the resource's property `request` names, or under any. What is asked is recorded as
permitted or refused; with `dry_run` in the context nothing is. Who is nobody's id or address is refused, and what the
server calls them is kept in custody. Whatever else is asked about, such as a data set that the ledger does not know, is
denied, and nothing is recorded: the ledger knows no rule for it.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from api.commands.access import Access
from api.http.call import Answer, Call
from api.http.commanding import receipt_at
from api.http.problems import BadRequest
from api.http.reading_in import in_shape, json_body
from api.register import known_person
from ledger.errors import Malformed
from ledger.events.ids import DataSetId, RequestId

SUBJECTS, ACTIONS, RESOURCES = ("user", "person"), ("open", "read"), ("dataset",)
MOST = 100
Properties = dict[str, Any]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to do it."""

    type: str
    id: str
    properties: Properties = {}


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What they want to do."""

    name: str
    properties: Properties = {}


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """With what they want to do it."""

    type: str
    id: str
    properties: Properties = {}


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it is only asked, and nothing recorded; whatever else is told of the circumstances is passed over."""

    dry_run: bool = False


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the subject may do it."""

    subject: Subject
    action: Action
    resource: Resource
    context: Context = Context()


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How several are answered: all of them, or up to the first that is denied or permitted."""

    evaluations_semantic: Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"] = "execute_all"


class Evaluations(msgspec.Struct, frozen=True, kw_only=True):
    """Several evaluations, each of which may leave out what stands around them; without any, it is one by itself."""

    subject: Properties | None = None
    action: Properties | None = None
    resource: Properties | None = None
    context: Context | None = None
    evaluations: Annotated[tuple[Properties, ...], msgspec.Meta(max_length=MOST)] = ()
    options: Options = Options()


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer, with the rules that objected, the entry that it is recorded in, and where its receipt is."""

    decision: bool
    context: Properties = {}


class Decisions(msgspec.Struct, frozen=True, kw_only=True):
    """The answers in the order of the questions."""

    evaluations: tuple[Decision, ...]


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """Where this decision point is asked."""

    policy_decision_point: str
    access_evaluation_endpoint: str
    access_evaluations_endpoint: str


# What says which one it is.
NEEDED: dict[str, tuple[str, ...]] = {
    "subject": ("type", "id"),
    "action": ("name",),
    "resource": ("type", "id"),
    "context": (),
}
STOPS_AT = {"execute_all": None, "deny_on_first_deny": False, "permit_on_first_permit": True}


def evaluation(call: Call) -> Answer:
    """Decide whether somebody may open a data set."""
    return Answer(_decided(call, _read(call, Evaluation)))


def evaluations(call: Call) -> Answer:
    """Decide several of these in one request."""
    asked = _read(call, Evaluations)
    if not asked.evaluations:
        return Answer(_decided(call, _whole({}, asked)))
    return Answer(Decisions(evaluations=tuple(_until(call, asked, STOPS_AT[asked.options.evaluations_semantic]))))


def _until(call: Call, asked: Evaluations, stop: bool | None) -> Iterator[Decision]:
    for part in asked.evaluations:
        try:
            decided = _decided(call, _whole(part, asked))
        except BadRequest as error:
            # The others are good for themselves.
            wrong = [{"pointer": one.pointer, "detail": one.detail} for one in error.errors]
            decided = Decision(decision=False, context={"reason": "malformed", "errors": wrong})
        yield decided
        if decided.decision is stop:
            return


def _read(call: Call, shape: Any) -> Any:
    """The body. What does not have its shape is malformed, as the standard has it."""
    try:
        return json_body(call.request, shape)
    except BadRequest as error:
        kind = "malformed" if error.kind in ("unprocessable", "unsupported-media-type") else error.kind
        raise BadRequest(kind, error.detail, *error.errors) from error


def _whole(part: Properties, around: Evaluations) -> Evaluation:
    """A part with what it leaves out. Raises `BadRequest` when that is still not all that it takes."""
    merged = {}
    for name, needed in NEEDED.items():
        outer, inner = getattr(around, name), part.get(name)
        if inner is None:
            inner = outer
        elif isinstance(inner, dict) and outer is not None:
            # One thing takes the place of another, but for what says which thing it is.
            inner = {member: outer[member] for member in needed if member in outer} | inner
        if inner is not None:
            merged[name] = inner
    try:
        return in_shape(msgspec.json.encode(merged), Evaluation)
    except BadRequest as error:
        raise BadRequest("malformed", error.detail, *error.errors) from error


def _decided(call: Call, asked: Evaluation) -> Decision:
    wish = _wish(call, asked)
    if wish is None:
        return Decision(decision=False, context={"reason": "nothing that is decided here"})
    try:
        outcome = call.desks.clerk.take(wish, call.circumstances(), dry_run=asked.context.dry_run)
    except Malformed:
        # Something that the ledger does not know: the answer says as little of that as of any other denial.
        return Decision(decision=False, context={"reason": "nothing that is decided here"})
    objections = [call.told(one) for one in outcome.objections]
    call.desks.parts.monitor.decided(one.rule for one in objections)
    said: Properties = {"rules": sorted({one.rule for one in objections})} if objections else {}
    if outcome.entries:
        said["entry"] = outcome.entries[-1].position
        said["receipt"] = receipt_at(said["entry"])
    return Decision(decision=not objections, context=said)


def _wish(call: Call, asked: Evaluation) -> Access | None:
    """What is asked, as a wish; None for what the ledger has no rule for."""
    known = (asked.subject.type, asked.action.name, asked.resource.type)
    if not all(one in some for one, some in zip(known, (SUBJECTS, ACTIONS, RESOURCES), strict=True)):
        return None
    request = asked.resource.properties.get("request")
    try:
        person = known_person(call.ledger, call.home.custody, asked.subject.id)
        dataset = msgspec.convert(asked.resource.id, DataSetId)
        if request is not None:
            msgspec.convert(request, RequestId)
    except (msgspec.ValidationError, Malformed):
        return None
    account = None if person else asked.subject.id
    return Access(person=person, dataset=dataset, request=request, account=account)


def metadata(base: str) -> Metadata:
    """Where to ask, below this address."""
    return Metadata(
        policy_decision_point=base,
        access_evaluation_endpoint=f"{base}/access/v1/evaluation",
        access_evaluations_endpoint=f"{base}/access/v1/evaluations",
    )
