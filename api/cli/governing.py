"""Questions about how the office itself is governed: roles, waivers, who looked at what, who was erased."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from api.cli import lookup, options
from api.cli.inquiry import Inquiry, about_a_time, inquiry
from api.cli.kinds import PRINCIPAL, When
from api.cli.tables import Row, Table, Who, answered, show
from ledger.codec import Recorded
from ledger.events import DECLARED, DocumentOpened, HistoryViewed, PersonErased, WaiverGranted
from ledger.log import about

# Whatever was done under a waiver names it.
UNDER_WAIVERS = tuple(event for event in DECLARED if "waivers" in event.__struct_fields__)
ROLES = {
    "principal": "principal",
    "person": "person",
    "role": "role",
    "starts": "from",
    "ends": "until",
    "position": "entry",
}
LOOKS = {"position": "entry", "at": "when (UTC)", "principal": "who", "person": "person", "how": "how"}
WAIVERS = {
    "waiver": "waiver",
    "request": "request",
    "rule": "rule",
    "granted_by": "by",
    "granted": "on",
    "expires": "until",
    "used": "used in entries",
}
ERASED = {
    "person": "person",
    "details": "what",
    "erased": "on",
    "by": "by",
    "last_copy_lapses": "last copy gone after",
    "position": "entry",
}


@click.command()
@options.home
@answered
@about_a_time
@click.option("--principal", type=PRINCIPAL, help="Only those of this principal.")
def roles(
    path: Path, as_json: bool, as_csv: bool, ids: bool, as_of: When, known_at: When, principal: str | None
) -> None:
    """Show who holds which role, now or as of a day, and which entry gave it."""
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        rows: list[Row] = [
            {
                "principal": one.event.principal,
                "person": Who(one.event.person) if one.event.person else None,
                "role": one.event.role,
                "starts": one.event.starts,
                "ends": one.event.ends,
                "position": one.position,
            }
            for one in asked.office.grants(asked.at)
            if principal in (None, one.event.principal)
        ]
        show(Table(ROLES, rows), asked.log.position, form, "Nobody holds such a role.")


@click.command("views-of")
@options.home
@answered
@about_a_time
@click.argument("what", metavar="WHAT")
def views_of(path: Path, as_json: bool, as_csv: bool, ids: bool, as_of: When, known_at: When, what: str) -> None:
    """Show who looked at the history of WHAT, a request or a person, took it along, or opened a document of it."""
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        if what.startswith("R-"):
            tag = f"request:{lookup.known(asked.home, 'request', what)}"
        else:
            tag = f"person:{lookup.person(asked.home, what)}"
        looks = asked.log.facts([about(HistoryViewed, DocumentOpened, tags=[tag])])
        table = Table(LOOKS, [_look(fact, asked) for fact in looks])
        show(table, asked.log.position, form, f"Nobody looked at {what}.")


def _look(fact: Recorded, asked: Inquiry) -> Row:
    how, entry = "opened a document", None
    match fact.event:
        case HistoryViewed() as viewed:
            how = {"read": "read", "exported": "took a copy along"}[viewed.how]
        case DocumentOpened() as opened:
            how, entry = f"opened a document of entry {opened.entry}", opened.entry
    person = asked.office.person(fact.actor)
    return {
        "position": fact.position,
        "at": fact.occurred_at.replace(microsecond=0),
        "principal": fact.actor,
        "person": Who(person.event) if person else None,
        "how": how,
        "document_of": entry,
    }


@click.command()
@options.home
@answered
@about_a_time
def waivers(path: Path, as_json: bool, as_csv: bool, ids: bool, as_of: When, known_at: When) -> None:
    """Show every waiver: of which rule, for which request, by whom, until when, and what was done under it."""
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        facts = list(asked.log.facts([about(WaiverGranted, *UNDER_WAIVERS)]))
        show(Table(WAIVERS, list(_waivers(facts, asked))), asked.log.position, form, "No waiver was granted.")


def _waivers(facts: Sequence[Recorded], asked: Inquiry) -> Iterator[Row]:
    for fact in facts:
        if isinstance(granted := fact.event, WaiverGranted):
            decided_by = fact.judged.command.get("principal") if fact.judged else None
            yield {
                "waiver": granted.waiver,
                "request": granted.request,
                "rule": granted.rule,
                "granted_by": decided_by or fact.actor,
                "granted": asked.office.day(fact.occurred_at),
                "expires": granted.expires,
                "in_force": asked.today <= granted.expires,
                "used": tuple(one.position for one in facts if granted.waiver in getattr(one.event, "waivers", ())),
                "position": fact.position,
            }


@click.command()
@options.home
@answered
@about_a_time
def erased(path: Path, as_json: bool, as_csv: bool, ids: bool, as_of: When, known_at: When) -> None:
    """Show which people were erased, what of them, when, by whom, and when the last copy of it is gone."""
    with inquiry(path, as_of, known_at) as asked:
        form = asked.form(as_json, as_csv, ids)
        rows: list[Row] = [
            {
                "person": fact.event.person,
                "details": fact.event.details or ("everything",),
                "erased": asked.office.day(fact.occurred_at),
                "by": fact.actor,
                "last_copy_lapses": fact.event.last_copy_lapses,
                "position": fact.position,
            }
            for fact in asked.log.facts([about(PersonErased)])
            if isinstance(fact.event, PersonErased)
        ]
        show(Table(ERASED, rows), asked.log.position, form, "Nobody was erased.")
