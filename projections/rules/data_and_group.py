"""C1.3: the data sets with their form, the personnel and the study group are listed."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("data-and-group", "C1.3", "the data sets with their form and everybody who needs access are listed")


@RULE.objects
def unlisted(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Everybody in the study group is among the personnel, and is known to the office."""
    del day
    request = standing.request(act.request)
    submitted = request.submitted
    if submitted is None:
        return
    said, facts = submitted.event, [submitted.position]
    if not said.datasets:
        yield RULE.objection("data sets", facts=facts)
    for wanted in said.datasets:
        if wanted.form is None:
            yield RULE.objection("form", wanted.dataset, facts)
    if not said.study_group:
        yield RULE.objection("study group", facts=facts)
    for person in request.study_group:
        if person not in request.personnel:
            yield RULE.objection("a place among the personnel", person, facts)
        if standing.person(person).registered is None:
            yield RULE.objection("registration", person, facts)
