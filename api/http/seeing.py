"""A request as it is shown, and whether it still is what the caller has seen of it, as `If-Match` says."""

from datetime import datetime

import msgspec

from api.awaiting import days_waited, needed_for, turns_of
from api.desk import Seen
from api.http import shapes
from api.http.call import Call
from api.http.problems import BadRequest
from api.http.rendering import packed
from api.http.replying import is_of_a_request, tag_of
from api.stages import stage_at
from projections.acts import ApproveRequest, of_request
from projections.asof import AsOf, Moment
from projections.checklist import Line, checklist
from projections.standing import Office, RequestStanding, Standing


def shown(call: Call, request: str, log: AsOf, whole: Standing, office: Office, at: datetime) -> shapes.RequestShown:
    """A request that the ledger knows as this caller may see it, by all that its approval would be judged on."""
    known = whole.request(request)
    submitted = known.submitted
    if submitted is None:
        raise AssertionError("a request is shown that nobody made")
    stage = stage_at(request, known, log, office.day(at))
    return shapes.RequestShown(
        request=request,
        state=str(stage.state),
        since=stage.since,
        researcher=_somebody(call, submitted.event.researcher),
        datasets=tuple(shapes.Asked(dataset=one.dataset, form=one.form) for one in known.datasets),
        study_group=tuple(_somebody(call, person) for person in known.study_group),
        contact=_somebody(call, known.contact.person) if known.contact.person else None,
        turns=tuple(
            shapes.Turn.of(
                one,
                whom_name=call.called(one.whom),
                working_days=days_waited(one.since_at, office, at),
            )
            for one in turns_of(known, request, log, office)
        ),
        agreements=tuple(known.agreements),
        releases=tuple(known.releases),
        checklist=tuple(_item(call, line, known) for line in checklist(request, whole, at)),
    )


def _somebody(call: Call, person: str) -> shapes.Somebody:
    return shapes.Somebody(person=person, name=call.name(person))


def _item(call: Call, line: Line, known: RequestStanding) -> shapes.Item:
    return shapes.Item(
        rule=line.rule,
        source=line.source,
        about=line.about,
        about_name=call.name(line.about),
        status=line.status,
        wanting=line.wanting,
        needed_for=needed_for(line, known),
        facts=line.facts,
    )


def last_about(request: str, log: AsOf) -> int | None:
    """The position of the last entry about a request."""
    return max((fact.position for fact in log.facts([of_request(request)])), default=None)


def seen_by(call: Call) -> Seen | None:
    """What the caller has seen of the request that they act on, as `If-Match` says; None when it says nothing.

    It holds while the request would be shown under the same tag: with the same last entry about it, and the same state,
    turns and checklist. What is recorded about it without changing any of that, such as that somebody was let in
    once more or that an act was refused, does not count. Raises `BadRequest` for a tag that no request had.
    """
    tags = call.request.if_match
    if "If-Match" not in call.request.headers or (tags.star_tag and "request" in call.ids):
        return None
    wanted = {tag for tag in tags.as_set() if is_of_a_request(tag)}
    if not wanted or "request" not in call.ids:
        raise BadRequest("outdated", "If-Match has no tag that this request ever had.")
    request = call.ids["request"]
    return Seen(request, lambda position: not wanted.isdisjoint(_tags(call, request, position)))


def _tags(call: Call, request: str, position: int) -> set[str]:
    """Under which tags the request is shown when the log is so long: as it is, and with gzip."""
    log = AsOf(call.ledger, Moment(), position)
    whole = log.standing(ApproveRequest(principal=call.caller.principal, request=request))
    if whole.request(request).submitted is None:
        return set()
    body = msgspec.json.encode(shown(call, request, log, whole, log.office(), call.now))
    last = last_about(request, log)
    return {tag_of(body, last), tag_of(packed(body), last)}
