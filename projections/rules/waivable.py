"""Policy: some rules can be waived, for a time; those that protect learners never are."""

from collections.abc import Iterator
from datetime import date

from projections.acts import GrantWaiver
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

# Each of these rules says of itself that it can be waived; the rulebook is tested for it.
WAIVABLE = ("agreement-term", "key-address", "key-tested", "second-reviewer")
RULE = Rule[GrantWaiver]("waivable", "policy", "the rule is one that can be waived, for a time")


@RULE.objects
def never_waivable(act: GrantWaiver, standing: Standing, day: date) -> Iterator[Objection]:
    """Never C1.4, C1.5, C1.6, the legal determination, C2 executed, K1, K2, K3."""
    del standing, day
    if act.rule not in WAIVABLE:
        yield RULE.objection(f"a rule that can be waived: that is {', '.join(WAIVABLE)}", act.rule)


@RULE.objects
def over_already(act: GrantWaiver, standing: Standing, day: date) -> Iterator[Objection]:
    """A waiver covers its last day."""
    del standing
    if act.expires < day:
        yield RULE.objection("a last day that is not over", act.waiver)


@RULE.objects
def granted_before(act: GrantWaiver, standing: Standing, day: date) -> Iterator[Objection]:
    """A number names one waiver."""
    del day
    taken = standing.taken(act.waiver)
    if taken:
        yield RULE.objection("a number that is not taken", act.waiver, [taken])
