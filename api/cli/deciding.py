"""Acts and reports: what the office does, and what it is told."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args
from zoneinfo import ZoneInfo

import click

from api.cli import options
from api.cli.failures import REFUSED
from api.cli.wording import printable
from api.desk import Circumstances, Desk, Outcome
from api.names import Names, names_in
from api.packets import Office as PacketOffice
from api.packets import as_reports, read_packet
from api.register import register_of
from api.telling import objected, told
from ledger.events import (
    DataSetRegistered,
    Event,
    LawDetermined,
    PersonSuspended,
    PolicyPublished,
    RequestApproved,
    RequestDeclined,
    RequestReturned,
    RequestSubmitted,
    RequestWithdrawn,
    RoleGranted,
    SuspensionLifted,
)
from ledger.events.catalogue import Form
from ledger.events.governance import Role
from ledger.events.request import Item
from ledger.events.review import Basis, LegalBasis, RecipientClass
from ledger.home import Home, open_home
from ledger.log import about
from ledger.storage import utc_now
from projections.acts import Act, ApproveRequest, DeclineRequest
from projections.standing import Office, PersonStanding, RequestStanding, Standing

Command = TypeVar("Command", bound=Callable[..., Any])
DAY = click.DateTime(["%Y-%m-%d"])


class Hand(NamedTuple):
    """What a command works with: an open home, its desk, and under which circumstances something is recorded."""

    home: Home
    desk: Desk
    circumstances: Circumstances

    @property
    def names(self) -> Names:
        """Names, for what is printed."""
        return names_in(self.home.ledger, self.home.custody)

    def sealed(self, subject: str, event: type[Event], member: str, text: str | None) -> dict[str, str]:
        """A text in custody, as a member of an event; nothing when there is none."""
        return self.home.custody.seal(subject, event.wire_name, {member: text}) if text else {}


@contextmanager
def hand(path: Path, actor: str, on_behalf_of: str | None, occurred_at: datetime | None) -> Iterator[Hand]:
    """The office's hand in a ledger home."""
    with open_home(path.absolute()) as home:
        circumstances = Circumstances(
            actor=actor,
            via=options.VIA,
            on_behalf_of=on_behalf_of,
            occurred_at=occurred_at and occurred_at.replace(tzinfo=UTC),
            precision="day" if occurred_at else "instant",
        )
        yield Hand(home, Desk(home.ledger, utc_now), circumstances)


def reporting(command: Command) -> Command:
    """The options that every report and act has."""
    for option in (
        click.option("--occurred-at", type=DAY, help="The day on which it happened, when that is not today."),
        click.option("--on-behalf-of", help="The person (p-...) for whom it is recorded, from a letter or a call."),
        options.actor,
        options.home,
    ):
        command = option(command)
    return command


def show(outcome: Outcome, hand: Hand, dry_run: bool = False) -> None:
    """Print what came of a wish, and leave with 3 when it was refused."""
    names = hand.names
    if outcome.refused:
        click.echo("Refused" if not dry_run else "It would be refused")
        for objection in outcome.objections:
            click.echo(printable(f"  {objected(objection, names)}"))
    for entry in outcome.entries:
        if not outcome.refused:
            event = hand.home.ledger.codec.decode(entry).event
            click.echo(printable(f"{entry.position:>6}  {told(event, names)}"))
    if outcome.entries:
        # A leaf commits to all entries before it, so the last one is a receipt for all of them.
        last = outcome.entries[-1]
        again = ", as before" if outcome.again else ""
        click.echo(f"Recorded up to entry {last.position}, leaf {last.leaf.hex()}{again}")
    if outcome.refused:
        raise click.exceptions.Exit(REFUSED)


def do(act: Act, hand: Hand, dry_run: bool) -> None:
    """Do an act, or with a dry run only say whether it could be done."""
    if dry_run:
        show(Outcome((), hand.desk.objections(act, hand.circumstances)), hand, dry_run)
        click.echo("Nothing objects; nothing was recorded.")
    else:
        show(hand.desk.act(act, hand.circumstances), hand)


