"""A part of a standing: what facts of some kinds add up to, each kind taken in by a method of its own."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from ledger.events import Event
from projections.standing.known import Known

Taker = Callable[[Any, Known[Any]], None]
M = TypeVar("M", bound=Callable[..., None])

_taken: dict[Callable[..., None], tuple[type[Event], ...]] = {}


def takes(*events: type[Event]) -> Callable[[M], M]:
    """Declare which kinds of facts a method of a part takes in."""

    def declared(method: M) -> M:
        _taken[method] = events
        return method

    return declared


class Part:
    """What some facts add up to; `folds` are the kinds that it takes in, `takers` what each of them changes."""

    folds: ClassVar[tuple[type[Event], ...]]
    # A look-up: to ask of one class after another whether an event is of it takes longer than to take it in.
    takers: ClassVar[dict[type[Event], Taker]]

    def __init_subclass__(cls) -> None:
        methods = [one for one in vars(cls).values() if callable(one)]
        cls.takers = {event: method for method in methods for event in _taken.get(method, ())}
        cls.folds = tuple(cls.takers)

    def fold(self, fact: Known[Any]) -> None:
        """Take in a fact."""
        self.takers[type(fact.event)](self, fact)
