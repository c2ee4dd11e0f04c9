"""K3: a request is closed when no publication of it is under review."""

from collections.abc import Iterator
from datetime import date

from projections.acts import CloseRequest
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[CloseRequest]("no-open-publication", "K3", "no publication of the request is under review")


@RULE.objects
def under_review(act: CloseRequest, standing: Standing, day: date) -> Iterator[Objection]:
    """What was sent back waits for its authors, who can withdraw it or tell of it anew; it keeps nothing open."""
    del day
    for id_, one in standing.request(act.request).publications.items():
        if one.is_under_review:
            yield RULE.objection("an end of the review", id_, one.facts)
