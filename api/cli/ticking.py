"""The calendar: recording what fell due, to be called by cron or a timer."""

import json
from pathlib import Path

import click

from api.cli import options, receipts
from api.cli.acting import clock
from api.cli.batches import open_for_batches
from api.cli.showing import words_in
from api.cli.wording import counted, in_lines
from api.desk import Circumstances
from api.names import names_in
from api.telling import told
from api.ticking import Calendar, Came


@click.command()
@options.home
@options.actor
@options.as_json
@options.witnesses
@receipts.receipt
@click.option("--dry-run", is_flag=True, help="Say what has fallen due, and record nothing.")
def tick(
    path: Path, actor: str, as_json: bool, witnesses: options.Witnesses, receipt: Path | None, dry_run: bool
) -> None:
    """Record what has fallen due: agreements that ran out, reminders, data to be destroyed. Each thing once.

    Call it every day, by cron or a timer; it does no harm to call it more often, later, or on two machines at once.
    """
    with open_for_batches(path, witnesses, receipt, dry_run=dry_run) as (home, beside):
        calendar = Calendar(home, clock()(), Circumstances(actor=actor, via=options.VIA), dry_run=dry_run)
        names, words = names_in(home.ledger, home.custody), words_in(home)
        came = []
        for one in calendar.tick():
            came.append(one)
            beside.appended([one.entry] if one.entry else [])
            if not as_json:
                position = f"{one.entry.position:>6}" if one.entry else "      "
                click.echo(in_lines([f"{position}  {told(one.due.event, names, words)}"]))
    if as_json:
        click.echo(json.dumps({"recorded": not dry_run, "rows": [_members(one) for one in came]}))
    elif dry_run:
        click.echo(f"{counted(len(came), 'thing')} fell due; nothing was recorded.")
    else:
        click.echo(f"Recorded {counted(len(came), 'thing')} that fell due." if came else "Nothing new fell due.")


def _members(one: Came) -> dict[str, object]:
    return {
        "type": one.due.event.wire_type(),
        "position": one.entry and one.entry.position,
        "request": getattr(one.due.event, "request", None),
        "on": one.due.since.isoformat(),
    }
