"""Commands about the point of contact, and the key that data are encrypted for."""

from datetime import date
from typing import Literal

from api.commands.command import Command, Document, Drafting, Wish
from api.ids import numbered
from api.keys import usable_key
from api.packets.reports import Report
from ledger.boundary import about
from ledger.custody import caseless
from ledger.errors import Malformed, Missing
from ledger.events import (
    ContactDesignated,
    KeyConfirmed,
    KeyFiled,
    KeyRejected,
    KeyRevoked,
    KeyTestFailed,
    KeyTestPassed,
    KeyTestSent,
    PersonDetailsChanged,
    PersonRegistered,
)
from ledger.events.contact import SecondChannel
from projections.acts.act import parts
from projections.standing import KeyStanding


class Designate(Command, frozen=True, kw_only=True):
    """A request's point of contact is named, instead of whoever was it before."""

    request: str
    person: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        return at.reports(ContactDesignated(request=self.request, person=self.person))


class FileKey(Command, frozen=True, kw_only=True):
    """A public key of the point of contact came in."""

    request: str
    key: Document

    def draft(self, at: Drafting) -> list[Report]:
        """A report. Raises what `usable_key` raises."""
        contact = at.request(self.request).contact
        if contact.person is None:
            raise Malformed("request", self.request, "has no point of contact whose key it could be")
        usable = usable_key(self.key.content, at.now)
        _check_not_given_up(contact.person, usable.fingerprint, at)
        subject = f"person:{contact.person}"
        document = at.filed(KeyFiled, subject, self.key)
        key = KeyFiled(
            key=numbered("K", self.request, contact.keys),
            request=self.request,
            person=contact.person,
            document=document,
            made=usable.made,
            expires=usable.expires,
            names_address=address_of(contact.person, at) in usable.addresses,
            **at.sealed(KeyFiled, subject, {"fingerprint": usable.fingerprint}),
        )
        return at.reports(key, documents=[document])


class ConfirmKey(Command, frozen=True, kw_only=True):
    """The contact confirmed the fingerprint of their key, in full, to somebody of the office by a second channel.

    `settles_address`: that the key is theirs was settled, too, though no user id has their address.
    """

    request: str
    fingerprint: str
    confirmed_to: str
    by: SecondChannel
    on: date | None = None
    settles_address: bool = False

    def draft(self, at: Drafting) -> Wish:
        """A report. Raises `Malformed` for another fingerprint than the key's, and for whom it cannot be said to."""
        key = active_key(self.request, at)
        filed = at.custody.unseal(key.filed.event.fingerprint)
        if "".join(self.fingerprint.split()).upper() != filed:
            raise Malformed("fingerprint", self.fingerprint, "is not that of the key that the contact filed last")
        if self.confirmed_to == key.filed.event.person:
            raise Malformed("person", self.confirmed_to, "is the contact: somebody of the office has to hear it")
        if self.confirmed_to in parts(at.request(self.request)):
            why = f"takes part in request {self.request}: somebody of the office has to hear it"
            raise Malformed("person", self.confirmed_to, why)
        return at.reports(
            KeyConfirmed(
                key=key.filed.event.key,
                request=self.request,
                confirmed_to=self.confirmed_to,
                by=self.by,
                on=self.on or at.day,
                settles_address=self.settles_address,
            )
        )


class RejectKey(Command, frozen=True, kw_only=True):
    """The key that the contact filed last is not theirs, or of no use."""

    request: str
    reason: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        key = active_key(self.request, at)
        sealed = at.sealed(KeyRejected, f"request:{self.request}", {"reason": self.reason})
        return at.reports(KeyRejected(key=key.filed.event.key, request=self.request, **sealed))


