"""Commands about what recipients publish, and the question what appeared without review."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from api.cli import lookup, options
from api.cli.acting import Hand, acting, reporting
from api.cli.inquiry import about_a_time, inquiry
from api.cli.kinds import DAY, DOI, FILE, PUBLICATION, REQUEST, TEXT, OneOf, When
from api.cli.tables import Row, Table, Who, answered, show
from api.commands import document_in
from api.commands.publication import (
    AskChanges,
    NotifyPublication,
    Pass,
    RecordPublication,
    Review,
    WithdrawPublication,
)
from ledger.events.publication import Verdict, Work
from projections.views import inquiring
from projections.views.inquiring import Published

SHOWN = {
    "publication": "publication",
    "state": "state",
    "reviewers": "reviewed by",
    "smallest_cell": "cells from",
    "appeared": "appeared",
    "doi": "doi",
    "unreviewed": "unreviewed",
}


class _Cell(click.ParamType[Any]):
    """A count, or `none` where nothing is counted."""

    name = "COUNT|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The count; None for the word."""
        return None if value == "none" else click.IntRange(1, 100_000).convert(value, param, ctx)


@click.command("notify-publication")
@reporting
@click.argument("request", type=REQUEST)
@click.option("--kind", type=OneOf(Work), required=True, help="What it is.")
@click.option("--title", type=TEXT, required=True, help="Its title; it is kept in custody.")
@click.option("--publication", type=PUBLICATION, help="The publication that was sent back, and now comes in anew.")
@click.option("--told-by", metavar="PERSON", help="Who told of it; nobody, when the office came across it.")
@click.option("--author", "authors", multiple=True, metavar="PERSON", help="An author whom the office knows.")
@click.option("--manuscript", type=FILE, help="What is to be published: PDF, PNG, JPEG or text.")
@click.option("--table", "tables", multiple=True, type=FILE, help="A table of it, as CSV; repeatable.")
def notify_publication(
    hand: Hand,
    request: str,
    kind: Work,
    title: str,
    publication: str | None,
    told_by: str | None,
    authors: Sequence[str],
    manuscript: Path | None,
    tables: Sequence[Path],
) -> None:
    """Record what is to be published of REQUEST. Its tables are kept, so that later ones are compared with them."""
    command = NotifyPublication(
        request=request,
        kind=kind,
        title=title,
        publication=publication,
        told_by=told_by and hand.person(told_by),
        authors=hand.people(authors),
        manuscript=document_in(manuscript) if manuscript else None,
        tables=tuple(map(document_in, tables)),
    )
    hand.take(command, gives="publication")


@click.command("review-publication")
@reporting
@click.argument("publication", type=PUBLICATION)
@click.option("--reviewer", metavar="PERSON", required=True, help="Who reviewed it.")
@click.option("--result", type=OneOf(Verdict), required=True, help="What they found.")
@click.option(
    "--smallest-cell", type=_Cell(), required=True, help="The smallest count in it, empty cells aside; or none."
)
@click.option("--on", type=DAY, help="When; today if not said.")
@click.option("--note", type=TEXT, help="A note; it is kept in custody. - reads it from standard input.")
def review_publication(
    hand: Hand,
    publication: str,
    reviewer: str,
    result: Verdict,
    smallest_cell: int | None,
    on: date | None,
    note: str | None,
) -> None:
    """Record that PUBLICATION was reviewed for what could identify a learner."""
    command = Review(
        request=hand.request_of("publication", publication),
        publication=publication,
        reviewer=hand.person(reviewer),
        result=result,
        smallest_cell=smallest_cell,
        on=on,
        note=note,
    )
    hand.take(command)


@click.command("ask-changes")
@reporting
@click.argument("publication", type=PUBLICATION)
@click.option("--reason", type=TEXT, required=True, help="Why; it is kept in custody. - reads it from standard input.")
def ask_changes(hand: Hand, publication: str, reason: str) -> None:
    """Send PUBLICATION back for changes."""
    hand.take(AskChanges(request=hand.request_of("publication", publication), publication=publication, reason=reason))


@click.command("pass-publication")
@acting
@click.argument("publication", type=PUBLICATION)
def pass_publication(hand: Hand, publication: str) -> None:
    """Pass PUBLICATION, or record why it could not be."""
    hand.take(Pass(request=hand.request_of("publication", publication), publication=publication))


@click.command("record-publication")
@reporting
@click.argument("publication", type=PUBLICATION)
@click.option("--on", type=DAY, required=True, help="When it appeared.")
@click.option("--doi", type=DOI, help="Its DOI.")
def record_publication(hand: Hand, publication: str, on: date, doi: str | None) -> None:
    """Record that PUBLICATION appeared, whether it had been passed or not."""
    request = hand.request_of("publication", publication)
    hand.take(RecordPublication(request=request, publication=publication, on=on, doi=doi))


@click.command("withdraw-publication")
@reporting
@click.argument("publication", type=PUBLICATION)
@click.option("--on", type=DAY, help="When; today if not said.")
@click.option("--reason", type=TEXT, help="Why; it is kept in custody. - reads it from standard input.")
def withdraw_publication(hand: Hand, publication: str, on: date | None, reason: str | None) -> None:
    """Record that PUBLICATION was withdrawn, or retracted."""
    request = hand.request_of("publication", publication)
    hand.take(WithdrawPublication(request=request, publication=publication, on=on, reason=reason))


@click.command()
@options.home
@answered
@about_a_time
@click.option("--request", type=REQUEST, help="Only those of this request.")
@click.option("--unreviewed", is_flag=True, help="Only what appeared without the review that policy asks for.")
def publications(
    path: Path,
    as_json: bool,
    as_csv: bool,
    ids: bool,
    as_of: When,
    known_at: When,
    request: str | None,
    unreviewed: bool,
) -> None:
    """Show what is published of which request, and how far its review has come."""
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        of = lookup.known(asked.home, "request", request) if request else None
        answer = asked.ask(lambda views: inquiring.publications(views, of, unreviewed=unreviewed))
        show(Table(SHOWN, list(map(_publication, answer.rows))), answer.position, form, "No such publication.")


def _publication(one: Published) -> Row:
    return one._asdict() | {"authors": tuple(map(Who, one.authors)), "reviewers": tuple(map(Who, one.reviewers))}
