"""A public key as `gpg --with-colons --check-sigs` lists it (GnuPG, doc/DETAILS), every signature on it checked.

    pub:validity:length:algorithm:key id:created:expires:...        the primary key; sub for a subkey, the same
    fpr:::::::::fingerprint:                                        of the key before
    uid:...:name:                                                   a user id
    sig:!:...:created:expires:...:class:...:issuer:                 a signature of what is before, found good
    rev:!:...:created:...:class,reason:...:issuer:                  a revocation of what is before, found good

Lines end with LF and nothing else, whatever the bytes of a user id look like.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ledger.openpgp.facts import EncryptionSubkey, KeyFacts, Revocation

_ALGORITHMS = {"1": "rsa", "2": "rsa", "3": "rsa", "16": "elg", "17": "dsa", "20": "elg"}
_REASONS = {"01": "superseded", "02": "compromised", "03": "retired"}
_SPARES_PAST = {"01", "03"}
_BINDING = "18"

_QUOTED = re.compile(rb"\\(?:x([0-9a-f]{2})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"f": b"\f", b"v": b"\v", b"b": b"\b", b"0": b"\0"}


@dataclass
class Part:
    """A primary key or subkey, with what the primary key has signed of it: that it is its own, how it revoked it."""

    row: list[str]
    fingerprint: str = ""
    bound: bool = False
    revocations: list[Revocation] = field(default_factory=list)

    def signed(self, row: list[str]) -> None:
        """Take in a signature by the primary key."""
        kind, _, reason = row[10].partition(",")
        if row[0] == "rev":
            why = _REASONS.get(reason, "no reason given")
            self.revocations.append(Revocation(time_of(row[5]), why, reason in _SPARES_PAST))
        self.bound |= kind.startswith(_BINDING)

    @property
    def created(self) -> datetime:
        """When it was made."""
        return time_of(self.row[5])

    @property
    def expires(self) -> datetime | None:
        """When it can no longer be used, if that is so."""
        return time_of(self.row[6]) if self.row[6] else None

    @property
    def algorithm(self) -> str:
        """Its curve, or else its kind and length in bits."""
        _, _, length, algorithm = self.row[:4]
        return self.row[16] or _ALGORITHMS.get(algorithm, f"algorithm-{algorithm}-") + length

    @property
    def revoked(self) -> Revocation | None:
        """The revocation that takes most away."""
        return min(self.revocations, key=lambda one: (one.spares_past, one.at), default=None)

    def holds(self, at: datetime) -> bool:
        """Whether it was there at a time, not expired, and nothing else is held against it, whenever that was said."""
        refused = bool(self.revocations) or self.row[1].startswith(("r", "i", "d"))  # revoked, invalid, disabled
        return not refused and self.created <= at and (self.expires is None or at < self.expires)


@dataclass
class _UserId:
    """A user id, with what the primary key has signed of it: when, whether to withdraw it, and until when."""

    text: str
    words: list[tuple[int, bool, str]] = field(default_factory=list)

    def signed(self, row: list[str]) -> None:
        """Take in a signature by the primary key."""
        self.words.append((int(row[5]), row[0] == "rev", row[6]))

    def kept(self, at: datetime) -> bool:
        """Whether the last word on it vouches for it."""
        _, withdrawn, until = max(self.words)
        return not withdrawn and (not until or at < time_of(until))


class Listing:
    """A public key, as its rows say."""

    def __init__(self, rows: Iterable[list[str]]) -> None:
        self.parts: list[Part] = []
        self.user_ids: list[_UserId] = []
        about: Part | _UserId | None = None
        for row in rows:
            match row[0]:
                case "pub" | "sub":
                    about = Part(row)
                    self.parts.append(about)
                case "uid":
                    about = _UserId(shown(_unquoted(row[9])))
                    self.user_ids.append(about)
                case "uat":
                    about = None
                case "fpr" if isinstance(about, Part) and not about.fingerprint:
                    about.fingerprint = row[9]
                case "sig" | "rev" if about and row[1] == "!" and row[12] == self.primary.fingerprint:
                    about.signed(row)
        # Some builds of gpg list what anybody has put beside a key.
        self.user_ids = [user_id for user_id in self.user_ids if user_id.words]
        self.subkeys = [part for part in self.parts if part.bound]

    @property
    def primary(self) -> Part:
        """The key that all the others belong to."""
        return self.parts[0]

    def facts(self, at: datetime) -> KeyFacts:
        """All that is told of it."""
        return KeyFacts(
            fingerprint=self.primary.fingerprint,
            algorithm=self.primary.algorithm,
            created=self.primary.created,
            expires=self.primary.expires,
            revoked=self.primary.revoked,
            user_ids=tuple(user_id.text for user_id in self.user_ids if user_id.kept(at)),
            withdrawn=tuple(user_id.text for user_id in self.user_ids if not user_id.kept(at)),
            encryption_subkeys=tuple(self._subkey(part, at) for part in self.subkeys if "e" in part.row[11]),
        )

    def _subkey(self, part: Part, at: datetime) -> EncryptionSubkey:
        return EncryptionSubkey(
            fingerprint=part.fingerprint,
            key_id=part.row[4],
            algorithm=part.algorithm,
            created=part.created,
            expires=part.expires,
            revoked=part.revoked,
            usable=part.holds(at) and self.primary.holds(at),
        )


def time_of(seconds: str) -> datetime:
    """A time as gpg gives it."""
    return datetime.fromtimestamp(int(seconds), UTC)


def _unquoted(text: str) -> bytes:
    """What gpg has quoted as C does (doc/DETAILS, field 10)."""
    return _QUOTED.sub(_unquoted_one, text.encode("latin-1"))


def _unquoted_one(quoted: "re.Match[bytes]") -> bytes:
    digits, letter = quoted.groups()
    return bytes.fromhex(digits.decode()) if digits else _LETTERS.get(letter, letter)


def shown(text: bytes) -> str:
    """Text that can be shown as it is, and from which each byte can be told."""
    return "".join(_escaped(letter) for letter in text.decode("utf-8", "surrogateescape"))


def _escaped(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter if letter.isprintable() and letter != "\\" else letter.encode("unicode_escape").decode("ascii")