class RevokeKey(Command, frozen=True, kw_only=True):
    """The contact gave up the key that they filed last, in this request and wherever else they filed it."""

    request: str
    why: Literal["no longer used", "lost", "compromised"]
    on: date | None = None

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        key = active_key(self.request, at).filed.event
        fingerprint = at.custody.unseal(key.fingerprint)
        also = [one for one in filed_by(key.person, at) if one.key != key.key and _is(one, fingerprint, at)]
        on = self.on or at.day
        return at.reports(*(KeyRevoked(key=one.key, request=one.request, on=on, why=self.why) for one in (key, *also)))


class SendKeyTest(Command, frozen=True, kw_only=True):
    """A small file with this nonce, encrypted for the contact's key, goes out by the channel of the release."""

    request: str
    channel: str
    nonce: str

    def draft(self, at: Drafting) -> Wish:
        """A report."""
        key = active_key(self.request, at)
        sealed = at.sealed(KeyTestSent, f"request:{self.request}", {"nonce": self.nonce})
        return at.reports(KeyTestSent(key=key.filed.event.key, request=self.request, channel=self.channel, **sealed))


class AnswerKeyTest(Command, frozen=True, kw_only=True):
    """The contact read the nonce back; an answer of None says that nothing came back."""

    request: str
    channel: str
    answer: str | None

    def draft(self, at: Drafting) -> Wish:
        """A report that the test was passed, or that it failed."""
        key = active_key(self.request, at)
        test = key.tests.get(self.channel)
        if test is None or not isinstance(test.event, KeyTestSent):
            raise Malformed("channel", self.channel, f"has no test of request {self.request} that waits for an answer")
        id_ = key.filed.event.key
        if self.answer is not None and self.answer.strip() == at.custody.unseal(test.event.nonce):
            return at.reports(KeyTestPassed(key=id_, request=self.request, channel=self.channel))
        sealed = at.sealed(KeyTestFailed, f"request:{self.request}", {"answer": self.answer})
        return at.reports(KeyTestFailed(key=id_, request=self.request, channel=self.channel, **sealed))


def active_key(request: str, at: Drafting) -> KeyStanding:
    """The key that a request's contact filed last. Raises `Malformed` when there is none."""
    key = at.request(request).contact.key
    if key is None:
        raise Malformed("request", request, "has no contact with a key on file")
    return key


def filed_by(person: str, at: Drafting) -> list[KeyFiled]:
    """All keys that a person filed, in whichever request."""
    facts = at.ledger.facts([about(KeyFiled, tags=[f"person:{person}"])])
    return [fact.event for fact in facts if isinstance(fact.event, KeyFiled)]


def _is(key: KeyFiled, fingerprint: str, at: Drafting) -> bool:
    try:
        return at.custody.unseal(key.fingerprint) == fingerprint
    except Missing:
        return False


def is_new_key(request: str | None, person: str, fingerprint: str, at: Drafting) -> bool:
    """Whether a person's key was neither filed for this request before nor given up in any."""
    same = [key for key in filed_by(person, at) if _is(key, fingerprint, at)]
    return not any(key.request == request or _fate(key, at) for key in same)


def _check_not_given_up(person: str, fingerprint: str, at: Drafting) -> None:
    """A key that its owner has given up, or that was found to be somebody else's, is not filed again."""
    for key in filed_by(person, at):
        if _is(key, fingerprint, at) and (fate := _fate(key, at)):
            raise Malformed(
                "key", key.key, f"of request {key.request} is the same, and was {fate}: a new one is needed"
            )


def _fate(key: KeyFiled, at: Drafting) -> str:
    """What became of a key for which nothing is encrypted any more; nothing, if all is well."""
    known = at.request(key.request).contact.keys[key.key]
    return "given up by its owner" if known.revoked else "rejected" if known.rejected else ""


def address_of(person: str, at: Drafting) -> str:
    """The address of a person as it is known now; nothing when none is, or it was erased."""
    known = at.ledger.facts([about(PersonRegistered, PersonDetailsChanged, tags=[f"person:{person}"])])
    commitments = [fact.event.sealed()["email"] for fact in known if "email" in fact.event.sealed()]
    try:
        return caseless(at.custody.unseal(commitments[-1])) if commitments else ""
    except Missing:
        return ""
