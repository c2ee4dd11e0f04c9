"""Commands about requests: what comes in, what boards and counsel say of it, what the office decides."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import click

from api.cli.acting import Hand, acting, clock, fresh_id, reporting
from api.cli.failures import WrongUsage
from api.cli.kinds import DATA_SET, DAY, DAY_OR_NONE, DETERMINATION, FILE, NAME, REQUEST, TEXT, OneOf
from api.cli.showing import office_of
from api.cli.wording import in_lines
from api.commands import document_in
from api.commands.ethics import EndDetermination, RecordDetermination, RecordReliance, RequestReliance
from api.commands.request import Return, Submit, Withdraw
from api.commands.review import Approve, Decline, Determine
from api.names import names_in
from api.packets import Packet, read_packet
from api.packets.again import key_of, made_under
from ledger.boundary import about
from ledger.events import DataSetRegistered, PersonDetailsChanged
from ledger.events.catalogue import Form
from ledger.events.ethics import Outcome
from ledger.events.request import Item
from ledger.events.review import Basis, LegalBasis, RecipientClass


@click.command()
@reporting
@click.argument("packet", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--request",
    type=REQUEST,
    help="The request that comes in again; without it, a new one gets the next number.",
)
@click.option("--again", is_flag=True, help="Make another request, though this very packet made one today.")
def submit(hand: Hand, packet: Path, request: str | None, again: bool) -> None:
    """Take in the request in the folder PACKET: request.toml, its documents, the contact's key.

    What is malformed rejects it; what is missing or pending is listed, and the request comes in. The very same packet
    within 24 hours makes no other request, unless --again says so.
    """
    read = _read(hand, packet)
    problems = [f"{problem.kind}: {problem}" for problem in read.problems]
    if read.rejected:
        click.echo(in_lines(f"  {problem}" for problem in problems), err=True)
        raise WrongUsage(f"{packet} was not taken in; nothing was recorded")
    command = Submit(packet=read, request=request)
    # A request that comes in again does so when it is its turn, and for that packets may be equal.
    key = None if request else key_of(read, hand.home.ledger, clock()(), insist=again)
    made = key and made_under(key, hand.home.ledger)
    if made:
        told = f"this very packet came in within the last 24 hours, and made {made}: --again makes another request"
        hand.take(command, gives="request", notes=[told], key=key)
        return
    hand.take(command, gives="request", notes=[*problems, *_changes(hand, command)], key=key)


def _changes(hand: Hand, command: Submit) -> list[str]:
    """Whose details, of those whom the office knows, a packet says to be others: whoever wrote it may be mistaken."""
    names = names_in(hand.home.ledger, hand.home.custody)
    reports = [event for event, _ in command.draft(hand.clerk.drafting(hand.circumstances))]
    changed = [event for event in reports if isinstance(event, PersonDetailsChanged)]
    return [f"of {names(one.person)}, it gives another {' and '.join(one.sealed())}" for one in changed]


def _read(hand: Hand, packet: Path) -> Packet:
    now = clock()()
    catalogue = {
        fact.event.dataset
        for fact in hand.home.ledger.facts([about(DataSetRegistered)])
        if isinstance(fact.event, DataSetRegistered)
    }
    return read_packet(packet, today=office_of(hand.home).day(now), catalogue=catalogue, now=now)


@click.command("return")
@reporting
@click.argument("request", type=REQUEST)
@click.option("--item", "items", multiple=True, required=True, type=OneOf(Item), help="What is to be completed.")
@click.option("--reason", type=TEXT, help="Why; it is kept in custody. - reads it from standard input.")
def return_request(hand: Hand, request: str, items: Sequence[Item], reason: str | None) -> None:
    """Give REQUEST back, for items to be completed."""
    hand.take(Return(request=request, items=tuple(dict.fromkeys(items)), reason=reason))


@click.command()
@reporting
@click.argument("request", type=REQUEST)
@click.option("--reason", type=TEXT, help="Why; it is kept in custody. - reads it from standard input.")
def withdraw(hand: Hand, request: str, reason: str | None) -> None:
    """Record that REQUEST was withdrawn."""
    hand.take(Withdraw(request=request, reason=reason))


@click.command()
@reporting
@click.argument("request", type=REQUEST)
@click.option("--board", required=True, help="Whose board: home, or another organisation by id or name.")
@click.option("--protocol", type=NAME, required=True, help="The board's number of the protocol.")
@click.option("--outcome", type=OneOf(Outcome), required=True, help="What it found.")
@click.option("--on", type=DAY, help="Its date.")
@click.option("--expires", type=DAY_OR_NONE, help="Its last day, or none where the board set no end.")
@click.option(
    "--covers", multiple=True, metavar="PERSON|all", help="Whom it covers, by id or address, or all; repeatable."
)
@click.option("--letter", type=FILE, help="The board's letter: PDF, PNG, JPEG or text.")
def determination(
    hand: Hand,
    request: str,
    board: str,
    protocol: str,
    outcome: Outcome,
    on: date | None,
    expires: date | Literal["none"] | None,
    covers: Sequence[str],
    letter: Path | None,
) -> None:
    """Record what an ethics board determined on a protocol for REQUEST.

    Whatever is not pending has a date, says when it ends, and says whom it covers: an end that was left out would be
    none, and people who were left out would be all.
    """
    if outcome != "pending" and (on is None or expires is None or not covers):
        raise click.UsageError(
            "say --on, --expires (a date or none) and --covers (people or all), unless it is pending"
        )
    if "all" in covers and len(covers) > 1:
        raise click.UsageError("--covers all is everybody: name nobody beside it")
    hand.take(
        RecordDetermination(
            determination=fresh_id("E"),
            request=request,
            protocol=protocol,
            outcome=outcome,
            organisation=None if board == "home" else hand.organisation(board),
            on=on,
            expires=expires if isinstance(expires, date) else None,
            covers=() if "all" in covers else hand.people(covers),
            letter=document_in(letter) if letter else None,
        ),
        gives="determination",
    )


@click.command("request-reliance")
@reporting
@click.argument("request", type=REQUEST)
@click.argument("determination", type=DETERMINATION)
@click.option("--on", type=DAY, help="When it was asked, where that is known.")
def request_reliance(hand: Hand, request: str, determination: str, on: date | None) -> None:
    """Record that the home board was asked to rely on another board's DETERMINATION (E-...) for REQUEST."""
    hand.take(RequestReliance(request=request, determination=determination, on=on))


