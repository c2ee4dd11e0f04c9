"""S2: what the office itself answers with is aggregated, and identifies nobody."""

from collections.abc import Iterator
from datetime import date

from projections.acts import AnswerQuery
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[AnswerQuery]("aggregate-only", "S2", "the office answers with an aggregate that has no small cell")


@RULE.objects
def small_or_missing(act: AnswerQuery, standing: Standing, day: date) -> Iterator[Objection]:
    """Words alone, such as that the result holds, count nobody; of a document it is said what it counts."""
    del day
    query, policy = standing.query(act.query), standing.office.policy
    facts = [query.received and query.received.position, policy.position]
    smallest, found = policy.event.smallest_cell, act.smallest_cell
    if act.outcome != "office verifies":
        return
    if act.answer is None and act.document is None:
        yield RULE.objection("the aggregate, or words, to answer with", act.query, facts)
    if act.document is not None and found is None:
        yield RULE.objection("the smallest cell of the aggregate", act.query, facts)
    if found is not None and found < smallest:
        yield RULE.objection(f"cells of {smallest} or more: the smallest has {found}", act.query, facts)
