"""C1.7, S1: the disclosure was found consistent with the law, with a basis for each data set and class of recipient."""

from collections.abc import Iterator
from datetime import date

from ledger.events.review import Basis
from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act](
    "law-determined", "C1.7, S1", "the disclosure is consistent with the law, on a basis for each data set"
)


@RULE.objects
def without_basis(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """A determination made before the request was last submitted is about another text."""
    del day
    request = standing.request(act.request)
    submitted, law = request.submitted, request.law
    if submitted is None:
        return
    if law is None or law.position < submitted.position:
        yield RULE.objection("legal determination", facts=[submitted.position, law and law.position])
        return
    if not law.event.consistent:
        yield RULE.objection("consistency with the law", facts=[law.position])
    bases = {(basis.dataset, basis.form, basis.recipients) for basis in law.event.bases if _carries(basis)}
    people = act.people(standing)
    classes = request.affiliations.institutions(people)
    for wanted in act.wanted(standing):
        for recipients in classes:
            if (wanted.dataset, wanted.form, recipients) not in bases:
                yield RULE.objection(f"legal basis for {recipients} recipients", wanted.dataset, [law.position])


def _carries(basis: Basis) -> bool:
    """Whether data in this form can go out on this basis: 34 CFR 99.31(b) is for de-identified data alone."""
    return basis.form == "de-identified" or basis.basis != "34 CFR 99.31(b)"
