"""Questions about what waits for whom, and what a request lacks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from api import awaiting
from api.cli import options
from api.cli.inquiry import Inquiry, about_a_time, inquiry
from api.cli.kinds import REQUEST, When
from api.cli.tables import Form, Row, Table, Who, answered, as_members, show
from api.cli.wording import in_lines, printable
from api.lacking import Lacking, lacking_at
from api.letter import letter
from api.names import Names, unnamed
from api.stages import stage_at
from ledger.boundary import about
from ledger.errors import Malformed
from projections.acts import ApproveRequest
from projections.checklist import NOBODY, Line, checklist
from projections.standing import Standing
from projections.views.answers import Waiting

CHECKLIST = {
    "source": "item",
    "rule": "rule",
    "about": "about",
    "status": "status",
    "wanting": "wanting",
    "needed_for": "needed for",
    "facts": "entries",
}


@click.command()
@options.home
@answered
@about_a_time
def inbox(path: Path, as_json: bool, as_csv: bool, ids: bool, as_of: When, known_at: When) -> None:
    """Show what waits for whom, oldest first, and for how many working days; with open incidents and findings.

    Of a request also how much is missing before it can be approved, or released, what, and from whom.

    Working days are Monday to Friday where the office is; public holidays are not known here.
    """
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        answer = asked.ask(
            lambda views: [_waiting(one, asked) for one in awaiting.inbox(views, asked.office, asked.at)]
        )
        lacks = _lacks_of(answer.rows, asked, form.names or unnamed)
        rows = [row | lacks.get(row["researcher"] and row["request"], Lacking())._asdict() for row in answer.rows]
        shown = {
            "working_days": "working days",
            "who": "waits for",
            "whom": "whom",
            "next": "to",
            "request": "request",
            "state": "state",
            "missing": "missing",
            "missing_for": "for",
            "lacks": "what",
        }
        show(Table(shown, rows), answer.position, form, "Nothing waits for anybody.")


@click.command()
@options.home
@answered
@about_a_time
@click.option("--letter", "as_letter", is_flag=True, help="Write what is missing, as a text to send to the researcher.")
@click.argument("number", metavar="REQUEST", type=REQUEST)
def request(
    path: Path,
    as_json: bool,
    as_csv: bool,
    ids: bool,
    as_of: When,
    known_at: When,
    as_letter: bool,
    number: str,
) -> None:
    """Show how REQUEST (R-YYYY-NNNN) stands: state, whose turn it is, and every item of the checklist."""
    if as_letter and (as_json or as_csv):
        raise click.UsageError("--letter is a text: it excludes --json and --csv")
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        standing = _standing(asked, number)
        lines = checklist(number, standing, asked.at)
        if as_letter:
            click.echo(printable(letter(number, standing, lines, form.names or unnamed, asked.home.custody)))
            return
        about = _about(asked, number, standing)
        lacks = lacking_at(number, asked.log, asked.at, form.names or unnamed)
        table = Table(CHECKLIST, [_line(line, number, standing) for line in lines])
        if form.as_json or form.as_csv:
            show(table, asked.log.position, form, "", **_members(about, form), **lacks._asdict())
            return
        _print(about, form)
        if lacks.missing_for:
            _print_lacks(lacks)
        click.echo()
        show(table, asked.log.position, form, "")


def _lacks_of(rows: Sequence[dict[str, Any]], asked: Inquiry, names: Names) -> dict[str, Lacking]:
    """What each request that waits lacks, by its id."""
    requests = dict.fromkeys(row["request"] for row in rows if row["researcher"])
    return {one: lacking_at(one, asked.log, asked.at, names) for one in requests}


def _standing(asked: Inquiry, number: str) -> Standing:
    standing = asked.log.standing(ApproveRequest(principal=NOBODY, request=number))
    if standing.request(number).submitted is None:
        raise Malformed("request", number, f"is not in this ledger{'' if asked.moment.is_now else ' at that time'}")
    return standing


def _turn(one: Waiting | awaiting.Due, asked: Inquiry) -> dict[str, Any]:
    people = {"whom": tuple(map(Who, one.whom))}
    return one._asdict() | people | {"working_days": awaiting.days_waited(one.since_at, asked.office, asked.at)}


def _waiting(one: Waiting, asked: Inquiry) -> dict[str, Any]:
    return _turn(one, asked) | {"researcher": Who(one.researcher) if one.researcher else None}


def _about(asked: Inquiry, number: str, standing: Standing) -> dict[str, Any]:
    known = standing.request(number)
    stage = stage_at(number, known, asked.log, asked.today)
    last = next(asked.log.facts([about(tags=[f"request:{number}"])], after=stage.since - 1))
    submitted = known.submitted
    waiting = [_turn(one, asked) for one in awaiting.turns_of(known, number, asked.log, asked.office)]
    return {
        "request": number,
        "state": str(stage.state),
        "since": stage.since,
        "since_at": min(last.occurred_at, last.recorded_at),
        "researcher": Who(submitted.event.researcher) if submitted else None,
        "datasets": tuple(f"{one.dataset} ({one.form or 'form not said'})" for one in known.datasets),
        "study_group": tuple(map(Who, known.study_group)),
        "turns": waiting,
    }


def _members(about: dict[str, Any], form: Form) -> dict[str, Any]:
    waiting = [as_members(one, form.names) for one in about["turns"]]
    return as_members({name: value for name, value in about.items() if name != "turns"}, form.names) | {
        "turns": waiting
    }


def _print(about: dict[str, Any], form: Form) -> None:
    members = _members(about, form)
    researcher = members.get("researcher_name", members["researcher"])
    group = members.get("study_group_name", members["study_group"])
    click.echo(
        f"Request {about['request']}: {about['state']} since {about['since_at']:%Y-%m-%d} (entry {about['since']})"
    )
    for title, what in (
        ("researcher", researcher),
        ("data sets", ", ".join(members["datasets"]) or "none yet"),
        ("study group", ", ".join(group) or "nobody yet"),
    ):
        click.echo(in_lines([f"  {title:<12}  {what}".replace("\n", " ")]))
    for one in members["turns"]:
        whom = ", ".join(one.get("whom_name", one["whom"]))
        days = f"{one['working_days']} working day{'' if one['working_days'] == 1 else 's'}"
        turn = f"the {one['who']}{f' ({whom})' if whom else ''}: {one['next']}, {days}"
        click.echo(in_lines([f"  {'waits for':<12}  {turn}"]))


def _print_lacks(lacks: Lacking) -> None:
    so_far = f"{lacks.missing} missing for {lacks.missing_for}" if lacks.missing else f"all for {lacks.missing_for}"
    click.echo(in_lines([f"  {'has':<12}  {so_far}", *(f"  {'':<12}  {one}" for one in lacks.lacks)]))


def _line(line: Line, number: str, standing: Standing) -> Row:
    return {
        "source": line.source,
        "rule": line.rule,
        "about": Who(line.about) if line.about else None,
        "status": line.status,
        "wanting": line.wanting,
        "needed_for": awaiting.needed_for(line, standing.request(number)),
        "facts": line.facts,
    }