@click.command("grant-role")
@reporting
@click.argument("principal")
@click.argument("role", type=click.Choice(get_args(Role)))
@click.option("--from", "starts", type=DAY, required=True, help="The first day.")
@click.option("--until", "ends", type=DAY, help="The last day; without it, until it is ended.")
@click.option("--person", help="Which person (p-...) the principal is, for the separation of duties.")
def grant_role(
    principal: str, role: Role, starts: datetime, ends: datetime | None, person: str | None, **common: Any
) -> None:
    """Give PRINCIPAL a ROLE."""
    with hand(**common) as at_hand:
        granted = RoleGranted(
            principal=principal, person=person, role=role, starts=starts.date(), ends=ends.date() if ends else None
        )
        show(at_hand.desk.report(granted, at_hand.circumstances), at_hand)


@click.command("publish-policy")
@reporting
@click.option("--time-zone", default="America/New_York", show_default=True, help="Where a day ends at midnight.")
@click.option(
    "--training-months", default=36, show_default=True, help="How long a training is valid that does not say so."
)
@click.option("--accept-not-human-subjects", is_flag=True, help="Accept a board's finding that it is no such research.")
def publish_policy(time_zone: str, training_months: int, accept_not_human_subjects: bool, **common: Any) -> None:
    """Put parameters of policy in force."""
    with hand(**common) as at_hand:
        policy = PolicyPublished(
            time_zone=time_zone, training_months=training_months, accepts_not_human_subjects=accept_not_human_subjects
        )
        show(at_hand.desk.report(policy, at_hand.circumstances), at_hand)


@click.command("register-dataset")
@reporting
@click.argument("dataset")
@click.option("--course-run", required=True, help="The platform's key, such as course-v1:MITx+6.002x+2012_Spring.")
@click.option(
    "--kind",
    required=True,
    type=click.Choice(["person-course", "tracking-log", "forum", "survey", "other"]),
    help="What it is made of.",
)
def register_dataset(dataset: str, course_run: str, kind: Any, **common: Any) -> None:
    """Put DATASET (D-...) into the catalogue."""
    with hand(**common) as at_hand:
        event = DataSetRegistered(dataset=dataset, course_run=course_run, kind=kind)
        show(at_hand.desk.report(event, at_hand.circumstances), at_hand)


@click.command()
@reporting
@click.argument("packet", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--request", help="The request (R-YYYY-NNNN) that comes in again; without it, a new one gets the next number."
)
@click.option("--dry-run", is_flag=True, help="Check the packet and record nothing.")
def submit(packet: Path, request: str | None, dry_run: bool, **common: Any) -> None:
    """Take in the request in the folder PACKET: request.toml, its documents, the contact's key.

    What is malformed rejects it; what is missing or pending is listed, and the request comes in.
    """
    with hand(**common) as at_hand:
        ledger = at_hand.home.ledger
        before = [about(*RequestStanding.folds, tags=[f"request:{request}"])] if request else []
        standing = Standing(ledger.facts([about(*Office.folds), about(*PersonStanding.folds), *before]))
        if request and standing.request(request).submitted is None:
            raise click.UsageError(f"there is no request {request} that could come in again; leave --request out")
        catalogue = {
            fact.event.dataset
            for fact in ledger.facts([about(DataSetRegistered)])
            if isinstance(fact.event, DataSetRegistered)
        }
        read = read_packet(packet, today=standing.office.day(utc_now()), catalogue=catalogue)
        for problem in read.problems:
            click.echo(printable(f"  {problem.kind}: {problem}"), err=read.rejected)
        if read.rejected:
            raise click.ClickException(f"{packet} was not taken in; nothing was recorded")
        if dry_run:
            click.echo("It would be taken in; nothing was recorded.")
            return
        number = request or next_request(at_hand)
        zone = ZoneInfo(standing.office.policy.event.time_zone)
        custody = at_hand.home.custody
        office = PacketOffice(custody=custody, zone=zone, known=register_of(ledger, custody), standing=standing)
        reports = as_reports(read, number, at_hand.circumstances, office)
        show(at_hand.desk.report_together(reports), at_hand)
        click.echo(f"It is request {number}.")


def next_request(at_hand: Hand) -> str:
    """The number after the highest of this year."""
    year = utc_now().year
    taken = [
        int(fact.event.request.rpartition("-")[2])
        for fact in at_hand.home.ledger.facts([about(RequestSubmitted)])
        if isinstance(fact.event, RequestSubmitted) and fact.event.request.startswith(f"R-{year}-")
    ]
    return f"R-{year}-{max(taken, default=0) + 1:04d}"


