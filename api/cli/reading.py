"""Commands that show what is in the log."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from api.cli import options
from ledger.chain.entry import Entry
from ledger.chain.merkle import completed_by
from ledger.home import open_home
from ledger.storage import Store


@click.command()
@options.home
@options.as_json
@click.option(
    "--tag", "tags", multiple=True, help="Only entries with this tag, e.g. request:R-2026-0001; all of several."
)
@click.option(
    "--type", "types", multiple=True, help="Only entries of this type, e.g. person.registered.v1; any of several."
)
@click.option("--after", default=0, type=click.IntRange(min=0), help="Only entries after this position.")
@click.option("--limit", type=click.IntRange(min=1), help="So many at most.")
@click.option("--follow", is_flag=True, help="Go on with new entries as they come, from whichever process.")
def entries(
    path: Path,
    as_json: bool,
    tags: tuple[str, ...],
    types: tuple[str, ...],
    after: int,
    limit: int | None,
    follow: bool,
) -> None:
    """List the entries of the log."""
    query = DCBQuery([DCBQueryItem(list(types), list(tags))]) if tags or types else DCBQuery()
    with open_home(path.absolute()) as home:
        store = home.ledger.store
        found = _followed(store, query, after) if follow else store.scan(query, after)
        for entry in islice(found, limit):
            click.echo(json.dumps(_members(entry), ensure_ascii=False) if as_json else line(entry))


def _followed(store: Store, query: DCBQuery, after: int) -> Iterator[Entry]:
    with store.subscribe(query, after=after) as subscription:
        try:
            while True:
                yield subscription.next_entry()
        except (KeyboardInterrupt, StopIteration):
            return


def line(entry: Entry) -> str:
    """An entry in one line: position, when it was recorded, type, tags."""
    header = entry.header
    return f"{header.position:>9}  {header.recorded_at[:19]}Z  {header.type:<28}  {'  '.join(header.tags)}".rstrip()


def _members(entry: Entry) -> dict[str, object]:
    return {**_header(entry), "leaf": entry.leaf.hex(), "payload": _payload(entry)}


def _header(entry: Entry) -> dict[str, object]:
    header = entry.header
    return {
        "position": header.position,
        "prev": header.prev,
        "recorded_at": header.recorded_at,
        "tags": list(header.tags),
        "type": header.type,
    }


def _payload(entry: Entry) -> object:
    try:
        return json.loads(entry.payload)
    except ValueError:
        return entry.payload.hex()


@click.command()
@options.home
@options.as_json
@click.argument("position", type=click.IntRange(min=1))
def show(path: Path, as_json: bool, position: int) -> None:
    """Show the entry at POSITION: header, payload, and the hashes that it adds to the tree."""
    with open_home(path.absolute()) as home:
        store = home.ledger.store
        entry = store.entry(position)
        if entry is None:
            raise click.ClickException(f"there is no entry {position}; the last is {store.head().position}")
        hashes = completed_by(position, entry.leaf, store.subtree)
    if as_json:
        click.echo(
            json.dumps(_members(entry) | {"subtrees": [value.hex() for value in hashes[1:]]}, ensure_ascii=False)
        )
        return
    for name, value in _header(entry).items():
        click.echo(f"{name:<12} {', '.join(value) if isinstance(value, list) else value}")
    click.echo(f"{'leaf':<12} {entry.leaf.hex()}")
    for level, value in enumerate(hashes[1:], 1):
        click.echo(f"{f'subtree {level}':<12} {value.hex()}")
    click.echo("payload")
    click.echo(json.dumps(_payload(entry), indent=2, ensure_ascii=False))
