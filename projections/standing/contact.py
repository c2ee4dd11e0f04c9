"""The point of contact of a request, and the keys that were filed for it."""

from datetime import date, datetime
from typing import Any

from ledger.events import (
    ContactDesignated,
    KeyConfirmed,
    KeyFiled,
    KeyRejected,
    KeyRevoked,
    KeyTestFailed,
    KeyTestPassed,
    KeyTestSent,
)
from projections.standing.known import Known
from projections.standing.part import Part, takes


class KeyStanding(Part):
    """What is known of one key. Of several revocations the earliest counts; of a channel's tests the last does."""

    def __init__(self, filed: Known[KeyFiled]) -> None:
        self.filed = filed
        self.confirmed: Known[KeyConfirmed] | None = None
        self.rejected: Known[KeyRejected] | None = None
        self.revoked: Known[KeyRevoked] | None = None
        self.tests: dict[str, Known[KeyTestSent] | Known[KeyTestPassed] | Known[KeyTestFailed]] = {}

    @takes(KeyConfirmed)
    def _key_confirmed(self, fact: Known[KeyConfirmed]) -> None:
        self.confirmed = fact

    @takes(KeyRejected)
    def _key_rejected(self, fact: Known[KeyRejected]) -> None:
        self.rejected = fact

    @takes(KeyRevoked)
    def _key_revoked(self, fact: Known[KeyRevoked]) -> None:
        if self.revoked is None or fact.event.on < self.revoked.event.on:
            self.revoked = fact

    @takes(KeyTestSent, KeyTestPassed, KeyTestFailed)
    def _key_tested(self, fact: Known[KeyTestSent] | Known[KeyTestPassed] | Known[KeyTestFailed]) -> None:
        self.tests[fact.event.channel] = fact

    def is_expired(self, at: datetime) -> bool:
        """Whether nothing can be encrypted for it any more at this time."""
        expires = self.filed.event.expires
        return expires is not None and expires <= at

    def is_revoked(self, day: date) -> bool:
        """Whether its owner has given it up by this day."""
        return self.revoked is not None and self.revoked.event.on <= day

    def passed(self, channel: str) -> bool:
        """Whether the last test by this channel was passed."""
        test = self.tests.get(channel)
        return test is not None and isinstance(test.event, KeyTestPassed)


class ContactStanding(Part):
    """Who is a request's point of contact, and which keys came in."""

    def __init__(self) -> None:
        self.designated: Known[ContactDesignated] | None = None
        self.keys: dict[str, KeyStanding] = {}
        self.key: KeyStanding | None = None  # the one that the contact filed last, those aside that were rejected

    @takes(ContactDesignated)
    def _contact_designated(self, fact: Known[ContactDesignated]) -> None:
        self.designated = fact
        self._choose()

    @takes(KeyFiled)
    def _key_filed(self, fact: Known[KeyFiled]) -> None:
        self.keys[fact.event.key] = KeyStanding(fact)
        self._choose()

    @takes(*KeyStanding.folds)
    def _of_key(self, fact: Known[Any]) -> None:
        # What is said of a key that never came in says nothing.
        if key := self.keys.get(fact.event.key):
            key.fold(fact)
            self._choose()

    def _choose(self) -> None:
        own = [key for key in self.keys.values() if key.filed.event.person == self.person and key.rejected is None]
        self.key = own[-1] if own else None

    @property
    def person(self) -> str | None:
        """The one active contact."""
        return self.designated.event.person if self.designated else None