@click.command("return")
@reporting
@click.argument("request")
@click.option(
    "--item", "items", multiple=True, required=True, type=click.Choice(get_args(Item)), help="What is to be completed."
)
@click.option("--reason", help="Why, in a sentence; it is kept in custody.")
def return_request(request: str, items: Sequence[Item], reason: str | None, **common: Any) -> None:
    """Give REQUEST back, for items to be completed."""
    with hand(**common) as at_hand:
        sealed = at_hand.sealed(f"request:{request}", RequestReturned, "reason", reason)
        event = RequestReturned(request=request, items=tuple(items), **sealed)
        show(at_hand.desk.report(event, at_hand.circumstances), at_hand)


@click.command()
@reporting
@click.argument("request")
def withdraw(request: str, **common: Any) -> None:
    """Record that REQUEST was withdrawn."""
    with hand(**common) as at_hand:
        show(at_hand.desk.report(RequestWithdrawn(request=request), at_hand.circumstances), at_hand)


@click.command()
@reporting
@click.argument("request")
@click.option("--consistent/--not-consistent", required=True, help="Whether the disclosure is consistent with the law.")
@click.option(
    "--basis",
    "bases",
    multiple=True,
    nargs=4,
    type=(
        str,
        click.Choice(get_args(Form)),
        click.Choice(get_args(RecipientClass)),
        click.Choice(get_args(LegalBasis)),
    ),
    help="DATASET FORM RECIPIENTS BASIS; may be repeated.",
)
@click.option("--note", help="Counsel's note; it is kept in custody.")
def determine(
    request: str,
    consistent: bool,
    bases: Sequence[tuple[str, Form, RecipientClass, LegalBasis]],
    note: str | None,
    **common: Any,
) -> None:
    """Record what was determined on the law for REQUEST."""
    with hand(**common) as at_hand:
        event = LawDetermined(
            request=request,
            consistent=consistent,
            bases=tuple(
                Basis(dataset=dataset, form=form, recipients=recipients, basis=basis)
                for dataset, form, recipients, basis in bases
            ),
            **at_hand.sealed(f"request:{request}", LawDetermined, "counsel_note", note),
        )
        show(at_hand.desk.report(event, at_hand.circumstances), at_hand)


@click.command()
@reporting
@click.argument("request")
@click.option("--conditions", help="Conditions of the approval; they are kept in custody.")
@click.option("--dry-run", is_flag=True, help="Judge and record nothing.")
def approve(request: str, conditions: str | None, dry_run: bool, **common: Any) -> None:
    """Approve REQUEST, or record why it could not be."""
    with hand(**common) as at_hand:
        sealed = {} if dry_run else at_hand.sealed(f"request:{request}", RequestApproved, "conditions", conditions)
        do(ApproveRequest(principal=at_hand.circumstances.actor, request=request, **sealed), at_hand, dry_run)


@click.command()
@reporting
@click.argument("request")
@click.option("--reason", required=True, help="Why; it is kept in custody.")
def decline(request: str, reason: str, **common: Any) -> None:
    """Decline REQUEST."""
    with hand(**common) as at_hand:
        sealed = at_hand.sealed(f"request:{request}", RequestDeclined, "reason", reason)
        do(DeclineRequest(principal=at_hand.circumstances.actor, request=request, **sealed), at_hand, dry_run=False)


@click.command()
@reporting
@click.argument("person")
@click.option("--request", help="In this request only.")
@click.option("--reason", help="Why; it is kept in custody.")
def suspend(person: str, request: str | None, reason: str | None, **common: Any) -> None:
    """Suspend PERSON (p-...): they may receive and open nothing."""
    with hand(**common) as at_hand:
        sealed = at_hand.sealed(f"person:{person}", PersonSuspended, "reason", reason)
        show(
            at_hand.desk.report(PersonSuspended(person=person, request=request, **sealed), at_hand.circumstances),
            at_hand,
        )


@click.command()
@reporting
@click.argument("person")
@click.option("--request", help="In this request only.")
def lift(person: str, request: str | None, **common: Any) -> None:
    """Lift the suspension of PERSON (p-...)."""
    with hand(**common) as at_hand:
        show(at_hand.desk.report(SuspensionLifted(person=person, request=request), at_hand.circumstances), at_hand)
