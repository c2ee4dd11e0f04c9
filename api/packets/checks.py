"""Everything that a form leaves out, or in which it contradicts itself, item by item of the checklist.

It looks at the form only: what the office knows already, and what the rules say of it all, is asked elsewhere.
"""

from collections.abc import Collection, Iterator
from datetime import date

from api.packets.ethics import ethics
from api.packets.form import Form, Person
from api.packets.problem import At, Finding, shown
from ledger.chain.entry import MAX_TAGS
from ledger.custody import caseless
from ledger.events.request import Item

IS_MISSING = "is missing"
# Tags of an entry that are neither people nor data sets: request, determination, organisation, idempotency key.
_OTHER_TAGS = 6


def check(form: Form, today: date, catalogue: Collection[str] | None) -> Iterator[Finding]:
    """What is wrong, missing or pending on this day; data sets are looked up in the catalogue if there is one."""
    yield from _people(form)
    yield from _researcher(form)
    yield from _funding_and_review(form)
    yield from _approval(form)
    yield from _data_sets(form, catalogue)
    yield from ethics(form, today)
    yield from _certificates(form, today)
    yield from _research(form)
    yield from _contact(form)
    yield from _extent(form)


def missing(at: At, item: Item, what: str = IS_MISSING) -> Finding:
    """That something is missing."""
    return Finding(at, what, "missing", item)


def _people(form: Form) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for number, person in enumerate(form.people, 1):
        at, item = ("people", number), _item(form, person)
        if person.email is None:
            yield Finding((*at, "email"), f"{IS_MISSING}, and nobody can be recorded without an address", item=item)
        elif (before := first.setdefault(caseless(person.email), number)) != number:
            yield Finding((*at, "email"), f"is the address of people[{before}] too; everybody is listed once")
        if person.name is None:
            yield missing((*at, "name"), item)
        if person.part is None:
            yield missing((*at, "part"), "C1.3")
        for detail in ("institution", "affiliation"):
            if person.involved and getattr(person, detail) is None:
                yield missing((*at, detail), item)
    if not any(person.member for person in form.people):
        yield missing(("people",), "C1.3", "nobody is in the study group")


def _item(form: Form, person: Person) -> Item:
    """The item under which a person's details are asked for."""
    if person is form.person(form.researcher.person):
        return "C1.1"
    if person is form.person(form.head_approval.by) and not person.involved:
        return "C1.2"
    return "C1.3" if person.member else "C1.6"


def _researcher(form: Form) -> Iterator[Finding]:
    said = form.researcher
    if said.person is None:
        what = f"{IS_MISSING}, and nothing can be recorded without the researcher"
        yield Finding(("researcher", "person"), what, item="C1.1")
    yield from _listed(form, ("researcher", "person"), said.person)
    yield from _listed(form, ("researcher", "faculty_sponsor"), said.faculty_sponsor)
    if said.student and said.faculty_sponsor is None:
        yield missing(("researcher", "faculty_sponsor"), "C1.1", "is missing, and a student names one")
    number = form.number(said.person)
    if number is None:
        return
    person = form.people[number - 1]
    if person is form.person(said.faculty_sponsor):
        yield Finding(("researcher", "faculty_sponsor"), "is the researcher")
    if person.part == "none":
        yield Finding(("people", number, "part"), 'of the researcher is at least "personnel"')
    for detail in ("department", "address"):
        if getattr(person, detail) is None:
            yield missing(("people", number, detail), "C1.1")


def _funding_and_review(form: Form) -> Iterator[Finding]:
    if form.funding.source is None:
        yield missing(("funding", "source"), "C1.2", 'is missing; "none" is an answer')
    review = form.peer_review
    if review.reviewed is None:
        yield missing(("peer_review", "reviewed"), "C1.2", "is missing; false is an answer")
    elif review.reviewed and review.by is None:
        yield missing(("peer_review", "by"), "C1.2")
    elif review.by is not None and not review.reviewed:
        yield Finding(("peer_review", "by"), "says who reviewed it, where it was not reviewed")


