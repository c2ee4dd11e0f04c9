"""What a rule is, and what it answers with."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Generic, TypeVar

import msgspec

from projections.acts import Act
from projections.standing import Standing

A = TypeVar("A", bound=Act)
OnDay = Callable[[A, Standing, date], "Iterable[Objection]"]
AtTime = Callable[[A, Standing, datetime], "Iterable[Objection]"]


class Objection(msgspec.Struct, frozen=True):
    """That a rule is not kept: about whom or what, by which facts (their positions), and what is wanting.

    `about` and `wanting` are ids and words of the rule's own; sentences with names are made when somebody reads them.
    """

    rule: str
    about: str | None
    wanting: str
    facts: tuple[int, ...] = ()


class Rule(Generic[A]):
    """One clause: its id, its source, the plain sentence that people read, and whether the director can waive it."""

    def __init__(self, id_: str, source: str, sentence: str, *, waivable: bool = False) -> None:
        self.id, self.source, self.sentence, self.waivable = id_, source, sentence, waivable
        self._on_day: list[OnDay[A]] = []
        self._at_time: list[AtTime[A]] = []
        # Whether it may object at one time of a day and not at another.
        self.changes_within_a_day = False

    def objects(self, judge: OnDay[A]) -> OnDay[A]:
        """Declare a function that finds what is not kept on a day: the date at the office."""
        self._on_day.append(judge)
        return judge

    def objects_at(self, judge: AtTime[A]) -> AtTime[A]:
        """Declare a function that finds what is not kept at a time of day."""
        self._at_time.append(judge)
        self.changes_within_a_day = True
        return judge

    def objection(self, wanting: str, about: str | None = None, facts: Iterable[int | None] = ()) -> Objection:
        """An objection of this rule; facts that are not there are left out."""
        return Objection(self.id, about, wanting, tuple(sorted({fact for fact in facts if fact})))

    def on(self, act: A, standing: Standing, day: date) -> list[Objection]:
        """Everything that this rule holds against the act all that day."""
        found: list[Objection] = []
        for judge in self._on_day:
            found += judge(act, standing, day)
        return found

    def at(self, act: A, standing: Standing, at: datetime) -> list[Objection]:
        """Everything else that this rule holds against the act at that time."""
        return [objection for judge in self._at_time for objection in judge(act, standing, at)]
