"""The command that draws releases by lot."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import click

from api.bundling import bundle_about, bundle_of_past_release
from api.cli import options
from api.cli.inquiry import Inquiry, inquiry
from api.cli.tables import Row, Table, Who, answered, show
from api.cli.wording import bar_over
from api.sampling import drawn
from ledger.codec import Known
from ledger.custody.files import new_file, new_folder
from ledger.events import Event, PastReleaseRecorded, ReleaseHandedOver
from ledger.evidence.bundle import Kind

SHOWN = {
    "position": "entry",
    "release": "release",
    "request": "request",
    "party": "party",
    "datasets": "data sets",
    "file": "file",
}


@click.command()
@options.home
@answered
@click.option("--seed", required=True, help="Any text; the same releases come of the same seed and the same log.")
@click.option("--imported", is_flag=True, help="Draw from what registers of the past say.")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder for an audit bundle of each, with details, texts and documents.",
)
@click.argument("number", type=click.IntRange(1, 1_000_000))
def sample(
    path: Path, as_json: bool, as_csv: bool, ids: bool, seed: str, imported: bool, to: Path | None, number: int
) -> None:
    """Draw NUMBER releases by lot: by SHA-256 of the seed and the position of each, so that anybody can do it again."""
    with inquiry(path) as asked:
        form = asked.form(as_json, as_csv, ids)
        lots = drawn(asked.home.ledger, seed, number, asked.log.position, imported=imported)
        if to is not None:
            _bundle(asked, lots, to.absolute())
        shown = {column: title for column, title in SHOWN.items() if to or column != "file"}
        table = Table(shown, [_row(lot, to) for lot in lots])
        show(table, asked.log.position, form, "There is no release to draw.", seed=seed)


def _bundle(asked: Inquiry, lots: Sequence[Known[Event]], to: Path) -> None:
    """A bundle of each in a new folder; of two releases of one request each has its own."""
    new_folder(to)
    opening: tuple[Kind, ...] = get_args(Kind)
    with bar_over("Bundling", len(lots)) as bar:
        for lot in lots:
            if isinstance(lot.event, ReleaseHandedOver):
                made = bundle_about(asked.home, f"request:{lot.event.request}", opening)
            else:
                made = bundle_of_past_release(asked.home, lot.position, opening)
            new_file(to / _file(lot), made)
            bar.update(1)


def _file(lot: Known[Event]) -> str:
    return f"{lot.position}.zip"


def _row(lot: Known[Event], to: Path | None) -> Row:
    release: str | None
    request: str | None = None
    match lot.event:
        case ReleaseHandedOver() as out:
            release, request, party = out.release, out.request, out.contact
            datasets = tuple(dict.fromkeys(one.dataset for one in out.package.files))
        case PastReleaseRecorded() as past:
            release, party = past.reference, past.person or past.organisation
            datasets = (past.dataset,)
        case _:
            raise AssertionError(lot.event)
    return {
        "position": lot.position,
        "release": release,
        "request": request,
        "party": Who(party),
        "datasets": datasets,
        "file": str(to / _file(lot)) if to else None,
    }
