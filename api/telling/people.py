"""People, organisations and the catalogue told in words."""

from api.names import Names
from api.telling.words import Words, listed
from ledger import events as e


def told_of_people(event: e.Event, names: Names, words: Words) -> str | None:
    """An event about people, organisations or the catalogue as a sentence; None for any other."""
    match event:
        case e.PersonRegistered():
            return f"{names(event.person)} became known to the office."
        case e.PersonDetailsChanged():
            return f"Details of {names(event.person)} changed: {listed(event.sealed())}."
        case e.PersonErased():
            return f"Erased of {names(event.person)}: {listed(event.details) or 'everything'}."
        case e.OrganisationRegistered():
            return f"{names(event.organisation)} became known to the office."
        case e.AffiliationDetermined():
            where = {
                "home": f"of {words.institution}",
                "outside": "from outside",
                "in doubt": "of doubtful affiliation",
            }
            acts_for = f", for {names(event.organisation)}" if event.organisation else ""
            return f"{names(event.person)} takes part as somebody {where[event.affiliation]}{acts_for}."
        case e.DataSetRegistered():
            return f"The data set {event.dataset} ({event.kind} of {event.course_run}) entered the catalogue."
        case e.DataSetVersionAdded():
            return f"{event.dataset} got version {event.label}, {event.form}."
        case e.DataSetFormChanged():
            found = f"On {event.found_on} {names(event.found_by)} found version {event.label} of {event.dataset}"
            return f"{found} to be {event.form}."
        case e.DataSetRetired():
            return f"{event.dataset} is released no more."
    return None
