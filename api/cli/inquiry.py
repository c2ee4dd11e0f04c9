"""What every question works with: an open home, the time that is asked about, and names for those who may see them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import click

from api.cli.acting import clock
from api.cli.kinds import TIME, When
from api.cli.showing import office_of
from api.cli.tables import Form
from api.names import Names, names_in
from ledger.errors import StoreFull
from ledger.home import VIEWS, Home, open_home
from projections.asof import AsOf, Moment
from projections.standing import Office
from projections.upkeep import Answer, Question, Rows, Upkeep

Command = TypeVar("Command", bound=Callable[..., Any])


class Inquiry(NamedTuple):
    """A question to a ledger: `at` is the time for which something is in force or over, `office` what it went by."""

    home: Home
    moment: Moment
    at: datetime
    office: Office
    log: AsOf

    @property
    def today(self) -> date:
        """The day at the office that is asked about."""
        return self.office.day(self.at)

    @property
    def names(self) -> Names:
        """Names, for what is printed."""
        return names_in(self.home.ledger, self.home.custody)

    def form(self, as_json: bool, as_csv: bool, ids: bool) -> Form:
        """How the answer is to be printed."""
        if as_json and as_csv:
            raise click.UsageError("--json and --csv exclude each other")
        return Form(as_json, as_csv, None if ids else self.names)

    def ask(self, question: Question[Rows]) -> Answer[Rows]:
        """What the views answer: those that are kept, or such as are made for it alone.

        That is so about another time, and where none can be kept.
        """
        if self.moment.is_now and self.home.is_writable:
            # On a full disk they cannot be kept, and the log still answers.
            with suppress(StoreFull):
                return Upkeep(self.home.path / VIEWS, self.home.ledger).ask(question)
        return self.log.ask(question)


def about_a_time(command: Command) -> Command:
    """The two clocks: what was so at a time, and what the ledger knew at a time."""
    known_at = click.option("--known-at", type=TIME, help="Only what was recorded by then; a day counts to its end.")
    as_of = click.option("--as-of", type=TIME, help="What was so then, as is known today; a day counts to its end.")
    return as_of(known_at(command))


@contextmanager
def inquiry(path: Path, as_of: When | None = None, known_at: When | None = None) -> Iterator[Inquiry]:
    """A question about now, or about another time on either clock."""
    with open_home(path.absolute(), clock()) as home:
        zone = ZoneInfo(office_of(home).policy.event.time_zone)
        moment = Moment(as_of and as_of.ends(zone), known_at and known_at.ends(zone))
        log = AsOf(home.ledger, moment)
        yield Inquiry(home, moment, moment.today(clock()()), log.office(), log)
