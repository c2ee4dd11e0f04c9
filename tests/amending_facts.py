"""More of the language of `tests.office`: agreements that are amended, renewed or run out, and debarred people."""

from datetime import date, timedelta
from typing import Any

import msgspec

from ledger.events import (
    AgreementExpired,
    AgreementRenewed,
    AmendmentIssued,
    DebarmentLifted,
    DestructionRequired,
    DisclosureCompelled,
    Event,
    NoticeRefused,
    NoticeRevived,
    NoticeSent,
    PersonDebarred,
    ReminderFellDue,
)
from projections.acts import AmendAgreement, RenewAgreement
from tests.facts import ANA, BEN, DATA_SET, REQUEST, commitment
from tests.office import Done
from tests.office_facts import (
    DIRECTOR,
    FAR_OFF,
    HEAD,
    MOU,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    affiliation,
    certified,
    couhes,
    covered,
    in_force,
    memorandum,
    recipient,
    signed,
    verified,
)

AMENDMENT, ADDENDUM = "A-mou-2", "A-addendum"
REPORT = commitment(91)
A_YEAR_ON = date(2027, 11, 21)

# The stranger belongs to the institution, and has all that the rules ask for.
STRANGERS: dict[str, Event] = {
    "affiliation": affiliation(STRANGER, "home"),
    "board": couhes(determination="E-stranger", covers=(STRANGER,)),
    "certified": certified(STRANGER),
    "verified": verified(STRANGER),
}


def amendment(**changes: Any) -> AmendmentIssued:
    """An amendment of the memorandum by which the stranger is named, too."""
    rest: dict[str, Any] = {
        "agreement": AMENDMENT,
        "request": REQUEST,
        "kind": "MOU",
        "template": "MOU-2026-amendment",
        "template_approved_by": HEAD,
        "text": commitment(44),
        "recipients": (recipient(ANA), recipient(STRANGER)),
        "datasets": (covered(),),
        "amends": MOU,
    }
    return AmendmentIssued(**(rest | changes))


def addendum(**changes: Any) -> AmendmentIssued:
    """The same as an addendum, which names the stranger alone and stands beside the memorandum."""
    rest: dict[str, Any] = {"agreement": ADDENDUM, "recipients": (recipient(STRANGER),), "beside": True}
    return amendment(**(rest | changes))


def the_same_again(**changes: Any) -> AmendmentIssued:
    """An amendment that changes nothing of the memorandum, not a word."""
    said = memorandum()
    return amendment(**({"text": said.text, "recipients": said.recipients, "datasets": said.datasets} | changes))


def signatures(of: AmendmentIssued) -> list[Event]:
    return [signed(of, "researcher", ANA), signed(of, "office", DIRECTOR)]


def strangers(**changes: Event | None) -> list[Event]:
    """What is known of the stranger; what is replaced by None is not."""
    assert changes.keys() <= STRANGERS.keys()
    return [fact for fact in (STRANGERS | changes).values() if fact is not None]


def amended(of: AmendmentIssued | None = None, starts: date = TODAY, **changes: Event | None) -> list[Event]:
    """An amendment, signed and executed, and what is known of the stranger."""
    issued = of or amendment()
    return [*strangers(**changes), issued, *signatures(issued), in_force(issued.agreement, starts)]


def renewed(ends: date = A_YEAR_ON, agreement: str = MOU, waivers: tuple[str, ...] = ()) -> AgreementRenewed:
    return AgreementRenewed(agreement=agreement, request=REQUEST, ends=ends, report=REPORT, waivers=waivers)


def expired(agreement: str = MOU, on: date = TODAY) -> AgreementExpired:
    return AgreementExpired(agreement=agreement, request=REQUEST, on=on)


def debarred(who: str, until: date = TODAY) -> PersonDebarred:
    return PersonDebarred(person=who, until=until)


def debarment_lifted(who: str) -> DebarmentLifted:
    return DebarmentLifted(person=who)


def compelled(**changes: Any) -> DisclosureCompelled:
    rest: dict[str, Any] = {
        "instrument": "subpoena",
        "on": TODAY,
        "dataset": DATA_SET,
        "to": commitment(92),
        "scope": commitment(93),
        "counsel": commitment(94),
        "document": commitment(95),
        "notice_on": TODAY,
    }
    return DisclosureCompelled(**(rest | changes))


# What changes nothing that a rule asks for.
OF_THE_CALENDAR: list[Event] = [
    compelled(),
    ReminderFellDue(kind="agreement ends", what=MOU, day=FAR_OFF, days=60, whom=(ANA,), request=REQUEST),
    DestructionRequired(
        request=REQUEST, person=BEN, dataset=DATA_SET, label="1", ended=TODAY, due=TODAY + timedelta(30)
    ),
    NoticeSent(of=1, kind="reminder", way="e-mail", message="<1@x>", person=ANA, request=REQUEST),
    NoticeRefused(of=1, kind="reminder", way="e-mail", message="<1@x>", person=ANA, request=REQUEST),
    NoticeRevived(refusal=2, of=1, kind="reminder", way="e-mail", message="<1@x>", person=ANA, request=REQUEST),
]


# Wishes, and what comes of them.


def amend(agreement: AmendmentIssued | None = None, principal: str = THE_DIRECTOR) -> AmendAgreement:
    """The wish that this very amendment be issued."""
    return AmendAgreement(principal=principal, **msgspec.structs.asdict(agreement or amendment()))


def renew(ends: date = A_YEAR_ON, **changes: Any) -> RenewAgreement:
    rest: dict[str, Any] = {"principal": THE_DIRECTOR, "request": REQUEST, "agreement": MOU, "report": REPORT}
    return RenewAgreement(ends=ends, **(rest | changes))


def prolonged(ends: date = A_YEAR_ON, agreement: str = MOU, waivers: tuple[str, ...] = ()) -> Done:
    return Done(renewed(ends, agreement, waivers))
