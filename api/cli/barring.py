"""Commands about debarred people, and about what the law compelled the office to disclose."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from api.cli.acting import Hand, reporting
from api.cli.kinds import DATA_SET, DAY, FILE, TEXT, OneOf
from api.commands import document_in
from api.commands.barring import Compelled, Debar, LiftDebarment
from ledger.events.compelled import Instrument


@click.command()
@reporting
@click.argument("person")
@click.option("--until", type=DAY, required=True, help="The last day.")
@click.option("--reason", type=TEXT, required=True, help="Why; it is kept in custody. - reads it from standard input.")
def debar(hand: Hand, person: str, until: date, reason: str) -> None:
    """Keep PERSON out of new requests for a time; what they may do already they go on to."""
    hand.take(Debar(person=hand.person(person), until=until, reason=reason))


@click.command("lift-debarment")
@reporting
@click.argument("person")
@click.option("--reason", type=TEXT, help="Why; it is kept in custody. - reads it from standard input.")
def lift_debarment(hand: Hand, person: str, reason: str | None) -> None:
    """Let PERSON take part in new requests again."""
    hand.take(LiftDebarment(person=hand.person(person), reason=reason))


@click.command("compelled-disclosure")
@reporting
@click.argument("instrument", type=OneOf(Instrument))
@click.option("--on", type=DAY, required=True, help="When the data were disclosed.")
@click.option("--dataset", "datasets", type=DATA_SET, multiple=True, required=True, help="Which; repeatable.")
@click.option("--to", type=TEXT, required=True, help="To whom. It is kept in custody.")
@click.option("--scope", type=TEXT, required=True, help="What of the data, about whom. It is kept in custody.")
@click.option("--counsel", type=TEXT, required=True, help="Who was consulted, and what they said. Kept in custody.")
@click.option("--instrument-file", "paper", type=FILE, required=True, help="The instrument: PDF, PNG, JPEG or text.")
@click.option("--notice-on", type=DAY, help="When those concerned were given notice.")
@click.option("--no-notice", type=TEXT, help="Why they were given none. It is kept in custody.")
@click.option("--learners", type=click.IntRange(0, 2**53 - 1), help="About how many learners they are.")
def compelled_disclosure(
    hand: Hand,
    instrument: Instrument,
    on: date,
    datasets: Sequence[str],
    to: str,
    scope: str,
    counsel: str,
    paper: Path,
    notice_on: date | None,
    no_notice: str | None,
    learners: int | None,
) -> None:
    """Record that data were disclosed because an INSTRUMENT of the law, such as a subpoena, compelled it."""
    hand.take(
        Compelled(
            instrument=instrument,
            on=on,
            datasets=tuple(hand.known("dataset", one) for one in datasets),
            to=to,
            scope=scope,
            counsel=counsel,
            document=document_in(paper),
            notice_on=notice_on,
            no_notice=no_notice,
            learners=learners,
        )
    )