@click.command()
@reporting
@click.argument("request", type=REQUEST)
@click.argument("determination", type=DETERMINATION)
@click.option("--on", type=DAY, required=True, help="Its date.")
@click.option("--letter", type=FILE, help="The home board's letter: PDF, PNG, JPEG or text.")
def reliance(hand: Hand, request: str, determination: str, on: date, letter: Path | None) -> None:
    """Record that the home board relies on another board's DETERMINATION (E-...) for REQUEST."""
    document = document_in(letter) if letter else None
    hand.take(RecordReliance(request=request, determination=determination, on=on, letter=document))


@click.command("end-determination")
@reporting
@click.argument("request", type=REQUEST)
@click.argument("determination", type=DETERMINATION)
@click.option("--how", type=OneOf(Literal["suspended", "lapsed"]), required=True, help="How it ended.")
@click.option("--on", type=DAY, required=True, help="The first day on which it counts no more.")
def end_determination(
    hand: Hand, request: str, determination: str, how: Literal["suspended", "lapsed"], on: date
) -> None:
    """Record that a board's DETERMINATION (E-...) for REQUEST was suspended, or lapsed."""
    hand.take(EndDetermination(request=request, determination=determination, how=how, on=on))


@click.command()
@reporting
@click.argument("request", type=REQUEST)
@click.option("--consistent/--not-consistent", required=True, help="Whether the disclosure is consistent with the law.")
@click.option(
    "--basis",
    "bases",
    multiple=True,
    type=(DATA_SET, OneOf(Form), OneOf(RecipientClass), OneOf(LegalBasis)),
    metavar="DATASET FORM RECIPIENTS BASIS",
    help="On which basis a data set in a form goes to recipients, home or outside; repeatable.",
)
@click.option("--note", type=TEXT, help="Counsel's note; it is kept in custody. - reads it from standard input.")
def determine(
    hand: Hand,
    request: str,
    consistent: bool,
    bases: Sequence[tuple[str, Form, RecipientClass, LegalBasis]],
    note: str | None,
) -> None:
    """Record what was determined on the law for REQUEST."""
    found = tuple(
        Basis(dataset=dataset, form=form, recipients=recipients, basis=basis)
        for dataset, form, recipients, basis in bases
    )
    hand.take(Determine(request=request, consistent=consistent, bases=found, counsel_note=note))


@click.command()
@acting
@click.argument("request", type=REQUEST)
@click.option("--conditions", type=TEXT, help="Conditions; they are kept in custody. - reads them from standard input.")
def approve(hand: Hand, request: str, conditions: str | None) -> None:
    """Approve REQUEST, or record why it could not be."""
    hand.take(Approve(request=request, conditions=conditions))


@click.command()
@acting
@click.argument("request", type=REQUEST)
@click.option("--reason", type=TEXT, required=True, help="Why; it is kept in custody. - reads it from standard input.")
def decline(hand: Hand, request: str, reason: str) -> None:
    """Decline REQUEST, or record why it could not be."""
    hand.take(Decline(request=request, reason=reason))
