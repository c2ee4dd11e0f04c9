"""Policy: who decides on a destruction, a loss or an incident has no part in it."""

from collections.abc import Iterator
from datetime import date

from projections.acts import AcceptAttestation, Act, involved
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("independent-decision", "policy", "who decides has no part in what is decided on")


@RULE.objects
def in_own_case(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Who attests or holds, whom an incident concerns; of whoever plays a part in the request another rule says it."""
    del day
    person = standing.office.person(act.principal)
    if person is None or person.event in involved(act, standing):
        return
    concerned = set(act.people(standing))
    if isinstance(act, AcceptAttestation):
        attested = standing.request(act.request).copies.attestation(act.attestation).attested
        concerned |= {attested.event.by} if attested else set()
    if person.event in concerned:
        yield RULE.objection("a decision by somebody else", person.event, [person.position])
