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
        # What finds whatever it holds against an act all day, and what else at a time of it.
        self.on_day: list[OnDay[A]] = []
        self.at_time: list[AtTime[A]] = []

    def objects(self, judge: OnDay[A]) -> OnDay[A]:
        """Declare a function that finds what is not kept on a day: the date at the office."""
        self.on_day.append(judge)
        return judge

    def objects_at(self, judge: AtTime[A]) -> AtTime[A]:
        """Declare a function that finds what is not kept at a time of day."""
        self.at_time.append(judge)
        return judge

    def objection(self, wanting: str, about: str | None = None, facts: Iterable[int | None] = ()) -> Objection:
        """An objection of this rule; facts that are not there are left out."""
        return Objection(self.id, about, wanting, tuple(sorted({fact for fact in facts if fact})))

    def on(self, act: A, standing: Standing, day: date) -> list[Objection]:
        """Everything that this rule holds against the act all that day."""
        found: list[Objection] = []
        for judge in self.on_day:
            found += judge(act, standing, day)
        return found
