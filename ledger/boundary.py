"""Boundaries: what facts a decision depends on."""

from collections.abc import Iterable

import msgspec

from ledger.events import Event


class Kinds(msgspec.Struct, frozen=True, cache_hash=True, gc=False):
    """Kinds of facts, or any if none is named; many boundaries share them, and each hashes them."""

    events: tuple[type[Event], ...] = ()


class Boundary(msgspec.Struct, frozen=True, cache_hash=True, gc=False):
    """The facts that a decision depends on: of these kinds, with all of these tags."""

    kinds: Kinds = Kinds()
    tags: tuple[str, ...] = ()


def about(*events: type[Event], tags: Iterable[str] = ()) -> Boundary:
    """The facts of these kinds, or of any if none is named, that carry all of these tags."""
    return Boundary(Kinds(events), tuple(tags))
