"""Facts about copies, incidents, endings and findings told in words, and what rules about them find wanting."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from api.names import Names
from api.telling.words import Words
from ledger import events as e
from ledger.events.holding import Held

# What a rule says is wanting, and the sentence for it; `{about}` is whom or what it is about.
SENTENCES = (
    (r"an end of the incident", "{about} is open"),
    (r"an end of incident (.+)", "{about} is involved in {0}, which is open"),
    (r"an end of the legal hold", "legal hold {about} is in force"),
    (r"an end of legal hold (.+)", "legal hold {0}, which involves {about}, is in force"),
    (r"an end of the holding of (.+)", "{about} still holds {0}, as far as is known"),
    (r"a holding of (.+)", "{about} holds no {0}, as far as is known"),
    (r"a right that has not ended", "{about} takes part no more, or their right was revoked"),
    (r"a request under way: it is (.+)", "{about} is {0}, and only what was approved is closed"),
    (r"an agreement that is over", "{about} is not over"),
    (r"a release that came to an end", "{about} was authorised, and neither handed over nor recorded to have failed"),
    (r"an attestation that is still to be accepted", "{about} was accepted already"),
    (r"a reason in spite of the exceptions", "{about} has exceptions, and no reason was given to accept them"),
    (r"a reason in spite of no copies", "{about} is of no copies at all, and no reason was given to accept that"),
    (r"an attestation of their own", "{about} has left, and so attests alone"),
    (r"a decision by somebody else", "{about} has a part in it, so somebody else has to decide"),
    (r"the (incident|attestation)", "there is no such {0}"),
    (r"an incident that is open", "{about} is closed already"),
    (r"containment", "{about} is not contained yet"),
)


def told_of_holdings(event: e.Event, names: Names, _words: Words) -> str | None:
    """The event as a sentence; None for one of another kind."""
    match event:
        case e.CopyReported():
            version = f"{event.dataset} version {event.label}"
            to = names(event.person) if event.person else "somebody unknown"
            by = f"{names(event.by)} passed" if event.by else "Somebody passed"
            return f"{by} a copy of {version} on to {to}, who has it since {event.since}."
        case e.CopiesDeclared():
            return f"{names(event.by)} declared that all copies of what was received so far are reported."
        case e.DestructionAttested():
            left = ", with exceptions" if event.exceptions else ""
            copies = f"{event.copies} cop{'y' if event.copies == 1 else 'ies'}"
            what = f"{names(event.by)} attested on {event.on} that {_held(event.holdings, names)}"
            return f"{what}, destroyed in {copies}, is no more{left} ({event.attestation})."
        case e.DestructionAccepted():
            spite = ", for a reason in spite of what it leaves open" if event.reason else ""
            return f"Attestation {event.attestation} of {_held(event.holdings, names)} was accepted{spite}."
        case e.HoldingWrittenOff():
            return f"{event.dataset} version {event.label}, held by {names(event.person)}, was written off."
        case e.RequestClosed():
            return f"The request {event.request} was closed: nobody holds anything under it any more."
        case _:
            return _told_of_incidents(event, names) or _told_of_endings(event, names)


def _told_of_incidents(event: e.Event, names: Names) -> str | None:
    match event:
        case e.IncidentReported():
            concerned = ", ".join((*event.requests, *map(names, event.people), *event.datasets)) or "nobody known"
            times = f"discovered {_time(event.discovered)}, told {_time(event.told)}"
            return f"Incident {event.incident} ({event.what}) was reported, {times}; it concerns {concerned}."
        case e.IncidentContained():
            return f"Incident {event.incident} was contained."
        case e.IncidentClosed():
            return f"Incident {event.incident} was closed."
        case e.AccessRevoked():
            return f"The right of {names(event.person)} under {event.request} was revoked from {event.on} on."
        case e.AccessRestored():
            return f"The right of {names(event.person)} under {event.request} was restored."
    return None


def _told_of_endings(event: e.Event, names: Names) -> str | None:
    match event:
        case e.PersonDeparted():
            return f"{names(event.person)} takes no part in {event.request} from {event.on} on."
        case e.PersonMoved():
            to = f" to {names(event.organisation)}" if event.organisation else ""
            moved = f"{names(event.person)} moved{to} on {event.on}"
            return f"{moved}: for whom they act in {event.request} is in doubt."
        case e.LegalHoldPlaced():
            return f"Legal hold {event.hold} was placed on {_on(event, names)}."
        case e.LegalHoldLifted():
            return f"Legal hold {event.hold} on {_on(event, names)} was lifted."
        case e.FindingAssigned():
            return f"{_finding(event, names)} was given to {event.owner}."
        case e.FindingClosed():
            return f"{_finding(event, names)} was closed."
    return None


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def _held(holdings: Iterable[Held], names: Names) -> str:
    return ", ".join(_each(holdings, names)) or "nothing"


def _each(holdings: Iterable[Held], names: Names) -> Iterator[str]:
    for one in holdings:
        yield f"{one.dataset} version {one.label} of {names(one.person)}"


def _on(event: e.LegalHoldPlaced | e.LegalHoldLifted, names: Names) -> str:
    on = (event.request, event.dataset, names(event.person) if event.person else None)
    return ", ".join(one for one in on if one) or "nothing"


def _finding(event: e.FindingAssigned | e.FindingClosed, names: Names) -> str:
    whom = names(event.person) if event.person else None
    dataset = event.dataset if isinstance(event, e.FindingClosed) else None
    return f"The finding in entry {event.entry} ({', '.join(filter(None, (event.kind, whom, dataset)))})"
