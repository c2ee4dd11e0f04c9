"""What an event calls for: which notice, to whom."""

from typing import NamedTuple

from ledger.events import (
    ActRefused,
    AgreementExpired,
    DataSetOpened,
    DestructionRequired,
    Event,
    ReminderFellDue,
    RequestApproved,
    RequestDeclined,
    RequestReturned,
    RequestSubmitted,
)

RELEASING = ("authorise-release", "hand-over-release")


class Call(NamedTuple):
    """A notice of some kind: to these people, to the researcher of its request, to the office."""

    kind: str
    people: tuple[str, ...] = ()
    researcher: bool = True
    office: bool = False


# The events that may call for one.
CALLING: tuple[type[Event], ...] = (
    RequestSubmitted,
    RequestReturned,
    RequestApproved,
    RequestDeclined,
    ActRefused,
    ReminderFellDue,
    AgreementExpired,
    DestructionRequired,
    DataSetOpened,
)


def called_for(event: Event, *, finding: bool = False) -> Call | None:
    """The notice that an event calls for, if it does; `finding` says that nobody should have opened that."""
    match event:
        case RequestSubmitted():
            return Call("request received")
        case RequestReturned():
            return Call("request returned")
        case RequestApproved():
            return Call("request approved")
        case RequestDeclined():
            return Call("request declined")
        case ActRefused(act=act) if act in RELEASING:
            return Call("release refused")
        case ReminderFellDue(kind="training expires"):
            return Call("reminder", event.whom, researcher=False)
        case ReminderFellDue():
            return Call("reminder", event.whom)
        case AgreementExpired():
            return Call("agreement expired")
        case DestructionRequired():
            return Call("destruction required", (event.person,), researcher=False)
        case DataSetOpened() if finding:
            return Call("finding", researcher=False, office=True)
    return None
