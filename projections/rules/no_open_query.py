"""K2: a request is closed when no query about it waits for an answer."""

from collections.abc import Iterator
from datetime import date

from projections.acts import CloseRequest
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[CloseRequest]("no-open-query", "K2", "no query about the request waits for an answer")


@RULE.objects
def unanswered(act: CloseRequest, standing: Standing, day: date) -> Iterator[Objection]:
    """What is with counsel waits, too."""
    del day
    for id_, query in standing.queries.items():
        if query.is_open and query.received and query.received.event.request == act.request:
            yield RULE.objection("an answer", id_, query.facts)
