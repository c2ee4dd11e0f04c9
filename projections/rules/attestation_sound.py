"""Policy: an attestation is accepted once, whole and of some copy, or for a reason; whoever left attests alone."""

from collections.abc import Iterator
from datetime import date

from projections.acts import AcceptAttestation
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[AcceptAttestation](
    "attestation-sound", "policy", "an attestation is whole, and that of who left stands alone"
)


@RULE.objects
def unsound(act: AcceptAttestation, standing: Standing, day: date) -> Iterator[Objection]:
    """One attestation may name several people, a departing member's stands alone."""
    del day
    request = standing.request(act.request)
    known = request.copies.attestation(act.attestation)
    if known.attested is None:
        yield RULE.objection("the attestation", act.attestation)
        return
    said = known.attested.event
    if known.accepted:
        yield RULE.objection("an attestation that is still to be accepted", act.attestation, known.facts)
    if said.exceptions and act.reason is None:
        yield RULE.objection("a reason in spite of the exceptions", act.attestation, known.facts)
    if said.copies == 0 and act.reason is None:
        yield RULE.objection("a reason in spite of no copies", act.attestation, known.facts)
    people = act.people(standing)
    for person in people:
        if request.has_departed(person) and len(people) > 1:
            leaving = request.leaving(person)
            yield RULE.objection("an attestation of their own", person, [*known.facts, leaving and leaving.position])
