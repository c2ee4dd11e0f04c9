"""Facts and objections told in words. Nothing depends on the wording; what counts stands in the log."""

from collections.abc import Iterable
from datetime import date

from api.names import Names
from ledger import events as e
from ledger.codec import Recorded
from projections.rules.rule import Objection
from projections.rules.rulebook import rule

WHERE = {"home": "of the home institution", "outside": "from outside", "in doubt": "of doubtful affiliation"}


def told(event: e.Event, names: Names) -> str:
    """An event as a sentence, with names."""
    match event:
        case e.LedgerOpened():
            return f"The ledger {event.origin} was opened."
        case e.PersonRegistered():
            return f"{names(event.person)} became known to the office."
        case e.PersonDetailsChanged():
            return f"Details of {names(event.person)} changed: {_listed(event.sealed())}."
        case e.PersonErased():
            return f"Erased of {names(event.person)}: {_listed(event.details) or 'everything'}."
        case e.OrganisationRegistered():
            return f"{names(event.organisation)} became known to the office."
        case e.AffiliationDetermined():
            acts_for = f", for {names(event.organisation)}" if event.organisation else ""
            return f"{names(event.person)} takes part as somebody {WHERE[event.affiliation]}{acts_for}."
        case e.DataSetRegistered():
            return f"The data set {event.dataset} ({event.kind} of {event.course_run}) entered the catalogue."
        case e.DataSetVersionAdded():
            return f"{event.dataset} got version {event.label}, {event.form}."
        case e.DataSetFormChanged():
            return f"{names(event.found_by)} found version {event.label} of {event.dataset} to be {event.form}."
        case e.DataSetRetired():
            return f"{event.dataset} is released no more."
        case _:
            return _told_of_requests(event, names)


def _told_of_requests(event: e.Event, names: Names) -> str:
    match event:
        case e.RequestSubmitted():
            wanted = (
                _listed(f"{one.dataset} ({one.form or 'form not said'})" for one in event.datasets) or "no data set yet"
            )
            group = _listed(map(names, event.study_group)) or "nobody yet"
            return f"{names(event.researcher)} asked for {wanted}; access for {group}."
        case e.RequestReturned():
            return f"The request was returned, for {_listed(event.items) or 'completion'}."
        case e.RequestWithdrawn():
            return "The request was withdrawn."
        case e.EthicsDetermined():
            board = f"the board of {names(event.organisation)}" if event.organisation else "the home board"
            until = f" until {event.expires}" if event.expires else ""
            whom = _listed(map(names, event.covers)) or "all personnel"
            since = f", from {event.on}" if event.on else ""
            return f"On protocol {event.protocol}, {board} found: {event.outcome}{since}{until}, for {whom}."
        case e.RelianceElected():
            return f"The home board elected on {event.on} to rely on determination {event.determination}."
        case e.DeterminationEnded():
            return f"Determination {event.determination} was {event.how} on {event.on}."
        case e.TrainingCertified():
            until = f", valid until {event.expires}" if event.expires else ""
            return f"{names(event.person)} completed the training on {event.completed}{until}."
        case e.LawDetermined():
            found = "consistent" if event.consistent else "not consistent"
            bases = _listed(f"{one.dataset} to {one.recipients} recipients under {one.basis}" for one in event.bases)
            return f"The disclosure was found {found} with the law: {bases or 'no basis'}."
        case e.RequestApproved():
            return f"The request was approved{', with conditions' if event.conditions else ''}."
        case e.RequestDeclined():
            return "The request was declined."
        case _:
            return _told_of_the_office(event, names)


def _told_of_the_office(event: e.Event, names: Names) -> str:
    match event:
        case e.PolicyPublished():
            return "A policy was published."
        case e.RoleGranted():
            who = f"{event.principal} ({names(event.person)})" if event.person else event.principal
            return f"{who} is {event.role} from {event.starts}{_until(event.ends)}."
        case e.RoleEnded():
            return f"{event.principal} is {event.role} no longer."
        case e.PersonSuspended():
            return f"{names(event.person)} was suspended{_in(event.request)}."
        case e.SuspensionLifted():
            return f"The suspension of {names(event.person)}{_in(event.request)} was lifted."
        case e.ActRefused():
            objections = (Objection(one.rule, one.about, one.wanting, one.facts) for one in event.objections)
            reasons = "; ".join(objected(one, names) for one in objections)
            return f"To {event.act.replace('-', ' the ')} was refused. {reasons}."
        case _:
            raise AssertionError(event)


def objected(objection: Objection, names: Names) -> str:
    """An objection in words: the rule with its source, whom it is about, what is wanting."""
    try:
        source = f" ({rule(objection.rule).source})"
    except KeyError:
        source = ""
    lacks = f"{names(objection.about)} lacks" if objection.about else "lacking:"
    return f"{objection.rule}{source}: {lacks} {objection.wanting}"


def circumstances(fact: Recorded, names: Names) -> str:
    """Who recorded it, for whom, and when it had happened if that was not when it was recorded."""
    parts = [f"recorded by {fact.actor}"]
    if fact.on_behalf_of:
        parts.append(f"on behalf of {names(fact.on_behalf_of)}")
    if fact.occurred_at.date() != fact.recorded_at.date() or fact.precision != "instant":
        exactly = {"instant": "on", "day": "on", "month": "in", "not-later-than": "not later than"}[fact.precision]
        parts.append(f"happened {exactly} {fact.occurred_at.date()}")
    if fact.documents:
        parts.append(f"shown by {len(fact.documents)} document{'s' if len(fact.documents) > 1 else ''}")
    return ", ".join(parts)


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def _until(day: date | None) -> str:
    return f" until {day}" if day else ""


def _in(request: str | None) -> str:
    return f" in {request}" if request else " in all requests"
