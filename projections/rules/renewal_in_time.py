"""C2: an agreement is renewed while it is in force, to a later day."""

from collections.abc import Iterator
from datetime import date

from projections.acts import RenewAgreement
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[RenewAgreement]("renewal-in-time", "C2", "an agreement is renewed while it is in force, to a later day")


@RULE.objects
def too_late(act: RenewAgreement, standing: Standing, day: date) -> Iterator[Objection]:
    """What has lapsed is signed anew, and so is what an amendment took the place of."""
    agreement = standing.request(act.request).agreement(act.agreement)
    last = agreement.last_day
    # A clock that is a moment behind that of the calendar changes nothing about what has expired.
    if agreement.expired or not agreement.in_force(day):
        yield RULE.objection("an agreement in force", act.agreement, agreement.facts)
    elif last is not None and act.ends <= last:
        yield RULE.objection(f"an end after {last}", act.agreement, agreement.facts)
    elif agreement.terminated is not None and act.ends >= agreement.terminated.event.on:
        on = agreement.terminated.event.on
        yield RULE.objection(f"an end before it is terminated, on {on}", act.agreement, agreement.facts)
