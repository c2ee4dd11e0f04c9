"""What every question works with: an open home, the time that is asked about, and names for those who may see them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import click

from api.cli.acting import clock
from api.cli.failures import CouldNotRun
from api.cli.moments import instant
from api.cli.tables import Form
from api.names import Names, names_in
from api.register import register_of
from ledger.chain.entry import check_name
from ledger.events import DataSetRegistered, Event, PersonRegistered
from ledger.home import VIEWS, Home, open_home
from ledger.log import about
from projections.asof import AsOf, Moment
from projections.standing import Office
from projections.upkeep import Answer, Question, Rows, Upkeep


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
        """What the views answer: those that are kept, or about another time such as are made for it alone."""
        if self.moment.is_now:
            return Upkeep(self.home.path / VIEWS, self.home.ledger).ask(question)
        return self.log.ask(question)

    def person(self, known_as: str) -> str:
        """The person with this id or address."""
        if "@" not in known_as:
            return self._known("person", known_as, PersonRegistered)
        person = register_of(self.home.ledger, self.home.custody).person(known_as.lower())
        if person is None:
            raise CouldNotRun(f"nobody with the address {known_as} is in this ledger")
        return person

    def data_set(self, dataset: str) -> str:
        """The data set with this id."""
        return self._known("dataset", dataset, DataSetRegistered)

    def _known(self, kind: str, id_: str, introduction: type[Event]) -> str:
        tag = f"{kind}:{id_}"
        check_name(kind, tag)
        if not any(True for _ in self.home.ledger.facts([about(introduction, tags=[tag])])):
            raise CouldNotRun(f"there is no {_WORDS[kind]} {id_} in this ledger")
        return id_


_WORDS = {"person": "person", "dataset": "data set"}


@contextmanager
def inquiry(
    path: Path, as_of: date | datetime | None = None, known_at: date | datetime | None = None
) -> Iterator[Inquiry]:
    """A question about now, or about another time on either clock."""
    with open_home(path.absolute(), clock()) as home:
        time_zone = AsOf(home.ledger, Moment()).office().policy.event.time_zone
        moment = Moment(instant(as_of, time_zone), instant(known_at, time_zone))
        log = AsOf(home.ledger, moment)
        yield Inquiry(home, moment, moment.today(clock()()), log.office(), log)
