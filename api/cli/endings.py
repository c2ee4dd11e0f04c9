"""Commands about endings: who left or moved, what may not be destroyed, requests that are closed."""

from datetime import date

import click

from api.cli.acting import Hand, acting, clock, reporting
from api.cli.kinds import DATA_SET, DAY, HOLD, REQUEST, TEXT
from api.cli.showing import office_of
from api.commands.ending import Depart, LiftHold, Move, PlaceHold
from api.commands.holding import Close
from api.leaving import parts_of, what_ends
from ledger.errors import Malformed


@click.command()
@reporting
@click.argument("person")
@click.option("--request", type=REQUEST, help="From this request only; without it, from all in which they take part.")
@click.option("--on", type=DAY, help="The first day without them; today, if it is not said.")
@click.option("--reason", type=TEXT, help="Why; it is kept in custody. - reads it from standard input.")
def depart(hand: Hand, person: str, request: str | None, on: date | None, reason: str | None) -> None:
    """Record that PERSON left, and show what ends, what they have to destroy, and what is left to be done.

    With --dry-run the day may be one that is still to come.
    """
    who, now = hand.person(person), clock()()
    today = office_of(hand.home).day(now)
    parts = {id_: one for id_, one in parts_of(hand.home.ledger, who).items() if request in (None, id_)}
    notes = list(what_ends(hand.home.ledger, who, parts, on or today, now))
    if hand.manner.dry_run and on and on > today:
        if not parts:
            raise Malformed("person", who, f"takes no part in {request or 'any request that is not over'}")
        on = None
    hand.take(Depart(person=who, request=request, on=on, reason=reason), notes=notes)


@click.command()
@reporting
@click.argument("person")
@click.option("--request", type=REQUEST, help="For this request only; without it, for all in which they take part.")
@click.option("--to", "organisation", metavar="ORGANISATION", help="Where they moved to, by id or name.")
@click.option("--on", type=DAY, help="When; today, if it is not said.")
def move(hand: Hand, person: str, request: str | None, organisation: str | None, on: date | None) -> None:
    """Record that PERSON moved to another institution: for whom they act is in doubt until it is found out."""
    to = organisation and hand.organisation(organisation)
    hand.take(Move(person=hand.person(person), request=request, organisation=to, on=on))


@click.command("place-hold")
@reporting
@click.option("--request", type=REQUEST, help="On this request.")
@click.option("--dataset", type=DATA_SET, help="On this data set.")
@click.option("--person", help="On this person: an id or address.")
@click.option("--reason", type=TEXT, required=True, help="Why; it is kept in custody. - reads it from standard input.")
def place_hold(hand: Hand, request: str | None, dataset: str | None, person: str | None, reason: str) -> None:
    """Place a legal hold: nothing goes out, is destroyed or erased until it is lifted."""
    if sum(one is not None for one in (request, dataset, person)) != 1:
        raise click.UsageError("say one of --request, --dataset and --person")
    who = person and hand.person(person)
    hand.take(PlaceHold(request=request, dataset=dataset, person=who, reason=reason), gives="hold")


@click.command("lift-hold")
@reporting
@click.argument("hold", type=HOLD)
@click.option("--reason", type=TEXT, help="Why; it is kept in custody. - reads it from standard input.")
def lift_hold(hand: Hand, hold: str, reason: str | None) -> None:
    """Lift the legal HOLD (H-...)."""
    hand.take(LiftHold(hold=hold, reason=reason))


@click.command()
@acting
@click.argument("request", type=REQUEST)
def close(hand: Hand, request: str) -> None:
    """Close REQUEST, under which nobody holds anything any more; or record why it could not be."""
    hand.take(Close(request=request))
