"""C1.2: funding, peer review, and the approval by the department head or equivalent are stated and documented."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("funding-and-review", "C1.2", "funding, peer review and the department's approval are stated")


@RULE.objects
def unstated(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """An explicit "none" is an answer; a "yes" has to say by whom."""
    del day
    submitted = standing.request(act.request).submitted
    if submitted is None:
        return
    said, facts = submitted.event, [submitted.position]
    if said.funded is None or (said.funded and said.funding is None):
        yield RULE.objection("source of funding", facts=facts)
    if said.peer_reviewed is None or (said.peer_reviewed and said.reviewers is None):
        yield RULE.objection("peer review, and by whom", facts=facts)


@RULE.objects
def not_approved_above(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Nobody approves their own request; a department's head needs the dean, or the next above."""
    del day
    submitted = standing.request(act.request).submitted
    if submitted is None:
        return
    said, facts = submitted.event, [submitted.position]
    approval = said.head_approval
    if approval is None:
        yield RULE.objection("approval by the department head or equivalent", said.researcher, facts)
    elif approval.by == said.researcher:
        yield RULE.objection("approval by somebody else than the researcher", approval.by, facts)
    elif said.researcher_heads_department and approval.capacity not in ("dean", "next above"):
        yield RULE.objection("approval by the dean or the next above, of a head's own request", approval.by, facts)
