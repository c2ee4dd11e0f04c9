"""K3, S3: nothing is made public that counts fewer learners in a cell than policy has it."""

from collections.abc import Iterator
from datetime import date

from projections.acts import PassPublication
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[PassPublication]("smallest-cell", "K3, S3", "no cell of it counts fewer learners than policy has it")


@RULE.objects
def small_cells(act: PassPublication, standing: Standing, day: date) -> Iterator[Objection]:
    """Whoever found it, and what its kept tables hold, whatever a reviewer says of them."""
    del day
    policy = standing.office.policy
    published = standing.request(act.request).publication(act.publication)
    least = policy.event.smallest_cell
    found = min((one for one in (published.smallest_cell, act.smallest_cell) if one is not None), default=None)
    if found is not None and found < least:
        shown = [one.position for one in published.reviews if one.event.smallest_cell == found]
        if act.smallest_cell == found and published.notified:
            shown.append(published.notified.position)
        wanting = f"cells of {least} or more: the smallest has {found}"
        yield RULE.objection(wanting, act.publication, [policy.position, *shown])
