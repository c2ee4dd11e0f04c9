"""Questions about requests and decisions."""

import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import click

from api.cli import options
from api.cli.failures import CouldNotRun
from api.cli.wording import counted, printable
from api.history import Told, history_of, page
from api.names import names_in, unnamed
from api.telling import objected, told
from ledger.chain.entry import check_name, format_time
from ledger.events import LedgerOpened
from ledger.evidence.report import Verdict
from ledger.home import Home, open_home
from ledger.log import about
from ledger.storage import utc_now
from projections.judgement import judge_again


@click.command()
@options.home
@options.as_json
@click.option("--html", "page_at", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to this file.")
@click.option("--texts", is_flag=True, help="Show reasons, conditions and notes, which only custody has.")
@click.option("--ids", is_flag=True, help="Print ids only, no names.")
@click.argument("request")
def history(path: Path, as_json: bool, page_at: Path | None, texts: bool, ids: bool, request: str) -> None:
    """Tell the history of REQUEST in words, with the state after each event."""
    if as_json and page_at:
        raise click.UsageError("--json and --html exclude each other")
    check_name("request", f"request:{request}")
    with open_home(path.absolute()) as home:
        position = home.ledger.store.length()
        facts = list(home.ledger.facts([about(tags=[f"request:{request}"])], until=position))
        if not facts:
            raise CouldNotRun(f"there is no request {request}")
        names = unnamed if ids else names_in(home.ledger, home.custody)
        events = list(history_of(request, facts, names, home.custody if texts else None))
        if as_json:
            click.echo(json.dumps({"position": position, "request": request, "rows": list(map(_as_row, events))}))
        elif page_at:
            page_at.write_text(page(request, events, position, _origin(home)), encoding="utf-8")
            click.echo(f"Wrote {counted(len(events), 'event')} to {page_at}. They hold for position {position}.")
        else:
            for one in events:
                click.echo(printable("\n".join(_lines(one))))
            click.echo(f"This holds for position {position}.")


def _lines(one: Told) -> Iterator[str]:
    yield f"{one.position:>6}  {one.recorded_at:%Y-%m-%d %H:%M}Z  {one.words}"
    yield f"        {one.circumstances}; the request is now {one.state}"
    for member, text in one.texts.items():
        yield indent(f"{member.replace('_', ' ')}: {text}", "          | ")


def _as_row(one: Told) -> dict[str, object]:
    return one._asdict() | {"recorded_at": format_time(one.recorded_at)}


def _origin(home: Home) -> str:
    opened = next(home.ledger.facts([about(LedgerOpened)], until=1)).event
    return opened.origin if isinstance(opened, LedgerOpened) else ""


@click.command()
@options.home
@click.argument("position", type=click.IntRange(1, 2**53 - 1))
def explain(path: Path, position: int) -> None:
    """Judge the act at POSITION again, from the log alone, and say what would differ today."""
    with open_home(path.absolute()) as home:
        entry = home.ledger.store.entry(position)
        if entry is None:
            raise click.ClickException(f"there is no entry {position}")
        names = names_in(home.ledger, home.custody)
        fact = home.ledger.codec.decode(entry)
        explanation = judge_again(home.ledger, fact, utc_now())
        click.echo(printable(told(fact.event, names)))
        if explanation is None:
            click.echo("Nothing was judged here: it was reported, not decided.")
            return
        if fact.judged is not None:
            rulebook, read_to = fact.judged.rulebook, fact.judged.read_to
            click.echo(f"It was judged at {fact.judged.at} by rulebook {rulebook}, on the facts up to {read_to}.")
        if explanation.agrees is None:
            click.echo(f"It can't be replayed here: {explanation.why}.")
        else:
            click.echo(
                "Judged again from the log, the answer is the same."
                if explanation.agrees
                else "Judged again from the log, the answer DIFFERS: run dua-ledger verify."
            )
        if explanation.today is not None:
            click.echo("Today nothing would object." if not explanation.today else "Today these would object:")
            for objection in explanation.today:
                click.echo(printable(f"  {objected(objection, names)}"))
        if explanation.agrees is False:
            raise click.exceptions.Exit(int(Verdict.ALTERED))
