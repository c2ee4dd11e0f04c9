"""Policy: an agreement lasts no longer than policy has it, unless the director has waived that."""

from collections.abc import Iterator
from datetime import date

from projections.acts import ExecuteAgreement, RenewAgreement
from projections.rules.rule import Objection, Rule
from projections.standing import Standing
from projections.standing.person import months_after

RULE = Rule[ExecuteAgreement | RenewAgreement](
    "agreement-term", "policy", "an agreement lasts no longer than policy has it", waivable=True
)


@RULE.objects
def too_long(act: ExecuteAgreement | RenewAgreement, standing: Standing, day: date) -> Iterator[Objection]:
    """Counted from its first day; of a renewal from the day of that, for which ethics and training are judged anew."""
    policy = standing.office.policy
    begins = act.starts if isinstance(act, ExecuteAgreement) else day
    longest = months_after(begins, policy.event.agreement_months)
    if act.ends > longest:
        yield RULE.objection(f"an end by {longest}", act.agreement, [policy.position])
