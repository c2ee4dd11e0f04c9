"""Policy: as many people review what is published as policy has it."""

from collections.abc import Iterator
from datetime import date

from projections.acts import PassPublication, involved
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[PassPublication](
    "second-reviewer", "policy", "as many people have reviewed it as policy has it", waivable=True
)


@RULE.objects
def too_few(act: PassPublication, standing: Standing, day: date) -> Iterator[Objection]:
    """The first review is never waived; the director can waive the others."""
    del day
    policy = standing.office.policy
    published = standing.request(act.request).publication(act.publication)
    fit, wanted = published.fit(involved(act, standing)), policy.event.publication_reviewers
    if wanted > 1 and len(fit) < wanted:
        facts = [policy.position, *(one.position for one in fit)]
        yield RULE.objection(f"{wanted} reviewers: it has {len(fit)}", act.publication, facts)
