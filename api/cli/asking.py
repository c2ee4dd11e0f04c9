"""Questions about requests."""

import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import click

from api.cli import options
from api.cli.acting import clock
from api.cli.kinds import REQUEST
from api.cli.looking import looked
from api.cli.showing import words_in
from api.cli.wording import counted, in_lines, printable
from api.history import Told, facts_of, history_of, page
from api.names import names_in, unnamed
from ledger.boundary import about
from ledger.chain.entry import format_time
from ledger.errors import Malformed
from ledger.events import LedgerOpened
from ledger.files import check_free, new_file
from ledger.home import Home, open_home


@click.command()
@options.home
@options.actor
@options.as_json
@options.witnesses
@click.option(
    "--html", "page_at", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to this new file."
)
@click.option("--texts", is_flag=True, help="Show reasons, conditions and notes, which only custody has.")
@click.option("--ids", is_flag=True, help="Print ids only, no names.")
@click.argument("request", type=REQUEST)
def history(
    path: Path,
    actor: str,
    as_json: bool,
    witnesses: options.Witnesses,
    page_at: Path | None,
    texts: bool,
    ids: bool,
    request: str,
) -> None:
    """Tell the history of REQUEST in words, with the state after each event.

    That somebody reads it is recorded first, or takes it along with --json or --html.
    """
    if as_json and page_at:
        raise click.UsageError("--json and --html exclude each other")
    if page_at:
        check_free(page_at.absolute())
    with open_home(path.absolute(), clock()) as home:
        position = home.ledger.store.length()
        facts = facts_of(home.ledger, request, position)
        if not facts:
            raise Malformed("request", request, "is not in this ledger")
        looked(home, actor, "exported" if as_json or page_at else "read", witnesses, request=request)
        names = unnamed if ids else names_in(home.ledger, home.custody)
        words = words_in(home)
        events = list(history_of(request, facts, names, home.custody if texts else None, words))
        if as_json:
            click.echo(json.dumps({"position": position, "request": request, "rows": list(map(_as_row, events))}))
        elif page_at:
            new_file(page_at, page(request, events, position, _origin(home), words.zone).encode())
            click.echo(f"Wrote {counted(len(events), 'event')} to {page_at}. They hold for position {position}.")
        else:
            for one in events:
                click.echo("\n".join(_lines(one)))
            click.echo(f"Times with a Z are UTC; days are those in {words.zone}.")
            click.echo(f"This holds for position {position}.")


def _lines(one: Told) -> Iterator[str]:
    yield in_lines([f"{one.position:>6}  {one.recorded_at:%Y-%m-%d %H:%M}Z  {one.words}"])
    yield in_lines([f"        {one.circumstances}; the request is now {one.state}"])
    for member, text in one.texts.items():
        yield printable(indent(f"{member.replace('_', ' ')}: {text}", "          | "))


def _as_row(one: Told) -> dict[str, object]:
    return one._asdict() | {"recorded_at": format_time(one.recorded_at)}


def _origin(home: Home) -> str:
    opened = next(home.ledger.facts([about(LedgerOpened)], until=1)).event
    return opened.origin if isinstance(opened, LedgerOpened) else ""