def _approval(form: Form) -> Iterator[Finding]:
    approval = form.head_approval
    for field in ("by", "capacity", "document"):
        if getattr(approval, field) is None:
            yield missing(("head_approval", field), "C1.2")
    yield from _listed(form, ("head_approval", "by"), approval.by)
    researcher = form.person(form.researcher.person)
    if researcher is not None and researcher is form.person(approval.by):
        yield missing(("head_approval", "by"), "C1.2", "is the researcher; somebody else has to approve")
    if form.researcher.heads_department and approval.capacity in ("department head", "equivalent"):
        what = "has to be that of the dean or the next above, because the researcher heads the department"
        yield missing(("head_approval", "capacity"), "C1.2", what)


def _data_sets(form: Form, catalogue: Collection[str] | None) -> Iterator[Finding]:
    if not form.data_sets:
        yield missing(("data_sets",), "C1.3")
    seen = set()
    for number, wanted in enumerate(form.data_sets, 1):
        at = ("data_sets", number)
        for field in ("id", "form"):
            if getattr(wanted, field) is None:
                yield missing((*at, field), "C1.3")
        if wanted.id is not None and catalogue is not None and wanted.id not in catalogue:
            yield Finding((*at, "id"), f"{shown(wanted.id)} is not in the catalogue")
        if wanted.id is not None and (wanted.id, wanted.form) in seen:
            yield Finding((*at, "id"), f"{shown(wanted.id)} stands twice")
        seen.add((wanted.id, wanted.form))


def _certificates(form: Form, today: date) -> Iterator[Finding]:
    for number, person in enumerate(form.people, 1):
        at = ("people", number)
        said = {name: getattr(person, name) for name in ("citi_completed", "citi_expires", "citi_document")}
        if person.member and not any(said.values()):
            yield missing((*at, "citi_document"), "C1.6", "no CITI certificate is given")
        elif person.member:
            yield from (missing((*at, name), "C1.6") for name, value in said.items() if value is None)
        completed, expires = person.citi_completed, person.citi_expires
        if completed is not None and completed > today:
            yield Finding((*at, "citi_completed"), f"{completed} is in the future")
        if isinstance(expires, date) and completed is not None and expires < completed:
            yield Finding((*at, "citi_expires"), f"{expires} is before it was completed, on {completed}")
        elif isinstance(expires, date) and expires < today and person.member:
            yield missing((*at, "citi_expires"), "C1.6", f"the certificate ended on {expires}; a current one is needed")


def _research(form: Form) -> Iterator[Finding]:
    if not form.research.purposes:
        yield missing(("research", "purposes"), "C1.7")
    if form.research.description is None and form.research.document is None:
        yield missing(("research", "description"), "C1.7", "is missing, and no document is named in its place")
    for number, purpose in enumerate(form.research.purposes, 1):
        if purpose in form.research.purposes[: number - 1]:
            yield Finding(("research", "purposes", number), f"{shown(purpose)} stands twice")


def _contact(form: Form) -> Iterator[Finding]:
    said = form.contact
    for field in ("person", "key_file"):
        if getattr(said, field) is None:
            yield missing(("contact", field), "C3")
    yield from _listed(form, ("contact", "person"), said.person)
    person = form.person(said.person)
    if person is not None and person.part not in (None, "study group"):
        yield Finding(("contact", "person"), "is not in the study group, and will have no access")


def _listed(form: Form, at: At, address: str | None) -> Iterator[Finding]:
    if address is not None and form.number(address) is None:
        yield Finding(at, f"{shown(address)} is the address of nobody who is listed under people")


def _extent(form: Form) -> Iterator[Finding]:
    """An entry has a tag for everybody and everything that it names, and no more than `MAX_TAGS` of them."""
    named, most = len(form.people) + len(form.data_sets), MAX_TAGS - _OTHER_TAGS
    if named > most:
        yield Finding(("people",), f"and data sets are {named} together, and one request can name {most}")
