"""34 CFR 99.32: who is in a disclosure record, or bound by an agreement, keeps name and institution in it."""

from collections.abc import Iterator
from datetime import datetime

from projections.acts import EraseDetails
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[EraseDetails](
    "erasable", "34 CFR 99.32", "name and institution stay while an agreement or a disclosure record needs them"
)

KEPT = frozenset({"name", "institution"})


@RULE.objects
def still_needed(act: EraseDetails, standing: Standing, at: datetime) -> Iterator[Objection]:
    """Address, phone and e-mail can go earlier."""
    if act.details and KEPT.isdisjoint(act.details):
        return
    day = standing.office.day(at)
    for request in standing.requests.values():
        for agreement in request.agreements.values():
            said = agreement.issued
            bound = [one.person for one in said.event.recipients] if said else []
            bound += [one.event.signer for one in agreement.signatures]
            if said and not agreement.is_over(day) and act.person in bound:
                yield RULE.objection(f"an end of agreement {said.event.agreement}", act.person, agreement.facts)
        for release in request.releases.values():
            told, out = release.authorised, release.handed_over
            if told and out and act.person in [one.person for one in told.event.parties]:
                wanting = f"an end of the record of disclosure {told.event.release}"
                yield RULE.objection(wanting, act.person, [told.position, out.position])
    for past in standing.person(act.person).past:
        wanting = f"an end of the record of disclosure {past.event.register}"
        yield RULE.objection(wanting, act.person, [past.position])
