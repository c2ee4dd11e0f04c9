"""Commands that show what is in the log."""

import json
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from itertools import islice
from pathlib import Path
from time import monotonic, sleep

import click
import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from api.cli import options
from api.cli.acting import clock
from api.cli.failures import CouldNotRun
from api.cli.looking import looked
from api.cli.wording import in_lines, printable, warn
from api.subjects import check_type
from ledger.chain.entry import MAX_POSITION, Entry, check_name
from ledger.chain.merkle import completed_by
from ledger.errors import NotContinued, Unavailable
from ledger.home import check_continued, open_home, open_log
from ledger.storage import Store

# How long whoever follows waits for a log that was there: a server that is restarted, a standby that takes over.
AWAY_SECONDS = 300.0
PAUSE_SECONDS = 0.1
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def warn_if_not_continued(path: Path) -> None:
    """Say on standard error, loudly, that the log of a home is not what was signed, if it is not."""
    try:
        check_continued(path.absolute())
    except NotContinued as error:
        warn([str(error)])


@click.command()
@options.home
@options.actor
@options.as_json
@options.witnesses
@click.option(
    "--tag", "tags", multiple=True, help="Only entries with this tag, e.g. request:R-2026-0001; with all of several."
)
@click.option(
    "--type", "types", multiple=True, help="Only entries of this type, e.g. person.registered.v1; of any of several."
)
@click.option(
    "--after",
    default=0,
    show_default=True,
    type=click.IntRange(0, MAX_POSITION),
    help="Only those after this position.",
)
@click.option("--limit", type=click.IntRange(1, MAX_POSITION), help="At most so many.")
@click.option("--follow", is_flag=True, help="Go on with new entries as they come, until interrupted.")
def entries(
    path: Path,
    actor: str,
    as_json: bool,
    witnesses: options.Witnesses,
    tags: tuple[str, ...],
    types: tuple[str, ...],
    after: int,
    limit: int | None,
    follow: bool,
) -> None:
    """List the entries of the log: position, time of recording in UTC, type, tags.

    With --json one object a line, with all that it says; that somebody takes them along is recorded first. While the
    log that is followed can't be read, as when its server is restarted, it is waited for, for five minutes.
    """
    query = _query(types, tags)
    # An interruption is how following ends.
    with suppress(KeyboardInterrupt) if follow else nullcontext(), open_log(path.absolute()) as store:
        warn_if_not_continued(path)
        until = store.length()
        if as_json:
            with open_home(path.absolute(), clock()) as home:
                looked(home, actor, "exported", witnesses)
        found = _followed(store, query, after) if follow else store.scan(query, after, until)
        entry = None
        for entry in islice(found, limit):
            click.echo(json.dumps(_members(entry)) if as_json else line(entry))
        if entry is None:
            click.echo("No entry matches.", err=True)


def _query(types: tuple[str, ...], tags: tuple[str, ...]) -> DCBQuery:
    for wire_type in types:
        check_name("type", wire_type)
        check_type(wire_type)
    for tag in tags:
        check_name("tag", tag)
    return DCBQuery([DCBQueryItem(list(types), list(tags))]) if tags or types else DCBQuery()


def _followed(store: Store, query: DCBQuery, after: int) -> Iterator[Entry]:
    with store.subscribe(query, after=after) as subscription:
        while True:
            try:
                entry = subscription.next_entry()
            except Unavailable as error:
                _wait_for(store, error)
            else:
                yield entry


def _wait_for(store: Store, error: Unavailable) -> None:
    """Wait until a log can be read again, and say so. Raises why it can't, when that takes too long."""
    warn([f"{error}: waiting for it, for {AWAY_SECONDS:g} seconds at most"])
    until = monotonic() + AWAY_SECONDS
    while True:
        sleep(PAUSE_SECONDS)
        try:
            store.length()
        except Unavailable:
            if monotonic() > until:
                raise
        else:
            return


def line(entry: Entry) -> str:
    """An entry in one line, but where a terminal has no room for that: position, when it was recorded, type, tags."""
    header = entry.header
    tags = "  ".join(header.tags)
    return in_lines([f"{header.position:>9}  {header.recorded_at[:19]}Z  {header.type:<28}  {tags}".rstrip()])


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
        return msgspec.json.decode(entry.payload)
    except UNREADABLE:
        return entry.payload.hex()


@click.command()
@options.home
@options.as_json
@click.argument("position", type=click.IntRange(1, MAX_POSITION))
def show(path: Path, as_json: bool, position: int) -> None:
    """Show the entry at POSITION: header, payload, and the hashes that it adds to the tree."""
    with open_log(path.absolute()) as store:
        warn_if_not_continued(path)
        entry = store.entry(position)
        if entry is None:
            raise CouldNotRun(f"there is no entry {position}; the last is {store.head().position}")
        hashes = completed_by(position, entry.leaf, store.subtree)
    if as_json:
        click.echo(json.dumps(_members(entry) | {"subtrees": [value.hex() for value in hashes[1:]]}))
        return
    click.echo("\n".join(_lines(entry, hashes)))


def _lines(entry: Entry, hashes: list[bytes]) -> Iterator[str]:
    header = entry.header
    yield f"Entry {header.position:,}, {header.type}"
    yield f"  recorded at   {header.recorded_at}"
    for tag in header.tags:
        yield printable(f"  tag           {tag}")
    yield f"  prev          {header.prev}"
    yield f"  leaf          {entry.leaf.hex()}"
    for level, value in enumerate(hashes[1:], 1):
        yield f"  subtree       {value.hex()}  over entries {header.position - 2**level + 1:,} to {header.position:,}"
    yield "Payload"
    try:
        yield printable(msgspec.json.format(entry.payload, indent=2).decode())
    except UNREADABLE:
        yield f"is not JSON; its bytes in hex: {entry.payload.hex()}"
