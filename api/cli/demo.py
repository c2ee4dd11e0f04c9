"""A short story in a throw-away ledger, played for whoever sees it for the first time."""

import secrets
import sqlite3
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from api.cli import options
from api.cli.reading import line
from api.cli.verifying import sentences, verify_home
from ledger.codec import Fact
from ledger.events import DataSetRegistered, DataSetVersionAdded, Event, PersonRegistered, RequestSubmitted
from ledger.home import LOG, Home, create_home, erase_person, open_home
from ledger.storage import utc_now

ORIGIN = "ir.example.edu/demo"
OFFICE = "staff:1"
COURSE = "course-v1:MITx+6.002x+2012_Spring"


@click.command()
def demo() -> None:
    """Play a short story in a throw-away ledger: a request arrives, a person is erased, somebody cheats."""
    with TemporaryDirectory(prefix="dua-ledger-") as folder:
        path = Path(folder) / "home"
        _say("The office opens its ledger. Everybody who will check it gets the verifier key:")
        click.echo(f"  {create_home(path, ORIGIN, actor=OFFICE, via=options.VIA)}")
        with open_home(path) as home:
            ana = _request_arrives(home)
        _say("Whoever can read the database sees this, and no name in any of it:")
        _list(path)
        _verify(path)
        _say("Ana asks to be forgotten. Her details, their salts and keys are destroyed; the proof stays whole:")
        with open_home(path) as home:
            erase_person(home, ana, (), last_copy_lapses=utc_now().date(), actor=OFFICE, via=options.VIA)
        _verify(path)
        _say("Somebody with the database in hand turns an identified data set into a de-identified one:")
        _cheat(path)
        _verify(path)


def _request_arrives(home: Home) -> str:
    _say("Ana, a researcher, asks for the person-course table of 6.002x. Her letter comes by e-mail.")
    ana = f"p-{secrets.token_hex(16)}"
    person, request = f"person:{ana}", "request:R-2026-0001"
    details = {"name": "Ana Ejemplo", "email": "ana@example.edu", "institution": "Universidad de Ejemplo"}
    sealed = home.custody.seal(person, PersonRegistered.wire_name, details)
    aim = home.custody.seal(request, RequestSubmitted.wire_name, {"description": "How do learners use hints?"})
    letter = home.custody.keep_document(
        request, RequestSubmitted.wire_name, BytesIO(b"%PDF-1.4 letter"), "application/pdf"
    )
    _record(home, DataSetRegistered(dataset="D-6.002x-pc", course_run=COURSE, kind="person-course"))
    _record(home, DataSetVersionAdded(dataset="D-6.002x-pc", label="1", form="identified", digest="5a" * 32))
    _record(home, PersonRegistered(person=ana, **sealed))
    submitted = RequestSubmitted(
        request="R-2026-0001",
        researcher=ana,
        datasets=("D-6.002x-pc",),
        study_group=(ana,),
        purposes=("scholarship on teaching and learning",),
        **aim,
    )
    _record(home, submitted, on_behalf_of=ana, documents=(letter,))
    return ana


def _record(home: Home, event: Event, on_behalf_of: str | None = None, documents: tuple[str, ...] = ()) -> None:
    fact = Fact(event=event, actor=OFFICE, via=options.VIA, on_behalf_of=on_behalf_of, documents=documents)
    home.ledger.append([fact])


def _list(path: Path) -> None:
    with open_home(path) as home:
        for entry in home.ledger.store.scan():
            click.echo(f"  {line(entry)}")


def _verify(path: Path) -> None:
    _say("$ dua-ledger verify")
    report = verify_home(path)
    for sentence in sentences(report):
        click.echo(f"  {sentence}")
    click.echo(f"  (exit code {int(report.verdict)})")


def _cheat(path: Path) -> None:
    cheat = """
        UPDATE entries SET entry = CAST(replace(entry, '"identified"', '"de-identified"') AS BLOB) WHERE position = 3
    """
    with sqlite3.connect(path / LOG) as database:
        try:
            database.execute(cheat)
        except sqlite3.IntegrityError as refusal:
            click.echo(f"  the database refuses: {refusal}")
        click.echo("  so they remove the guard first, and put it back when it is done")
        (guard,) = database.execute("SELECT sql FROM sqlite_schema WHERE name = 'entries_never_change'").fetchone()
        database.execute("DROP TRIGGER entries_never_change")
        database.execute(cheat)
        database.execute(guard)
    database.close()


def _say(text: str) -> None:
    click.echo()
    click.secho(text, bold=True)
