"""C2: nobody whom an agreement or its amendment is for approved the template that it is written from (policy)."""

from collections.abc import Iterator
from datetime import date

from projections.acts import IssueAgreement
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[IssueAgreement]("template-approved", "C2", "nobody approves the terms of an agreement for themselves")


@RULE.objects
def approved_by_themselves(act: IssueAgreement, standing: Standing, day: date) -> Iterator[Objection]:
    """Who asks writes no terms for themselves, nor does their study group, nor whom an amendment adds."""
    del day
    request = standing.request(act.request)
    submitted = request.submitted
    if submitted is None:
        return
    bound = (submitted.event.researcher, *request.study_group, *(one.person for one in act.recipients))
    if act.template_approved_by in bound:
        wanting = "somebody else to approve the template"
        yield RULE.objection(wanting, act.template_approved_by, [submitted.position])
