"""Notices: sending those that wait, and showing what waits and what was sent."""

import json
from pathlib import Path
from typing import Any

import click

from api.cli import options, receipts
from api.cli.acting import clock
from api.cli.batches import open_for_batches
from api.cli.failures import CouldNotRun
from api.cli.inquiry import inquiry
from api.cli.showing import office_of
from api.cli.tables import Row, Table, Who, answered, show
from api.cli.wording import counted, in_lines
from api.desk import Circumstances
from api.names import Names, names_in
from api.notices.outbox import Notice, open_outbox
from api.notices.reviving import refusals, revive
from api.notices.sending import Sender, Tried
from api.notices.settings import settings_in
from ledger.boundary import about
from ledger.codec import Recorded
from ledger.events import NoticeRefused, NoticeSent
from ledger.home import VIEWS, Home
from projections.upkeep import Upkeep
from projections.views.findings import NOTICE_REFUSED, findings

TOLD = {
    "sent": "sent",
    "refused": "refused for good",
    "later": "not sent now",
    "moot": "means nothing any more",
    "waits": "would be sent",
}


@click.command()
@options.home
@options.actor
@options.as_json
@options.witnesses
@receipts.receipt
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option(
    "--again",
    type=int,
    multiple=True,
    metavar="ENTRY",
    help="First have what this entry says was refused for good wait again, once its cause is mended; may be repeated.",
)
def send(
    path: Path,
    actor: str,
    as_json: bool,
    witnesses: options.Witnesses,
    receipt: Path | None,
    limit: int | None,
    dry_run: bool,
    again: tuple[int, ...],
) -> None:
    """Send the notices that wait, as notices.toml in the home says: by e-mail, and to webhooks.

    What could not be sent is tried again by a later call, after a pause that grows. What was refused for good is not,
    until somebody says --again: `notices --refused` shows it.
    Leaves with 1 when something could not be sent now, or was refused.
    """
    with open_for_batches(path, witnesses, receipt, dry_run=dry_run) as (home, beside):
        settings, circumstances = settings_in(home.path), Circumstances(actor=actor, via=options.VIA)
        sender = Sender(home, settings, clock(), circumstances)
        for entry in () if dry_run else again:
            beside.appended(revive(home, settings, circumstances, entry))
        names, tried = names_in(home.ledger, home.custody), list[Tried]()
        for one in sender.send(limit, dry_run=dry_run):
            tried.append(one)
            beside.appended(one.entries)
            if not as_json:
                click.echo(in_lines([_line(one, names)]))
        refused = _refused_for_good(home)
        with open_outbox(home, settings) as outbox:
            waiting = len(outbox.waiting())
    if as_json:
        click.echo(
            json.dumps({"rows": [_members(one) for one in tried], "waiting": waiting, "refused_for_good": refused})
        )
    else:
        sent = sum(one.what == "sent" for one in tried)
        click.echo("Nothing was sent." if dry_run else f"Sent {counted(sent, 'notice')}.")
        _tell_refused(refused)
    troubles = [one for one in tried if one.what in ("refused", "later")]
    if troubles:
        which = "`dua-ledger notices` shows what waits, and with --refused what was refused"
        still = f", and {counted(waiting, 'notice')} {'waits' if waiting == 1 else 'wait'}" if waiting else ""
        raise CouldNotRun(f"{counted(len(troubles), 'notice')} could not be sent{still}: {which}")


def _refused_for_good(home: Home) -> int:
    """How many notices were refused for good that nobody sent again, or closed the finding of."""
    day = office_of(home).day(clock()())
    found = Upkeep(home.path / VIEWS, home.ledger).ask(lambda views: findings(views, day)).rows
    return sum(one.kind == NOTICE_REFUSED for one in found)


def _tell_refused(number: int, *, on_error: bool = False) -> None:
    if number:
        were = "was" if number == 1 else "were"
        what = f"{counted(number, 'notice')} {were} refused for good, and {were} not sent again"
        click.echo(f"{what}: `dua-ledger notices --refused` shows which.", err=on_error)


def _line(one: Tried, names: Names) -> str:
    notice = one.notice
    why = f": {one.why}" if one.why else ""
    again = f"; again from {one.again:%Y-%m-%d %H:%M}Z" if one.again else ""
    return f"{notice.position:>6}  {notice.kind} to {names(notice.recipient)}: {TOLD[one.what]}{why}{again}"


def _members(one: Tried) -> dict[str, Any]:
    notice = one.notice
    return {
        "position": notice.position,
        "kind": notice.kind,
        "way": notice.way,
        "recipient": notice.recipient,
        "message": notice.message,
        "what": one.what,
        "why": one.why,
    }


@click.command()
@options.home
@answered
@click.option("--sent", is_flag=True, help="Those that were sent, or refused for good, instead of those that wait.")
@click.option("--refused", is_flag=True, help="Those that were refused for good and are not sent again.")
def notices(path: Path, as_json: bool, as_csv: bool, ids: bool, sent: bool, refused: bool) -> None:
    """Show which notices wait, and why they could not be sent yet; or which were sent, or refused for good.

    `send --again ENTRY` sends a refused one again, under the same id, once for instance an address was corrected.
    """
    with inquiry(path) as asked:
        if sent and refused:
            raise click.UsageError("--sent and --refused exclude each other")
        form = asked.form(as_json, as_csv, ids)
        position = asked.home.ledger.store.length()
        if sent:
            facts = asked.home.ledger.facts([about(NoticeSent, NoticeRefused)], until=position)
            shown = {"at": "when (UTC)", "what": "what", "of": "of entry", "kind": "notice", "to": "to", "way": "by"}
            show(Table(shown, [_was_sent(fact) for fact in facts]), position, form, "None was sent yet.")
            return
        if refused:
            shown = {"entry": "entry", "at": "when (UTC)", "of": "of entry", "kind": "notice", "to": "to", "way": "by"}
            held = [_was_sent(fact) for fact in refusals(asked.home)]
            show(Table(shown, held), position, form, "None was refused that is not sent again.")
            return
        with open_outbox(asked.home, settings_in(asked.home.path)) as outbox:
            rows = [_waits(one) for one in outbox.waiting()]
        given_up = _refused_for_good(asked.home)
        shown = {
            "position": "of entry",
            "kind": "notice",
            "to": "to",
            "way": "by",
            "request": "request",
            "attempts": "tried",
            "next_at": "again",
            "problem": "why not",
        }
        show(Table(shown, rows), position, form, "No notice waits.", refused_for_good=given_up)
        if not form.as_json:
            _tell_refused(given_up, on_error=form.as_csv)


def _waits(one: Notice) -> Row:
    to = Who(one.recipient) if one.person else one.recipient
    return one._asdict() | {"to": to, "next_at": one.next_at and one.next_at.replace(microsecond=0)}


def _was_sent(fact: Recorded) -> Row:
    event: Any = fact.event
    return {
        "entry": fact.position,
        "at": fact.recorded_at.replace(microsecond=0),
        "what": "sent" if isinstance(event, NoticeSent) else "refused",
        "of": event.of,
        "kind": event.kind,
        "to": Who(event.person) if event.person else event.way,
        "way": event.way,
        "request": event.request,
        "message": event.message,
    }
