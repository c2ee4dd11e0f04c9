"""K1: a request is closed when nobody holds anything under it any more."""

from collections.abc import Iterator
from datetime import date

from projections.acts import CloseRequest
from projections.rules.rule import Objection, Rule
from projections.standing import Standing, open_holdings

RULE = Rule[CloseRequest]("no-open-holding", "K1", "nobody holds anything under the request any more")


@RULE.objects
def still_held(act: CloseRequest, standing: Standing, day: date) -> Iterator[Objection]:
    """Whoever is presumed to hold something may do so, too; an attestation counts once it is accepted."""
    del day
    for one in open_holdings(standing.request(act.request)):
        wanting = f"an end of the holding of {one.dataset} version {one.label}"
        yield RULE.objection(wanting, one.person, [one.position, one.attested])
