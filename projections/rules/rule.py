"""What a rule is, and what it answers with."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from projections.acts import Act
from projections.standing import Standing

A = TypeVar("A", bound=Act)
Judge = Callable[[A, Standing, datetime], "Iterable[Objection]"]


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
        self._judges: list[Judge[A]] = []

    def objects(self, judge: Judge[A]) -> Judge[A]:
        """Declare a function that finds what is not kept."""
        self._judges.append(judge)
        return judge

    def objection(self, wanting: str, about: str | None = None, facts: Iterable[int | None] = ()) -> Objection:
        """An objection of this rule; facts that are not there are left out."""
        return Objection(self.id, about, wanting, tuple(sorted({fact for fact in facts if fact})))

    def judge(self, act: A, standing: Standing, at: datetime) -> list[Objection]:
        """Everything that this rule holds against the act at that time."""
        found: list[Objection] = []
        for judge in self._judges:
            found += judge(act, standing, at)
        return found
