"""A fact that is known, with where it stands."""

from typing import Protocol

from ledger.codec import Known
from ledger.events import Event

__all__ = ["Known", "Told"]


class Told(Protocol):
    """What a standing takes in: an event with its position, whatever else is known of it."""

    @property
    def event(self) -> Event:
        """What has happened."""

    @property
    def position(self) -> int:
        """Where it stands."""
