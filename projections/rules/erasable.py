"""34 CFR 99.32: who is in a disclosure record, holds data or is bound by an agreement keeps name and institution."""

from collections.abc import Iterator
from datetime import date

from projections.acts import EraseDetails
from projections.rules.rule import Objection, Rule
from projections.standing import RequestStanding, Standing, open_holdings

RULE = Rule[EraseDetails](
    "erasable", "34 CFR 99.32", "name and institution stay while an agreement or a disclosure record needs them"
)

KEPT = frozenset({"name", "institution"})
# By what somebody who comes back is found to be known already.
KNOWN_BY = KEPT | {"email"}


@RULE.objects
def still_needed(act: EraseDetails, standing: Standing, day: date) -> Iterator[Objection]:
    """Address, phone and e-mail can go earlier."""
    if act.details and KEPT.isdisjoint(act.details):
        return
    for request in standing.requests.values():
        yield from _bound(act.person, request, day)
        yield from _disclosed_to(act.person, request)
        for one in open_holdings(request):
            if one.person == act.person:
                wanting = f"an end of the holding of {one.dataset} version {one.label}"
                yield RULE.objection(wanting, act.person, [one.position])
    for past in standing.person(act.person).past:
        wanting = f"an end of the record of disclosure {past.event.register}"
        yield RULE.objection(wanting, act.person, [past.position])
    for id_, incident in standing.open_incidents.items():
        if incident.names(act.person) or any(incident.concerns(one, (), ()) for one in standing.requests):
            yield RULE.objection(f"an end of incident {id_}", act.person, incident.facts)


@RULE.objects
def while_debarred(act: EraseDetails, standing: Standing, day: date) -> Iterator[Objection]:
    """Policy: who is debarred stays known by name, institution and e-mail until that is over, or comes back unknown."""
    if act.details and KNOWN_BY.isdisjoint(act.details):
        return
    debarred = standing.person(act.person).debarments_on(day)
    if debarred:
        yield RULE.objection("an end of the debarment", act.person, debarred)


@RULE.objects
def under_a_hold(act: EraseDetails, standing: Standing, day: date) -> Iterator[Objection]:
    """What a legal hold is on stays whole: of whoever it involves, address, phone and e-mail do not go either."""
    del day
    datasets = act.looks_at(standing)
    for id_, hold in standing.holds.items():
        if hold.holds(standing.requests, (act.person,), datasets):
            yield RULE.objection(f"an end of legal hold {id_}", act.person, hold.facts)


def _bound(person: str, request: RequestStanding, day: date) -> Iterator[Objection]:
    for agreement in request.agreements.values():
        said = agreement.issued
        bound = [one.person for one in said.event.recipients] if said else []
        bound += [one.event.signer for one in agreement.signatures]
        if said and not agreement.is_over(day) and person in bound:
            yield RULE.objection(f"an end of agreement {said.event.agreement}", person, agreement.facts)


def _disclosed_to(person: str, request: RequestStanding) -> Iterator[Objection]:
    for release in request.releases.values():
        told, out = release.authorised, release.handed_over
        if told and out and person in [one.person for one in told.event.parties]:
            wanting = f"an end of the record of disclosure {told.event.release}"
            yield RULE.objection(wanting, person, [told.position, out.position])
