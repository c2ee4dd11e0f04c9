"""Boundaries: what facts a decision depends on."""

from collections.abc import Iterable

import msgspec

from ledger.events import Event


class Boundary(msgspec.Struct, frozen=True, cache_hash=True):
    """The facts that a decision depends on: of these kinds, or of any if none is named, with all of these tags."""

    events: tuple[type[Event], ...] = ()
    tags: tuple[str, ...] = ()


def about(*events: type[Event], tags: Iterable[str] = ()) -> Boundary:
    """The facts of these kinds that carry all of these tags."""
    return Boundary(events, tuple(tags))
