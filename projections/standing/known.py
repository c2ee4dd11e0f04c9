"""A fact that is known, with where it stands."""

from typing import Generic, NamedTuple, TypeVar

E = TypeVar("E")


class Known(NamedTuple, Generic[E]):
    """An event and its position in the log."""

    event: E
    position: int
