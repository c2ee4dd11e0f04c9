"""C2, K1: everybody who gets data is named, with the organisation that they act for, in an agreement in force."""

from collections.abc import Iterator
from datetime import date

from projections.acts import Act, LetIn
from projections.rules.rule import Objection, Rule
from projections.standing import Standing

RULE = Rule[Act]("named-recipients", "C2, K1", "data go to nobody who is not named in an agreement in force")


@RULE.objects
def unnamed_people(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """For each data set; an organisation alone admits nobody."""
    request = standing.request(act.request)
    wanted, people = act.wanted(standing), act.people(standing)
    named = [(one.dataset, request.named(people, day, one.dataset, one.form)) for one in wanted]
    unnamed = [(who, dataset) for dataset, parties in named for who in people if not parties[who]]
    if wanted and not unnamed:
        return
    facts = [position for one in request.agreements.values() for position in one.facts]
    for person in people:
        lacking = [dataset for who, dataset in unnamed if who == person]
        if wanted and not lacking:
            continue
        leaving = request.leaving(person)
        if leaving and leaving.event.on <= day:
            yield RULE.objection("a right that has not ended", person, [leaving.position])
            continue
        known = request.affiliations.get(person)
        where = [*facts, known and known.position]
        if not request.naming(person, day):
            yield RULE.objection("a place in an agreement in force", person, where)
            continue
        for dataset in lacking:
            yield RULE.objection(f"a place in an agreement about {dataset}", person, where)


@RULE.objects
def unknown_person(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Whom the ledger does not know, no agreement names."""
    del standing, day
    if isinstance(act, LetIn) and act.person is None:
        yield RULE.objection("a person whom the ledger knows")


@RULE.objects
def another_data_set(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """A request and its study group open nothing else."""
    del day
    request = standing.request(act.request)
    if not isinstance(act, LetIn) or request.submitted is None:
        return
    person = act.person
    if person and person not in request.study_group and request.leaving(person) is None:
        yield RULE.objection("a place in the study group", person, [request.submitted.position])
    if not act.asked_for(standing):
        yield RULE.objection("a request for it", act.dataset, [request.submitted.position])


@RULE.objects
def another_form(act: Act, standing: Standing, day: date) -> Iterator[Objection]:
    """Nor does what is said of one form of a data set open another, such as all that there is of it."""
    del day
    submitted = standing.request(act.request).submitted
    if not isinstance(act, LetIn) or not act.asked_for(standing) or act.wanted(standing):
        return
    known = standing.dataset(act.dataset)
    facts = [submitted and submitted.position, *(at for label in known.versions for at in known.facts(label))]
    if not known.versions:
        yield RULE.objection("a version of it", act.dataset, facts)
    for form in known.forms:
        yield RULE.objection(f"a request for it, {form}", act.dataset, facts)
