"""What notices say: in plain words, for somebody who has never seen the ledger, in the office's name.

They name people, requests, data sets and days; never a learner, and nothing that somebody typed in.
"""

from collections.abc import Iterator
from datetime import date
from textwrap import fill
from typing import NamedTuple

from api.letter import WIDTH, letter
from api.names import Names
from api.notices.outbox import Notice
from api.telling import objected, told, words_of
from ledger.events import (
    ActRefused,
    AgreementExpired,
    ChangesAsked,
    DestructionRequired,
    Event,
    FindingAssigned,
    PublicationPassed,
    QueryAnswered,
    QueryReceived,
    ReminderFellDue,
    RequestApproved,
    RequestReturned,
)
from projections.checklist import Line
from projections.rules.rule import Objection
from projections.standing import OVER, Standing


class Known(NamedTuple):
    """What a notice is written from: the event that calls for it, and how its request stands now."""

    event: Event
    standing: Standing
    lines: tuple[Line, ...]
    names: Names
    today: date


class Text(NamedTuple):
    """A subject and a text."""

    subject: str
    body: str


def written(notice: Notice, known: Known) -> Text | None:
    """What a notice says; None for one that means nothing any more."""
    policy = known.standing.office.policy.event
    request = notice.request or ""
    if notice.kind in ("request received", "request returned"):
        if known.standing.request(request).state in OVER:
            return None
        text = letter(request, known.standing, known.lines, known.names)
        is_back = isinstance(known.event, RequestReturned)
        return Text(f"Request {request}: {'to be completed' if is_back else 'received'}", f"{text}\n")
    paragraphs = list(_paragraphs(notice, known))
    to = "colleagues" if notice.person is None else known.names(notice.person)
    parts = [f"Dear {to},", *paragraphs, f"With kind regards,\n\n{policy.office}\n{policy.institution}"]
    return Text(_subject(notice, known), "\n\n".join(parts) + "\n")


def _subject(notice: Notice, known: Known) -> str:
    event = known.event
    of = f"Request {notice.request}: " if notice.request else ""
    match event:
        case ReminderFellDue(kind="destruction overdue"):
            return f"{of}data should have been destroyed by {event.day}"
        case ReminderFellDue(kind="destruction due"):
            return f"{of}data are to be destroyed by today"
        case ReminderFellDue():
            return f"{of}{event.kind} on {event.day}"
        case DestructionRequired():
            return f"{of}data are to be destroyed by {event.due}"
        case AgreementExpired():
            return f"{of}agreement {event.agreement} has ended"
    return f"{of}{notice.kind.removeprefix('request ')}"


def _paragraphs(notice: Notice, known: Known) -> Iterator[str]:
    event, words = known.event, words_of(known.standing.office.policy.event)
    match event:
        case RequestApproved():
            conditions = " There are conditions, of which you hear from us." if event.conditions else ""
            yield _paragraph(f"Your request {event.request} was approved.{conditions}")
            yield _paragraph("Next comes the agreement, which we send you to be signed; until it is, no data go out.")
        case ActRefused():
            yield _paragraph(f"The data of your request {event.request} could not go out yet. In the way stands:")
            objections = (Objection(one.rule, one.about, one.wanting, one.facts) for one in event.objections)
            yield "\n".join(_item(objected(one, known.names, words)) for one in objections)
        case ReminderFellDue():
            yield from _reminder(event, known)
        case AgreementExpired():
            yield _paragraph(
                f"Agreement {event.agreement} has ended: since {event.on} nobody may use the data under it. "
                "Whoever still has data under no other agreement is to destroy them, and hears so from us."
            )
        case DestructionRequired() if notice.person is None:
            yield _paragraph(
                f"{told(event, known.names, words)} No agreement ever gave them a right to it, so only you hear of it."
            )
        case DestructionRequired():
            yield _paragraph(
                f"Since {event.ended} you have no right to use version {event.label} of {event.dataset}. "
                f"Please destroy all copies, backups included, by {event.due}, and tell us how and when you did it."
            )
        case FindingAssigned():
            yield _paragraph(
                f"{told(event, known.names, words)} It is theirs to deal with, and to close with a reason."
            )
        case QueryReceived():
            yield _paragraph(told(event, known.names, words))
            yield _paragraph(
                "It waits for an answer. Until there is one nobody passes anything on, and whoever was asked says that "
                "such questions go to the office."
            )
        case QueryAnswered():
            yield _paragraph(told(event, known.names, words))
            yield _paragraph("Nobody passes data on because of it: what is to be had is to be had from the office.")
        case ChangesAsked():
            yield _paragraph(f"{told(event, known.names, words)} It is not to appear as it is.")
            yield _paragraph("What is to be changed you hear from us. Please send it to us again before it appears.")
        case PublicationPassed():
            yield _paragraph(f"{told(event, known.names, words)} We have nothing against it that it appears.")
            yield _paragraph("Please tell us when it has, and under which DOI.")
        case _ if notice.kind == "request declined":
            yield _paragraph(f"Your request {notice.request} was declined. Please ask us if you want to know more.")
        case _:
            yield _paragraph(f"Somebody should look at entry {notice.position}: {told(event, known.names, words)}")


def _reminder(event: ReminderFellDue, known: Known) -> Iterator[str]:
    names, left = known.names, (event.day - known.today).days
    when = f"on {event.day}, in {left} days" if left > 0 else f"on {event.day}"
    match event.kind:
        case "agreement ends":
            yield _paragraph(f"Agreement {event.what} of request {event.request} ends {when}.")
            yield _paragraph(
                "If you need the data for longer, send us a report of what they were used for, and we renew it. "
                "Otherwise all copies are to be destroyed after that day."
            )
        case "ethics determination expires":
            yield _paragraph(f"The approval by the ethics board of request {event.request} expires {when}.")
            yield _paragraph("Please send us its renewal; without it nobody may use the data after that day.")
        case "training expires":
            yield _paragraph(f"The human-subjects training of {', '.join(map(names, event.whom))} expires {when}.")
            yield _paragraph("Please take it again and send us the certificate; without it you may not use the data.")
        case "key expires":
            yield _paragraph(f"The OpenPGP key of {', '.join(map(names, event.whom))} expires {when}.")
            yield _paragraph("Please send us a new public key, or this one prolonged, before data go out again.")
        case "destruction due" | "destruction overdue":
            overdue = " That is overdue." if event.kind == "destruction overdue" else ""
            yield _paragraph(
                f"The copies of {event.dataset} version {event.what} that {', '.join(map(names, event.whom))} had were "
                f"to be destroyed by {event.day}.{overdue} Please tell us how and when it was done."
            )


def _paragraph(text: str) -> str:
    return fill(text, WIDTH)


def _item(text: str) -> str:
    return fill(text, WIDTH, initial_indent="  - ", subsequent_indent="    ")
