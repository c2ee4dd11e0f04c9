"""Where the story is played: who is in it, its folder, the calendar, and how a command is typed and shown."""

import shlex
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import click

import api
from api.demo.keys import Owner
from api.demo.mailbox import Mailbox
from ledger.boundary import about
from ledger.events import Event
from ledger.home import open_home
from ledger.storage import utc_now

PROJECT = Path(api.__file__).parents[1]
EXAMPLES = PROJECT / "api" / "packets" / "examples"
REGISTER = PROJECT / "api" / "registers" / "examples" / "course-releases"
COURSE = "course-v1:MITx+6.002x+2012_Spring"
OFFICE_ZONE = "America/New_York"
DIRECTOR, CLERK, SERVER, CRON = "staff:1", "staff:2", "server:notebooks", "operator:cron"
IRA, PAT, CARL, LENA = (
    "ira.stein@example.edu",
    "pat.moreno@example.edu",
    "carl.weiss@example.edu",
    "lena.roth@example.org",
)
HANNA, JUN, AMAL = "hanna.lindqvist@example.edu", "jun.okada@example.org", "amal.serrano@example.org"
PERSON_COURSE, FORUM = "D-6.002x-pc", "D-6.002x-forum"
DATA = {
    PERSON_COURSE: ("person-course", "identified", "user_id,viewed,grade\n10041,1,0.93\n10042,1,0.41\n"),
    FORUM: ("forum", "de-identified", "author,thread,posted\na1,17,2012-03-05\nb7,17,2012-03-06\n"),
}
# These take no actor: nothing is recorded of whoever asks.
QUESTIONS = (
    "check-table",
    "checkpoint",
    "deadlines",
    "disclosures",
    "explain",
    "findings",
    "holders",
    "inbox",
    "may",
    "notices",
    "queries",
    "request",
    "stats",
    "verify",
    "vkey",
)
E = TypeVar("E", bound=Event)


class Stage:
    """A folder with the ledger's home and everybody's files; `type_` types a command, under a clock of the story."""

    def __init__(self, folder: Path, type_: Callable[[list[str], Callable[[], datetime]], int]) -> None:
        self.folder, self._type = folder, type_
        self.home, self._later = folder / "home", timedelta()
        self.year = self.today.year
        self.request = f"R-{self.year}-0001"
        self.mailbox = Mailbox()
        self.hanna, self.amal, self.other = (
            Owner(folder / name, user_id)
            for name, user_id in (
                ("h", f"Hanna Lindqvist <{HANNA}>"),
                ("a", f"Amal Serrano <{AMAL}>"),
                ("o", f"Amal Serrano <{AMAL}>"),
            )
        )

    def close(self) -> None:
        """End what the people in it have running."""
        self.mailbox.close()
        for owner in self.owners:
            owner.close()

    @property
    def owners(self) -> tuple[Owner, ...]:
        """Those who have keys."""
        return self.hanna, self.amal, self.other

    @property
    def agreements(self) -> tuple[str, str]:
        """The memorandum, and the data use agreement."""
        return f"A{self.request[1:]}-1", f"A{self.request[1:]}-2"

    @property
    def today(self) -> date:
        """The day at the office."""
        return self._now().astimezone(ZoneInfo(OFFICE_ZONE)).date()

    def noon_of(self, day: date) -> None:
        """It becomes noon of a later day, and that is said."""
        self._later = datetime.combine(day, time(12), ZoneInfo(OFFICE_ZONE)) - utc_now()
        note(f"it is {day:%-d %B %Y}")

    def file(self, name: str, text: str) -> Path:
        """A file with a text in it."""
        path = self.folder / name
        path.write_text(text)
        return path

    def run(self, line: str, actor: str = "") -> None:
        """Type a command, and show what it answers. Pat types where nobody else is named."""
        command, *words = self._show(f"{line} --actor {actor}" if actor else line)
        if not actor and command not in QUESTIONS:
            words += ["--actor", CLERK]
        self._answer([command, "--home", str(self.home), *words])

    def run_elsewhere(self, line: str) -> None:
        """Type a command where there is no ledger."""
        self._answer(self._show(line))

    def all(self, kind: type[E]) -> list[E]:
        """All events of a kind, as they came."""
        with open_home(self.home) as home:
            events = [fact.event for fact in home.ledger.facts([about(kind)])]
        return [event for event in events if isinstance(event, kind)]

    def last_position(self, kind: type[Event]) -> int:
        """Where the last event of a kind stands."""
        with open_home(self.home) as home:
            return [fact.position for fact in home.ledger.facts([about(kind)])][-1]

    def _now(self) -> datetime:
        return utc_now() + self._later

    def _show(self, typed: str) -> list[str]:
        shown = typed.replace(f"{self.folder}/", "").replace(f"{PROJECT}/", "")
        click.secho(f"\n$ dua-ledger {shown}", fg="cyan")
        return shlex.split(typed)

    def _answer(self, words: list[str]) -> None:
        code = self._type(words, self._now)
        if code:
            click.echo(f"(exit code {code})")


def chapter(title: str) -> None:
    """The title of what comes next."""
    click.secho(f"\n\n{title}\n{'=' * len(title)}", bold=True)


def say(text: str) -> None:
    """What happens, as it is told."""
    click.echo()
    click.secho(click.wrap_text(text, 100), bold=True)


def note(text: str) -> None:
    """What happens where no command is typed."""
    click.echo(f"  ({text})")
