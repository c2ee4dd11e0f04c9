"""Somebody leaves: in which requests they take part, what ends with that, and what they have to destroy."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from api.telling.words import listed
from ledger.boundary import about
from ledger.events import (
    AgreementIssued,
    ApiKeyIssued,
    ApiKeyRevoked,
    ContactDesignated,
    CopyReported,
    LegalHoldLifted,
    ReleaseAuthorised,
    RequestSubmitted,
    RoleGranted,
)
from ledger.log import Ledger
from projections.acts import of_dataset, of_office, of_person, of_request
from projections.standing import OVER, Holding, Office, RequestStanding, Standing, open_holdings
from projections.views.calendar import after

_PARTS = (RequestSubmitted, AgreementIssued, ContactDesignated, CopyReported, ReleaseAuthorised)


def parts_of(ledger: Ledger, person: str) -> dict[str, RequestStanding]:
    """The requests that are not over in which somebody takes part, or under which they hold something."""
    facts = ledger.facts([about(*_PARTS, tags=[f"person:{person}"])])
    requests = sorted({str(getattr(fact.event, "request", "")) for fact in facts})
    standing = Standing(ledger.facts([of_office(), *map(of_request, requests)]))
    found = {request: standing.request(request) for request in requests}
    return {
        request: one
        for request, one in found.items()
        if one.state not in OVER and not one.has_departed(person) and takes_part(person, one)
    }


def takes_part(person: str, request: RequestStanding) -> bool:
    """Whether somebody is involved in a request as it is now, is named in its agreements, or holds something."""
    said = request.submitted.event if request.submitted else None
    involved = {said.researcher, *said.study_group, *request.personnel} if said else set()
    agreements = [one.issued.event for one in request.agreements.values() if one.issued]
    named = {one.person for agreement in agreements for one in agreement.recipients}
    holders = {one.person for one in open_holdings(request)}
    return person in {*involved, *named, *holders, request.contact.person}


def what_ends(
    ledger: Ledger, person: str, requests: Mapping[str, RequestStanding], on: date, now: datetime
) -> Iterator[str]:
    """What ends when somebody leaves these requests on a day, what they have to destroy, what is left to be done."""
    held = {id_: [each for each in open_holdings(one) if each.person == person] for id_, one in requests.items()}
    datasets = sorted({each.dataset for some in held.values() for each in some})
    boundaries = [of_office(), of_person(person), *map(of_request, requests), *map(of_dataset, datasets)]
    facts = list(ledger.facts(boundaries))
    standing = Standing(facts)
    told = [(fact.event, standing.office.day(fact.occurred_at)) for fact in facts]
    lifts = [(event, day) for event, day in told if isinstance(event, LegalHoldLifted)]
    for request, one in requests.items():
        yield from _rights(person, request, one, on)
        yield from _contact(person, request, one)
        for each in held[request]:
            ends = max(_last_days(each, one, on), default=each.since or on)
            lifted = [day for lift, day in lifts if _was_on(lift, request, each)]
            yield _holding(each, request, max([ends, *lifted]), standing)
    yield from _roles(ledger, person, standing.office, now)


def _rights(person: str, request: str, one: RequestStanding, on: date) -> Iterator[str]:
    if one.has_left(person, on):
        return
    for id_, agreement in one.agreements.items():
        if agreement.issued is None or agreement.executed is None or not agreement.in_force(on):
            continue
        said = agreement.issued.event
        if person in [recipient.person for recipient in said.recipients]:
            data = ", ".join(dict.fromkeys(covered.dataset for covered in said.datasets))
            until = agreement.executed.event.ends
            yield f"ends: the right under {id_} of {request} to {data}, on {on} instead of after {until}"


def _contact(person: str, request: str, one: RequestStanding) -> Iterator[str]:
    if one.contact.person == person:
        yield f"ends: being the contact of {request}, which needs another before anything is released"
    for id_, key in one.contact.keys.items():
        if key.filed.event.person == person and not (key.revoked or key.rejected):
            yield f"ends: the use of key {id_} for {request}"


def _holding(held: Holding, request: str, since: date, standing: Standing) -> str:
    """What they have to destroy, and by when, counted from a day; or that nobody may before a legal hold is lifted."""
    days = standing.office.policy.event.destruction_days
    what = f"{held.dataset} version {held.label} ({held.how}) of {request}"
    holds = [id_ for id_, hold in standing.holds.items() if hold.holds((request,), (held.person,), (held.dataset,))]
    due = after(since, days)
    if holds:
        return (
            f"not to be destroyed while legal hold {listed(holds)} is in force: {what}; "
            f"then by {due}, or {days} days after it is lifted, whichever is later"
        )
    return f"to be destroyed: {what}, by {due}"


def _was_on(lift: LegalHoldLifted, request: str, held: Holding) -> bool:
    """Whether the hold that was lifted had kept this from being destroyed."""
    return lift.request == request or lift.person == held.person or lift.dataset == held.dataset


def _last_days(held: Holding, one: RequestStanding, on: date) -> Iterator[date]:
    """The last days of the rights to something that is held, under each agreement, none of them on the day or later."""
    revoked = one.leaving(held.person)
    without = min(on, revoked.event.on) if revoked else on
    for agreement in one.agreements.values():
        said, executed = agreement.issued, agreement.executed
        if said is None or executed is None or agreement.last_day is None or not agreement.is_for(held.person):
            continue
        starts, last = executed.event.starts, agreement.last_day
        covered = [what.dataset for what in said.event.datasets if held.form in (None, what.form)]
        # What ended before it began gave no right.
        if starts <= last and starts < without and held.dataset in covered:
            yield min(last, without - timedelta(days=1))


def _roles(ledger: Ledger, person: str, office: Office, now: datetime) -> Iterator[str]:
    """Offices end by commands of their own: who leaves a group may stay at the office."""
    granted = ledger.facts([about(RoleGranted, tags=[f"person:{person}"])])
    principals = dict.fromkeys(fact.event.principal for fact in granted if isinstance(fact.event, RoleGranted))
    revoked = {
        fact.event.apikey for fact in ledger.facts([about(ApiKeyRevoked)]) if isinstance(fact.event, ApiKeyRevoked)
    }
    issued = [fact.event for fact in ledger.facts([about(ApiKeyIssued)]) if isinstance(fact.event, ApiKeyIssued)]
    for principal in principals:
        known = office.person(principal)
        if known is None or known.event != person:
            continue
        for role in sorted(office.roles(principal, now)):
            yield f"left to be done: dua-ledger end-role {principal} {role.replace(' ', '-')}"
        for key in issued:
            if key.principal == principal and key.apikey not in revoked and key.expires > now:
                yield f"left to be done: dua-ledger revoke-api-key {key.apikey}"
