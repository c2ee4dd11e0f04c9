"""Commands about queries, whoever was asked, and the question who asked about what."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from api.cli import options
from api.cli.acting import Hand, acting, reporting
from api.cli.inquiry import about_a_time, inquiry
from api.cli.kinds import AGREEMENT, DATA_SET, DOI, FILE, PUBLICATION, QUERY, REQUEST, TEXT, OneOf, When
from api.cli.tables import Form, Row, Table, Value, Who, answered, show
from api.commands import document_in
from api.commands.query import Answering, ReceiveQuery, WithdrawQuery
from api.names import asker_of
from api.subjects import subject_in
from ledger.events.query import Answer, Asking
from ledger.home import Home
from projections.views import inquiring
from projections.views.inquiring import Asked
from projections.views.turns import working_days

Command = TypeVar("Command", bound=Callable[..., Any])

SHOWN = {
    "query": "query",
    "state": "state",
    "working_days": "working days",
    "kind": "to",
    "by": "who asks",
    "asked": "whom",
    "about": "about",
    "request": "of",
    "way": "by way of",
}


def _described(command: Command) -> Command:
    """What is said of every query."""
    for option in (
        click.option("--again", is_flag=True, help="It was asked once more, though the very same is on record today."),
        click.option("--purpose", type=TEXT, help="What for; it is kept in custody. - reads it from standard input."),
        click.option("--doi", type=DOI, help="About this paper."),
        click.option("--publication", type=PUBLICATION, help="About this publication of a request."),
        click.option("--request", type=REQUEST, help="About the data of this request."),
        click.option("--dataset", "datasets", multiple=True, type=DATA_SET, help="About this data set; repeatable."),
        click.option("--kind", type=OneOf(Asking), required=True, help="What is asked."),
        click.option("--asker", type=TEXT, help="Who asks, in words, when the office does not know them."),
        click.option("--by", metavar="PERSON", help="Who asks, when the office knows them: an id or address."),
    ):
        command = option(command)
    return command


@click.command()
@reporting
@click.argument("recipient")
@_described
def refer(hand: Hand, recipient: str, by: str | None, **said: Any) -> None:
    """Record that RECIPIENT (an id or address) was asked for data, and directs whoever asks to the office."""
    asked = hand.person(recipient)
    _receive(hand, by, asked=asked, referred_by=asked, **said)


@click.command("receive-query")
@reporting
@click.option("--asked", metavar="PERSON", help="The recipient who was asked, if it was not the office.")
@_described
def receive_query(hand: Hand, asked: str | None, by: str | None, **said: Any) -> None:
    """Record a question whether data may be passed on, copied, verified, replicated."""
    _receive(hand, by, asked=asked and hand.person(asked), **said)


def _receive(hand: Hand, by: str | None, **said: Any) -> None:
    hand.take(ReceiveQuery(by=by and hand.person(by), **said), gives="query")


@click.command("answer-query")
@acting
@click.argument("query", type=QUERY)
@click.argument("outcome", type=OneOf(Answer))
@click.option("--request", type=REQUEST, help="The request of their own, or the one that the addendum is of.")
@click.option("--agreement", type=AGREEMENT, help="The agreement that is the addendum.")
@click.option("--publication", type=PUBLICATION, help="What suffices, when public data do.")
@click.option(
    "--smallest-cell", type=click.IntRange(1, 100_000), help="The smallest count in the aggregate, empty cells aside."
)
@click.option("--answer", type=TEXT, help="The answer; it is kept in custody. - reads it from standard input.")
@click.option("--file", "answered_by", type=FILE, help="The aggregate or letter with which it is answered.")
def answer_query(
    hand: Hand,
    query: str,
    outcome: Answer,
    request: str | None,
    agreement: str | None,
    publication: str | None,
    smallest_cell: int | None,
    answer: str | None,
    answered_by: Path | None,
) -> None:
    """Answer QUERY (Q-YYYY-NNNN) with OUTCOME, or record why it could not be."""
    command = Answering(
        query=query,
        outcome=outcome,
        request=request,
        agreement=agreement,
        publication=publication,
        smallest_cell=smallest_cell,
        answer=answer,
        document=document_in(answered_by) if answered_by else None,
    )
    hand.take(command)


@click.command("withdraw-query")
@reporting
@click.argument("query", type=QUERY)
@click.option("--reason", type=TEXT, help="Why; it is kept in custody. - reads it from standard input.")
def withdraw_query(hand: Hand, query: str, reason: str | None) -> None:
    """Record that QUERY was withdrawn by whoever asked."""
    hand.take(WithdrawQuery(query=query, reason=reason))


@click.command()
@options.home
@answered
@about_a_time
@click.option("--about", help="Only those about this DOI, data set, request or publication.")
@click.option("--open", "open_only", is_flag=True, help="Only those that wait for an answer.")
def queries(
    path: Path,
    as_json: bool,
    as_csv: bool,
    ids: bool,
    as_of: When,
    known_at: When,
    about: str | None,
    open_only: bool,
) -> None:
    """Show who asked whom for what, and what they were told, in the order in which they asked."""
    with inquiry(path, as_of, known_at) as asked:
        form, today = asked.form(as_json, as_csv, ids), asked.today
        subject = subject_in(asked.home.ledger, about) if about is not None else None
        answer = asked.ask(lambda views: inquiring.queries(views, subject, open_only=open_only))
        rows = [
            _query(one, working_days(asked.office.day(one.since_at), today), form, asked.home) for one in answer.rows
        ]
        show(Table(SHOWN, rows), answer.position, form, "Nobody asked.")


def _query(one: Asked, days: int, form: Form, home: Home) -> Row:
    asker = asker_of(home.ledger, home.custody, one.position) if form.names and not one.by else None
    people: dict[str, Value] = {name: _who(getattr(one, name)) for name in ("by", "asked", "referred_by")}
    about: Sequence[str] = tuple(filter(None, (*one.datasets, one.publication, one.doi)))
    way: Sequence[str] = tuple(filter(None, (one.linked, one.agreement, one.suffices)))
    waits = {"open": one.is_open, "working_days": days if one.is_open else None}
    if asker and not form.as_json and not form.as_csv:
        people["by"] = asker
    return one._asdict() | people | waits | {"about": about, "way": way, "asker": asker}


def _who(person: str | None) -> Who | None:
    return Who(person) if person else None
