"""Policy: an agreement lasts no longer than policy has it, unless the director has waived that."""

from collections.abc import Iterator
from datetime import datetime

from projections.acts import ExecuteAgreement
from projections.rules.rule import Objection, Rule
from projections.standing import Standing
from projections.standing.person import months_after

RULE = Rule[ExecuteAgreement](
    "agreement-term", "policy", "an agreement lasts no longer than policy has it", waivable=True
)


@RULE.objects
def too_long(act: ExecuteAgreement, standing: Standing, at: datetime) -> Iterator[Objection]:
    """Counted from its first day."""
    del at
    policy = standing.office.policy
    longest = months_after(act.starts, policy.event.agreement_months)
    if act.ends > longest:
        yield RULE.objection(f"an end by {longest}", act.agreement, [policy.position])
