"""The point of contact: the one person who downloads and decrypts, and their OpenPGP key (C3)."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import Channel, Date, Filed, KeyId, PersonId, RequestId, Sealed, Time

SecondChannel = Literal["phone", "video", "in person", "letter"]


class ContactDesignated(Event, name="contact.designated", version=1, sealed_for="request"):
    """A request's point of contact was named; whoever was it before is it no longer."""

    request: RequestId
    person: PersonId


class KeyFiled(Event, name="key.filed", version=1, sealed_for="person"):
    """A contact's public key came in.

    `expires` is when it can no longer be encrypted for, None when it says nothing of it. `names_address` tells whether
    one of its user ids has the contact's address.
    """

    key: KeyId
    request: RequestId
    person: PersonId
    fingerprint: Sealed
    document: Filed
    made: Time
    expires: Time | None
    names_address: bool


class KeyConfirmed(Event, name="key.confirmed", version=1, sealed_for="request"):
    """The contact confirmed the fingerprint to somebody of the office, by another channel than it came by.

    `settles_address`: it was settled, too, that the key is theirs though no user id has their address.
    """

    key: KeyId
    request: RequestId
    confirmed_to: PersonId
    by: SecondChannel
    on: Date
    settles_address: bool = False


class KeyRejected(Event, name="key.rejected", version=1, sealed_for="request"):
    """A key was found not to be the contact's, or of no use."""

    key: KeyId
    request: RequestId
    reason: Sealed | None = None


class KeyRevoked(Event, name="key.revoked", version=1, sealed_for="request"):
    """A key's owner gave it up; from that day on nothing is encrypted for it."""

    key: KeyId
    request: RequestId
    on: Date
    why: Literal["no longer used", "lost", "compromised"]


class KeyTestSent(Event, name="key-test.sent", version=1, sealed_for="request"):
    """A small file with a nonce, encrypted for the key, was sent by the channel that a release is to use."""

    key: KeyId
    request: RequestId
    channel: Channel
    nonce: Sealed


class KeyTestPassed(Event, name="key-test.passed", version=1, sealed_for="request"):
    """The contact read the nonce back: key and channel both work."""

    key: KeyId
    request: RequestId
    channel: Channel


class KeyTestFailed(Event, name="key-test.failed", version=1, sealed_for="request"):
    """What came back was not the nonce, or nothing did."""

    key: KeyId
    request: RequestId
    channel: Channel
    answer: Sealed | None = None
