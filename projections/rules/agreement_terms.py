"""C2, K1: an agreement names only people of the study group, each for whom they act, and only what was asked for."""

from collections.abc import Iterator, Sequence
from datetime import date

from ledger.events.agreement import Kind
from projections.acts import IssueAgreement
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[IssueAgreement]("agreement-terms", "C2, K1", "an agreement names the study group and what was asked for")


@RULE.objects
def beyond_the_request(act: IssueAgreement, standing: Standing, day: date) -> Iterator[Objection]:
    """An organisation alone admits nobody, and a person only for the organisation that they act for."""
    del day
    request = standing.request(act.request)
    submitted = request.submitted
    if submitted is None:
        return
    taken = standing.taken(act.agreement)
    if taken:
        yield RULE.objection("a number that is not taken", act.agreement, [taken])
    if not act.recipients:
        yield RULE.objection("recipients", act.agreement, [submitted.position])
    for one in act.recipients:
        known, needs = request.affiliations.get(one.person), request.needs(one.person)
        facts = [submitted.position, known and known.position]
        if one.person not in request.study_group:
            yield RULE.objection("a place in the study group", one.person, facts)
        elif one.organisation not in [organisation for _, organisation in needs]:
            yield RULE.objection("the organisation that they act for", one.person, facts)
        elif (act.kind, one.organisation) not in needs and act.otherwise is None:
            yield RULE.objection(f"{_usual(needs)}, or a reason", one.person, facts)


@RULE.objects
def other_data(act: IssueAgreement, standing: Standing, day: date) -> Iterator[Objection]:
    """Data sets in the form that was asked for."""
    del day
    submitted = standing.request(act.request).submitted
    if submitted is None:
        return
    if not act.datasets:
        yield RULE.objection("data sets", act.agreement, [submitted.position])
    asked_for = {(one.dataset, one.form) for one in standing.request(act.request).datasets}
    for one in act.datasets:
        if (one.dataset, one.form) not in asked_for:
            yield RULE.objection(f"a request for it, {one.form}", one.dataset, [submitted.position])


def _usual(needs: Sequence[tuple[Kind, str | None]]) -> str:
    return " and ".join(kind for kind, _ in needs)
