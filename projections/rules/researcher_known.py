"""C1.1: the researcher's name, institution, department, address and contact information are known."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act](
    "researcher-known", "C1.1", "the researcher's name, institution, department, address and contact are known"
)

NEEDED = ("name", "institution", "department", "address")


@RULE.objects
def unknown_details(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Name each detail that is missing; one way to reach the researcher is enough."""
    del day
    submitted = standing.request(act.request).submitted
    if submitted is None:
        yield RULE.objection("the request")
        return
    researcher = submitted.event.researcher
    person = standing.person(researcher)
    known = person.details.keys()
    for detail in NEEDED:
        if detail not in known:
            yield RULE.objection(detail, researcher, [submitted.position, person.registered])
    if known.isdisjoint(("email", "phone")):
        yield RULE.objection("e-mail or phone", researcher, [submitted.position, person.registered])
