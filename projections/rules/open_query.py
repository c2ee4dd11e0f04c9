"""K2: a query is answered once, when it waits for an answer."""

from collections.abc import Iterator
from datetime import date

from projections.acts import AnswerQuery
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[AnswerQuery]("open-query", "K2", "a query is answered once")


@RULE.objects
def answered_before(act: AnswerQuery, standing: Standing, day: date) -> Iterator[Objection]:
    """What went to counsel still waits, but goes there no second time."""
    del day
    query = standing.query(act.query)
    waiting = ("open",) if act.outcome == "to counsel" else ("open", "with counsel")
    if query.state not in waiting:
        yield RULE.objection(f"an open query: it is {query.state}", act.query, query.facts)
