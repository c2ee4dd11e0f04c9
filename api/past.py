"""What registers of the past say, told in words; nothing depends on the wording."""

from datetime import date

from api.names import Names
from ledger.events import PastDataSetRecorded, PastRegisterTakenIn, PastReleaseRecorded
from ledger.events.past import Dated


def told_of_the_past(event: PastDataSetRecorded | PastReleaseRecorded | PastRegisterTakenIn, names: Names) -> str:
    """An event that comes of taking in a register, as a sentence."""
    match event:
        case PastDataSetRecorded():
            return f"The register {event.register} has a type of data called {event.title}: {event.dataset}."
        case PastRegisterTakenIn():
            left = f"; {event.left_out:,} rows could not be taken" if event.left_out else ""
            return f"The register {event.register} was taken in, with {event.taken:,} releases{left}."
        case PastReleaseRecorded():
            whom = (f"{names(event.person)} for " if event.person else "") + names(event.organisation)
            got = {"transfer": "got", "repeated transfer": "got, time and again,", "system access": "had access to"}
            what = f"{whom} {got[event.provided]} {event.dataset} ({event.form})"
            under = called(event.agreement, event.agreement_version) or "no agreement"
            basis = f", on this basis: {event.basis}" if event.basis else ""
            when = {"day": " on ", "month": " in ", "not-later-than": " "}[event.dated]
            what += when + by(event.on, event.dated)
            return f"The register {event.register} says that {what}, under {under}{basis}."


def called(agreement: str | None, version: str | None) -> str | None:
    """An agreement of the past as a register calls it."""
    return " ".join(filter(None, (agreement, version))) or None


def by(day: date, dated: Dated) -> str:
    """A date as precisely as it is known."""
    return {"day": f"{day}", "month": f"{day:%Y-%m}", "not-later-than": f"by {day}"}[dated]
