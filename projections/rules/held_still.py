"""K1: what is destroyed, or written off, is held."""

from collections.abc import Iterator
from datetime import date

from projections.acts import AcceptAttestation, Ending
from projections.rules.rule import Objection, Rule
from projections.standing import Standing, as_held, open_holdings

RULE = Rule[Ending]("held-still", "K1", "what is destroyed, or written off, is held")


@RULE.objects
def not_held(act: Ending, standing: Standing, day: date) -> Iterator[Objection]:
    """An attestation is about what was held when it came in, and not about what came since."""
    del day
    request = standing.request(act.request)
    until = None
    if isinstance(act, AcceptAttestation):
        attested = request.copies.attestation(act.attestation).attested
        until = attested and attested.position
    held = [as_held(one) for one in open_holdings(request) if until is None or one.position < until]
    for one in act.held(standing):
        if one not in held:
            yield RULE.objection(f"a holding of {one.dataset} version {one.label}", one.person, [until])
