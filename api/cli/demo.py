"""A short story in a throw-away ledger, played for whoever sees it for the first time.

Every step is a command that anybody could type; what is printed is what it answers.
"""

import shlex
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import click

import api.packets
from ledger.events import RequestSubmitted
from ledger.home import LOG, open_home
from ledger.log import about

EXAMPLES = Path(api.packets.__file__).parent / "examples"
DIRECTOR = "staff:1"
COURSE = "course-v1:MITx+6.002x+2012_Spring"
CHEAT = """
    UPDATE entries SET entry = CAST(replace(entry, '"form":"identified"', '"form":"de-identified"') AS BLOB)
    WHERE instr(entry, CAST('request.submitted' AS BLOB)) AND instr(entry, CAST('"identified"' AS BLOB))
"""
LAW = "34 CFR 99.31(a)(1)(i)"


@click.command()
def demo() -> None:
    """Play a short story in a throw-away ledger: requests are decided, a person is erased, somebody cheats."""
    with TemporaryDirectory(prefix="dua-ledger-") as folder:
        _Story(Path(folder) / "home").play()


class _Story:
    def __init__(self, home: Path) -> None:
        self._home = home

    def play(self) -> None:
        self._the_office_opens()
        request = self._a_request_is_approved()
        self._another_lacks_something()
        self._the_auditor_comes(request)
        self._somebody_is_forgotten(request)
        self._somebody_cheats()

    def _the_office_opens(self) -> None:
        _say("The office opens its ledger, says who decides in it, and lists a data set.")
        self._run("init", "--origin", "ir.example.edu/demo")
        self._run("publish-policy", "--time-zone", "America/New_York")
        self._run("grant-role", DIRECTOR, "director", "--from", "2026-01-01")
        self._run("register-dataset", "D-6.002x-pc", "--course-run", COURSE, "--kind", "person-course")
        self._run("register-dataset", "D-6.002x-forum", "--course-run", COURSE, "--kind", "forum")

    def _a_request_is_approved(self) -> str:
        _say("Rosa Quill of MIT asks for it, for herself and a student. Her packet is complete.")
        self._run("submit", EXAMPLES / "mit-researcher")
        request = self._last_request()
        _say("It can't be approved yet: nobody has looked at the law. The refusal is on record too.")
        self._run("approve", request, "--actor", DIRECTOR)
        _say("Counsel finds a basis; now nothing objects.")
        self._run("determine", request, "--consistent", "--basis", "D-6.002x-pc", "identified", "home", LAW)
        self._run("approve", request, "--actor", DIRECTOR)
        return request

    def _another_lacks_something(self) -> None:
        _say("A researcher from outside asks too; her packet says what is missing or pending, and so does the ledger.")
        self._run("submit", EXAMPLES / "outside-with-reliance")
        self._run("approve", self._last_request(), "--actor", DIRECTOR, "--dry-run")

    def _the_auditor_comes(self, request: str) -> None:
        _say("The auditor replays the first request, and has the refusal judged again from the log alone.")
        self._run("history", request)
        with open_home(self._home) as home:
            refusal = next(fact for fact in home.ledger.facts() if fact.type == "act.refused.v1")
        self._run("explain", str(refusal.position))

    def _somebody_is_forgotten(self, request: str) -> None:
        _say("The department head, who only signed, asks to be forgotten: details, salts and keys are destroyed.")
        head = self._submitted(request).head_approval
        if head is not None:
            self._run("erase", head.by, "--yes")
        self._run("verify", "--processes", "1")

    def _somebody_cheats(self) -> None:
        _say("Somebody with the database in hand makes the identified data set that was asked for a de-identified one.")
        with sqlite3.connect(self._home / LOG) as database:
            try:
                database.execute(CHEAT)
            except sqlite3.IntegrityError as refusal:
                click.echo(f"  the database refuses: {refusal}")
            click.echo("  so they remove the guard first, and put it back when it is done")
            (guard,) = database.execute("SELECT sql FROM sqlite_schema WHERE name = 'entries_never_change'").fetchone()
            database.execute("DROP TRIGGER entries_never_change")
            database.execute(CHEAT)
            database.execute(guard)
        database.close()
        self._run("verify", "--processes", "1")

    def _run(self, *words: str | Path) -> None:
        """Type a command, and show what it answers."""
        from api.cli import main

        shown = [str(word.relative_to(EXAMPLES.parent)) if isinstance(word, Path) else word for word in words]
        click.secho(f"\n$ dua-ledger {shlex.join(shown)}", fg="cyan")
        arguments = [str(word) for word in words]
        try:
            code = main([arguments[0], "--home", str(self._home), *arguments[1:]], "dua-ledger", standalone_mode=False)
        except SystemExit as left:
            code = left.code
        if code:
            click.echo(f"(exit code {code})")

    def _last_request(self) -> str:
        return self._submitted().request

    def _submitted(self, request: str | None = None) -> RequestSubmitted:
        """This request as it came in last; the last of all, if none is named."""
        tags = [f"request:{request}"] if request else []
        with open_home(self._home) as home:
            events = [fact.event for fact in home.ledger.facts([about(RequestSubmitted, tags=tags)])]
        return next(event for event in reversed(events) if isinstance(event, RequestSubmitted))


def _say(text: str) -> None:
    click.echo()
    click.secho(text, bold=True)
