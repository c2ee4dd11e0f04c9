"""The command that draws releases by lot."""

from collections.abc import Sequence
from pathlib import Path

import click

from api.cli import options
from api.cli.inquiry import Inquiry, inquiry
from api.cli.looking import check_bundling, looked
from api.cli.tables import Row, Table, Who, answered, show
from api.cli.wording import bar_over
from api.sampling import Lot, drawn, evidence
from api.signing import have_witnessed
from ledger.files import new_file, new_folder

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
@options.actor
@options.witnesses
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
    path: Path,
    actor: str,
    witnesses: options.Witnesses,
    as_json: bool,
    as_csv: bool,
    ids: bool,
    seed: str,
    imported: bool,
    to: Path | None,
    number: int,
) -> None:
    """Draw NUMBER releases by lot: by SHA-256 of the seed and the position of each, so that anybody can do it again.

    That somebody takes the evidence along is recorded for each; the office and auditors may.
    """
    with inquiry(path) as asked:
        form = asked.form(as_json, as_csv, ids)
        lots = drawn(asked.home.ledger, seed, number, asked.log.position, imported=imported)
        if to is not None:
            _bundle(asked, actor, witnesses, lots, to.absolute())
        shown = {column: title for column, title in SHOWN.items() if to or column != "file"}
        table = Table(shown, [_row(lot, to) for lot in lots])
        show(table, asked.log.position, form, "There is no release to draw.", seed=seed)


def _bundle(asked: Inquiry, actor: str, witnesses: options.Witnesses, lots: Sequence[Lot], to: Path) -> None:
    """A bundle of each in a new folder; of two releases of one request each has its own."""
    check_bundling(asked.home, actor)
    new_folder(to)
    # Who does not cosign what is there is named with each record that follows, which is witnessed, too.
    have_witnessed(asked.home.notary, asked.home.path, witnesses.seconds)
    with bar_over("Bundling", len(lots)) as bar:
        for lot in lots:
            made = evidence(asked.home, lot)
            looked(asked.home, actor, "exported", witnesses, request=lot.request)
            new_file(to / _file(lot), made)
            bar.update(1)


def _file(lot: Lot) -> str:
    return f"{lot.position}.zip"


def _row(lot: Lot, to: Path | None) -> Row:
    return lot._asdict() | {"party": Who(lot.party), "file": str(to / _file(lot)) if to else None}
