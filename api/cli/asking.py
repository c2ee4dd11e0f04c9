"""Questions about requests and decisions."""

from pathlib import Path

import click

from api.cli import options
from api.cli.wording import printable
from api.names import names_in
from api.telling import circumstances, objected, told
from ledger.evidence.report import Verdict
from ledger.home import open_home
from ledger.log import about
from ledger.storage import utc_now
from projections.judgement import judge_again
from projections.standing import Standing


@click.command()
@options.home
@click.argument("request")
def history(path: Path, request: str) -> None:
    """Tell the history of REQUEST in words, with the state after each event."""
    with open_home(path.absolute()) as home:
        names = names_in(home.ledger, home.custody)
        facts = list(home.ledger.facts([about(tags=[f"request:{request}"])]))
        if not facts:
            raise click.ClickException(f"there is no request {request}")
        for number, fact in enumerate(facts, 1):
            standing = Standing(facts[:number])
            click.echo(f"{fact.position:>6}  {fact.recorded_at:%Y-%m-%d %H:%M}Z  {printable(told(fact.event, names))}")
            click.echo(
                printable(f"        {circumstances(fact, names)}; the request is now {standing.request(request).state}")
            )
        click.echo(f"This holds for position {home.ledger.store.length()}.")


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
