"""Findings: what is recorded and shouldn't be so, whose it is, and what came of it."""

from collections.abc import Sequence
from pathlib import Path

import click

from api.cli import lookup, options
from api.cli.acting import Hand, clock, reporting
from api.cli.inquiry import about_a_time, inquiry
from api.cli.kinds import PRINCIPAL, TEXT, OneOf, When
from api.cli.showing import office_of
from api.cli.tables import Row, Table, Who, answered, show
from api.commands.finding import AssignFinding, CloseFinding
from api.names import Names, names_in
from ledger.chain.entry import MAX_POSITION
from ledger.errors import Malformed
from ledger.events.finding import FindingKind
from ledger.home import VIEWS
from projections.upkeep import Upkeep
from projections.views import findings as found
from projections.views.findings import Finding
from projections.views.turns import working_days

POSITION = click.IntRange(1, MAX_POSITION)
SHOWN = {
    "position": "entry",
    "kind": "what",
    "person": "person",
    "dataset": "data set",
    "request": "request",
    "since": "since",
    "working_days": "working days",
    "owner": "whose",
    "closed": "closed",
}


@click.command()
@options.home
@answered
@about_a_time
@click.option("--open/--all", "only_open", default=True, help="Only what is open, or also what was closed.")
@click.option("--about", metavar="REQUEST|DATASET|PERSON", help="Only about this request, data set or person.")
@click.option("--kind", type=OneOf(FindingKind), help="Only of this kind.")
def findings(
    path: Path,
    as_json: bool,
    as_csv: bool,
    ids: bool,
    as_of: When,
    known_at: When,
    only_open: bool,
    about: str | None,
    kind: FindingKind | None,
) -> None:
    """Show what is recorded and should not be so, since when, whose it is to deal with, oldest first."""
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        if about and (about.startswith("p-") or "@" in about):
            about = lookup.person(asked.home, about)
        answer = asked.ask(lambda views: found.findings(views, asked.today, closed=not only_open))
        rows = [
            _row(one, working_days(one.since, asked.today))
            for one in answer.rows
            if about in (None, one.request, one.dataset, one.person) and kind in (None, one.kind)
        ]
        show(Table(SHOWN, rows), answer.position, form, "There is no such finding.")


def _row(one: Finding, days: int) -> Row:
    return one._asdict() | {"person": Who(one.person) if one.person else None, "working_days": days}


@click.command("assign-finding")
@reporting
@click.argument("position", type=POSITION)
@click.option("--kind", type=OneOf(FindingKind), help="Which, where an entry shows several.")
@click.option("--person", help="About whom, where it is about several: an id or address.")
@click.option("--to", "owner", type=PRINCIPAL, required=True, help="Who is to deal with it, such as staff:17.")
def assign_finding(hand: Hand, position: int, kind: FindingKind | None, person: str | None, owner: str) -> None:
    """Give the finding that the entry at POSITION shows to somebody of the office."""
    who = person and hand.person(person)
    meant = _meant(hand, position, kind, who)
    hand.take(AssignFinding(entry=position, kind=meant[0].kind, person=who, owner=owner))


@click.command("close-finding")
@reporting
@click.argument("position", type=POSITION)
@click.option("--kind", type=OneOf(FindingKind), help="Which, where an entry shows several.")
@click.option("--person", help="About whom, where it is about several: an id or address.")
@click.option("--dataset", help="Of which data set, where it is of several: an id or title.")
@click.option("--all", "all_of_them", is_flag=True, help="All of that kind, of whomever and of whatever they are.")
@click.option("--reason", type=TEXT, required=True, help="Why; it is kept in custody. - reads it from standard input.")
def close_finding(
    hand: Hand,
    position: int,
    kind: FindingKind | None,
    person: str | None,
    dataset: str | None,
    all_of_them: bool,
    reason: str,
) -> None:
    """Close the finding that the entry at POSITION shows; what was written off stays one for ever."""
    who, what = person and hand.person(person), dataset and lookup.dataset(hand.home, dataset)
    shown = _meant(hand, position, kind, who)
    meant = [one for one in shown if what in (None, one.dataset)]
    if not meant:
        raise Malformed("finding", position, f"is not there: no such finding of {dataset} is open in that entry")
    names = names_in(hand.home.ledger, hand.home.custody)
    told = [_in_words(one, names) for one in meant]
    if len(meant) > 1 and not all_of_them:
        by = _told_apart(meant)
        raise Malformed("finding", position, f"is one of several, say which {by}that --all are: {'; '.join(told)}")
    people = list(dict.fromkeys(one.person for one in meant))
    about = people[0] if len(people) == 1 else None
    # What it was always about need not be said.
    only = what if len(meant) < len(shown) else None
    command = CloseFinding(entry=position, kind=meant[0].kind, person=about, dataset=only, all=True, reason=reason)
    # Of one alone, what was recorded says as much.
    notes = told if len(told) > 1 or hand.manner.dry_run else []
    hand.take(command, notes=[f"finding: {one}" for one in notes])


def _told_apart(several: Sequence[Finding]) -> str:
    """By which options one of several findings can be meant alone."""
    options = {"--person": {one.person for one in several}, "--dataset": {one.dataset for one in several}}
    return "".join(f"by {option}, or " for option, found in options.items() if len(found) > 1)


def _meant(hand: Hand, position: int, kind: FindingKind | None, person: str | None) -> list[Finding]:
    """The open findings that are meant, at least one. Raises `Malformed` when there is none, or more than one kind."""
    today = office_of(hand.home).day(clock()())
    views = Upkeep(hand.home.path / VIEWS, hand.home.ledger)
    of_entry = [one for one in views.ask(lambda tables: found.findings(tables, today)).rows if one.position == position]
    meant = [one for one in of_entry if kind in (None, one.kind) and person in (None, one.person)]
    kinds: dict[FindingKind, None] = dict.fromkeys(one.kind for one in meant)
    if not kinds:
        raise Malformed("finding", position, "is not there: no such finding is open in that entry")
    if len(kinds) > 1:
        raise Malformed("finding", position, f"is one of several, say which by --kind: {', '.join(kinds)}")
    return meant


def _in_words(one: Finding, names: Names) -> str:
    what = one.dataset and (f"{one.dataset} version {one.label}" if one.label else one.dataset)
    return ", ".join(filter(None, (one.kind, one.person and names(one.person), what)))
