"""Commands about the catalogue of data sets."""

from datetime import date
from pathlib import Path
from typing import Any, Literal

import click

from api.cli.acting import Hand, reporting
from api.cli.kinds import DATA_SET, DAY, DIGEST, FILE, NAME, TEXT, OneOf
from api.cli.wording import bar_over
from api.commands.catalogue import AddVersion, ChangeForm, RegisterDataSet, Retire
from api.handing_over import digest_of
from ledger.events.catalogue import Form

Kind = Literal["person-course", "tracking-log", "forum", "survey", "other"]


@click.command("register-dataset")
@reporting
@click.argument("dataset", type=DATA_SET)
@click.option(
    "--course-run",
    type=NAME,
    required=True,
    help="The platform's key, such as course-v1:MITx+6.002x+2012_Spring.",
)
@click.option("--kind", type=OneOf(Kind), required=True, help="What it is made of.")
def register_dataset(hand: Hand, dataset: str, course_run: str, kind: Any) -> None:
    """Put DATASET (D-...) into the catalogue."""
    hand.take(RegisterDataSet(dataset=dataset, course_run=course_run, kind=kind))


@click.command("add-version")
@reporting
@click.argument("dataset", type=DATA_SET)
@click.argument("label", type=NAME)
@click.option("--form", type=OneOf(Form), required=True, help="In which form it is.")
@click.option("--file", type=FILE, help="The file itself, of which only the SHA-256 is recorded.")
@click.option("--sha256", "digest", type=DIGEST, help="Its SHA-256 in hex, where the file is elsewhere.")
def add_version(hand: Hand, dataset: str, label: str, form: Form, file: Path | None, digest: str | None) -> None:
    """Give DATASET a version, LABEL."""
    if file is not None and digest is None:
        with bar_over("Reading", file.stat().st_size) as bar:
            digest = digest_of(file, bar.update)
    elif file is not None or digest is None:
        raise click.UsageError("say what it is by --file or by --sha256, and not by both")
    hand.take(AddVersion(dataset=dataset, label=label, form=form, digest=digest))


@click.command("change-form")
@reporting
@click.argument("dataset", type=DATA_SET)
@click.argument("label", type=NAME)
@click.option("--form", type=OneOf(Form), required=True, help="What form it was found to be in.")
@click.option("--found-by", metavar="PERSON", required=True, help="Who found it: an id or address.")
@click.option("--on", "found_on", type=DAY, required=True, help="When it was found.")
@click.option("--method", type=TEXT, required=True, help="By what method; kept in custody. - reads it from input.")
def change_form(hand: Hand, dataset: str, label: str, form: Form, found_by: str, found_on: date, method: str) -> None:
    """Record that version LABEL of DATASET was found to be in another form than was held."""
    what, who = hand.known("dataset", dataset), hand.person(found_by)
    hand.take(ChangeForm(dataset=what, label=label, form=form, found_by=who, found_on=found_on, method=method))


@click.command("retire-dataset")
@reporting
@click.argument("dataset", type=DATA_SET)
def retire_dataset(hand: Hand, dataset: str) -> None:
    """Take DATASET out of the catalogue: it is released no more."""
    hand.take(Retire(dataset=dataset))
