"""C2, K1: an amendment is of an agreement in force, and names people for whom they act, and data of the catalogue."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act, AmendAgreement, ExecuteAgreement, changes_nothing
from projections.rules.rule import Objection, Rule
from projections.standing import RequestStanding, Standing

RULE = Rule[Act](
    "amendment-terms", "C2, K1", "an amendment is of an agreement in force, and names people for whom they act"
)


@RULE.objects
def beyond_what_is_known(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """It may name others than the request did, but nobody for an organisation that they do not act for."""
    del day
    if not isinstance(act, AmendAgreement):
        return
    request = standing.request(act.request)
    taken = standing.taken(act.agreement)
    if taken:
        yield RULE.objection("a number that is not taken", act.agreement, [taken])
    for what, there in (("recipients", act.recipients), ("data sets", act.datasets)):
        if not there:
            yield RULE.objection(what, act.agreement)
    for one in act.recipients:
        known, needs = request.affiliations.get(one.person), request.needs(one.person)
        facts = [known and known.position]
        if one.organisation not in [organisation for _, organisation in needs]:
            yield RULE.objection("the organisation that they act for", one.person, facts)
        elif (act.kind, one.organisation) not in needs and act.otherwise is None:
            yield RULE.objection(f"{' and '.join(kind for kind, _ in needs)}, or a reason", one.person, facts)
    for covered in act.datasets:
        if standing.dataset(covered.dataset).registered is None:
            yield RULE.objection("a place in the catalogue", covered.dataset)


@RULE.objects
def same_as_before(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Other words alone are a change; the very words, for the same people and data, are none."""
    del day
    if not isinstance(act, AmendAgreement):
        return
    agreement = standing.request(act.request).agreement(act.amends)
    said = agreement.issued and agreement.issued.event
    if said and said.text == act.text and changes_nothing(said, act):
        yield RULE.objection("a change", act.agreement, agreement.facts)


@RULE.objects
def of_nothing_in_force(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """When it is issued, and when it is executed: it takes the place of what it amends, or adds to that, at once."""
    request = standing.request(act.request)
    amended = _amended(act, request)
    if amended is None:
        return
    agreement = request.agreement(amended)
    if not agreement.in_force(day):
        yield RULE.objection("an agreement in force", amended, agreement.facts)
    kind = agreement.issued.event.kind if agreement.issued else None
    if isinstance(act, AmendAgreement) and not act.beside and kind not in (None, act.kind):
        yield RULE.objection(f"an amendment that is a {kind}, too", amended, agreement.facts)
    if isinstance(act, ExecuteAgreement):
        if act.starts > day:
            yield RULE.objection(f"a first day by {day}", act.agreement, agreement.facts)
        amendment = request.agreement(act.agreement).amendment
        last = agreement.last_day
        if amendment and amendment.beside and last and act.ends > last:
            yield RULE.objection(f"an end by {last}", act.agreement, agreement.facts)


def _amended(act: Act, request: RequestStanding) -> str | None:
    """What the act amends; None when it is about no amendment."""
    if isinstance(act, AmendAgreement):
        return act.amends
    amendment = request.agreement(act.agreement).amendment if isinstance(act, ExecuteAgreement) else None
    return amendment.amends if amendment else None
