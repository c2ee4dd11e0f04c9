"""The point of contact of a request, and the keys that were filed for it."""

from datetime import date, datetime

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
from projections.standing.known import Known, Told


class KeyStanding:
    """What is known of one key. Of several revocations the earliest counts; of a channel's tests the last does."""

    def __init__(self, filed: Known[KeyFiled]) -> None:
        self.filed = filed
        self.confirmed: Known[KeyConfirmed] | None = None
        self.rejected: Known[KeyRejected] | None = None
        self.revoked: Known[KeyRevoked] | None = None
        self.tests: dict[str, Known[KeyTestSent] | Known[KeyTestPassed] | Known[KeyTestFailed]] = {}

    def fold(self, fact: Told) -> None:
        """Take in a fact."""
        match fact.event:
            case KeyConfirmed() as confirmed:
                self.confirmed = Known(confirmed, fact.position)
            case KeyRejected() as rejected:
                self.rejected = Known(rejected, fact.position)
            case KeyRevoked() as revoked:
                if self.revoked is None or revoked.on < self.revoked.event.on:
                    self.revoked = Known(revoked, fact.position)
            case KeyTestSent() as sent:
                self.tests[sent.channel] = Known(sent, fact.position)
            case KeyTestPassed() as passed:
                self.tests[passed.channel] = Known(passed, fact.position)
            case KeyTestFailed() as failed:
                self.tests[failed.channel] = Known(failed, fact.position)

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


class ContactStanding:
    """Who is a request's point of contact, and which keys came in."""

    folds = (
        ContactDesignated,
        KeyFiled,
        KeyConfirmed,
        KeyRejected,
        KeyRevoked,
        KeyTestSent,
        KeyTestPassed,
        KeyTestFailed,
    )

    def __init__(self) -> None:
        self.designated: Known[ContactDesignated] | None = None
        self.keys: dict[str, KeyStanding] = {}
        self.key: KeyStanding | None = None  # the one that the contact filed last, those aside that were rejected

    def fold(self, fact: Told) -> None:
        """Take in a fact; what is said of a key that never came in says nothing."""
        match fact.event:
            case ContactDesignated() as designated:
                self.designated = Known(designated, fact.position)
            case KeyFiled() as filed:
                self.keys[filed.key] = KeyStanding(Known(filed, fact.position))
            case (
                KeyConfirmed() | KeyRejected() | KeyRevoked() | KeyTestSent() | KeyTestPassed() | KeyTestFailed() as of
            ):
                if of.key in self.keys:
                    self.keys[of.key].fold(fact)
        own = [key for key in self.keys.values() if key.filed.event.person == self.person and key.rejected is None]
        self.key = own[-1] if own else None

    @property
    def person(self) -> str | None:
        """The one active contact."""
        return self.designated.event.person if self.designated else None
