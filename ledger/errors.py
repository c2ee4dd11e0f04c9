"""What can go wrong in the ledger, as one small tree.

    LedgerError
    ├── Malformed            something handed in cannot become part of the ledger; nothing was written
    │   ├── TooLarge         ... because it is longer than the format allows
    │   ├── UnknownEvent     ... because its wire name is on no allow-list
    │   └── DoesNotFit       ... because it does not have the shape that its event declares
    ├── ProofFailed          an inclusion or consistency proof does not hold
    ├── Conflict             a newer fact of the kind that a decision rests on (also the library's IntegrityError)
    ├── KeyReused            an idempotency key came back with another body
    ├── Unavailable          nothing is wrong with what was asked: try again, or ask the operator
    │   ├── ClockBehind      this machine's clock is more than five minutes behind the log
    │   ├── Busy             somebody else holds the file or database for longer than the caller may wait
    │   ├── Unreachable      the file or database cannot be opened, read or written as it is
    │   ├── OutcomeUnknown   the connection ended before the database said whether it had recorded it
    │   ├── StoreFull        the disk, or the limit on a file's size, leaves no room
    │   ├── WorkLost         a process that did part of the work was ended before it was done
    │   └── ProgramMissing   a program of the system has to be installed first
    ├── NotALedger           what was opened is not a ledger of ours
    │   ├── NewerSchema      ... that this program is new enough for
    │   └── AlreadyThere     ... or may not be made where something is
    ├── Damaged              the database engine finds its own file broken
    ├── CustodyError         a sealed value or document cannot be had
    │   ├── Missing          nothing is kept for this commitment: erased, if the log says so, and tampering if not
    │   └── Tampered         what is kept is not what the log commits to
    ├── EvidenceError        what was signed cannot be relied on, or is not what the log goes on from
    │   ├── SignatureFailed      a signature by a known key that is not over this text
    │   ├── UnknownKey           nobody has signed it whose key is known and good for it: nothing can be told
    │   ├── NotContinued         the log does not continue what was signed, or the lock store is not its own
    │   ├── WrongKey             the private key of which the log says that it signs is not there
    │   ├── NoAnswer             a witness gave no whole answer in time
    │   ├── NotWitnessed         fewer witnesses have cosigned than were required
    │   ├── WitnessFailed        a witness answered, and has not cosigned
    │   │   ├── WitnessRefused       ... because it refused to
    │   │   ├── WitnessAhead         ... because it has cosigned a longer log than this one
    │   │   ├── Forked               ... because it has cosigned another history of this log
    │   │   └── AnswerRefused        ... or what it answered is no cosignature of its own over this checkpoint
    │   ├── UnknownLog           a checkpoint of a log that a witness was not told of
    │   └── AnotherSize          a proof that does not begin at the checkpoint which the witness cosigned last
    └── OpenPGPError         a key, signature or package of OpenPGP cannot be used as what it was handed in as:
                             `ledger.openpgp.errors` draws in which ways

Every error carries the offending thing in fields; its text names them for people. `Malformed` shows at
most the first 80 characters of a value.
"""

from pathlib import Path

from eventsourcing.persistence import IntegrityError


class LedgerError(Exception):
    """The root of every error that the ledger raises by name. One process can hand it to another."""

    def __reduce__(self) -> tuple[object, ...]:
        return _made_again, (type(self), self.args), vars(self)


def _made_again(kind: type[LedgerError], args: tuple[object, ...]) -> LedgerError:
    # Not by calling it: an error is called with its fields, and `args` holds its sentence.
    return kind.__new__(kind, *args)


class Malformed(LedgerError):
    """Something handed in cannot become part of the ledger; nothing was written.

    `members` are those of what was handed in that say it, or would have to, where `what` is not called as one of them.
    """

    def __init__(self, what: str, value: object, why: str, *members: str) -> None:
        self.what, self.value, self.why, self.members = what, value, why, members
        shown = ascii(value)
        super().__init__(f"{what} {shown if len(shown) <= 80 else shown[:77] + '...'}: {why}")


class TooLarge(Malformed):
    """Something is longer than the format allows."""

    def __init__(self, what: str, size: int, limit: int, value: object = "") -> None:
        self.size, self.limit = size, limit
        super().__init__(what, value, f"{size:,} is more than the {limit:,} allowed")


class UnknownEvent(Malformed):
    """A wire name that no declared event carries."""

    def __init__(self, wire_type: str) -> None:
        self.wire_type = wire_type
        super().__init__("event", wire_type, "no event with this wire name and version is declared")


class DoesNotFit(Malformed):
    """A payload that does not have the shape that its event declares."""

    def __init__(self, wire_type: str, why: str) -> None:
        self.wire_type = wire_type
        super().__init__("payload of", wire_type, why)


class ProofFailed(LedgerError):
    """An inclusion or consistency proof that does not hold."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Conflict(LedgerError, IntegrityError):
    """A newer fact of the kind that a decision rests on; read again and decide again."""

    def __init__(self, position: int, after: int | None) -> None:
        self.position, self.after = position, after
        super().__init__(f"entry {position} is newer than {after or 0}, up to which the decision had read")


class KeyReused(LedgerError):
    """An idempotency key that came back with another body."""

    def __init__(self, key: str, position: int) -> None:
        self.key, self.position = key, position
        super().__init__(f"idempotency key {key!r} was used for another body, recorded at position {position}")


class Unavailable(LedgerError):
    """The ledger cannot do it now, though nothing is wrong with what was asked."""


class ClockBehind(Unavailable):
    """This machine's clock is more than five minutes behind the log's last entry."""

    def __init__(self, now: str, head: str) -> None:
        self.now, self.head = now, head
        super().__init__(
            f"the clock says {now}, more than five minutes before the last entry's {head}: set the clock; if it is "
            "right, another one was ahead when that entry was recorded, and nothing is recorded here before then, but "
            "in a new log that `dua-ledger restore --as-new-log` begins with a backup from before that entry"
        )


class Busy(Unavailable):
    """Somebody else holds the file or database for longer than the caller may wait."""

    def __init__(self, path: Path | str, seconds: float) -> None:
        self.path, self.seconds = path, seconds
        super().__init__(f"{path}: still held by another process after {seconds:g} seconds")


class Unreachable(Unavailable):
    """A file or database that cannot be opened, read or written as it is."""

    def __init__(self, path: Path | str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path}: {why}")


class OutcomeUnknown(Unavailable):
    """The connection ended before the database said whether it had recorded something, and it cannot be found out.

    Who tries again with the same idempotency key gets the outcome that it had, or has it recorded then.
    """

    def __init__(self, store: str, why: str) -> None:
        self.store, self.why = store, why
        super().__init__(
            f"{store}: it is not known whether this was recorded ({why}): try again with the same idempotency key, or "
            "look whether it is there"
        )


class StoreFull(Unavailable):
    """The disk, or the limit on a file's size, leaves no room."""

    def __init__(self, path: Path | str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path}: no room to write ({why}); nothing of it was kept")


class WorkLost(Unavailable):
    """A process that did part of the work was ended, by somebody or for want of memory, before it was done."""

    def __init__(self) -> None:
        super().__init__(
            "a process that did part of the work was ended from outside before it was done, perhaps for want of memory:"
            " call again, if need be with fewer processes"
        )


class ProgramMissing(Unavailable):
    """A program of the system that has to be installed first."""

    def __init__(self, program: str, how: str) -> None:
        self.program, self.how = program, how
        super().__init__(f"the program {program} is needed: {how}")


class NotALedger(LedgerError):
    """What was opened is not a ledger that this program can work with."""

    def __init__(self, path: Path | str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path}: {why}")


class NewerSchema(NotALedger):
    """A ledger made by a newer program than this one."""

    def __init__(self, path: Path | str, found: int, known: int) -> None:
        self.found, self.known = found, known
        super().__init__(path, f"has schema version {found}, and this program knows versions up to {known}")


class AlreadyThere(NotALedger):
    """A place for a new ledger where something is already."""

    def __init__(self, path: Path | str, why: str = "is there already, and is never overwritten") -> None:
        super().__init__(path, why)


class Damaged(LedgerError):
    """The database engine finds its own file broken."""

    def __init__(self, path: Path | str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path}: {why}")


class CustodyError(LedgerError):
    """A sealed value or document that cannot be had."""

    def __init__(self, commitment: str, why: str) -> None:
        self.commitment, self.why = commitment, why
        super().__init__(f"{commitment}: {why}")


class Missing(CustodyError):
    """Nothing is kept for a commitment: erased, if the log says so, and tampering if not."""


class Tampered(CustodyError):
    """What is kept is not what the log commits to."""


class EvidenceError(LedgerError):
    """What was signed cannot be relied on, or is not what the log goes on from."""


class SignatureFailed(EvidenceError):
    """A signature by a known key that is not over this text."""

    def __init__(self, name: str, key_id: bytes) -> None:
        self.name, self.key_id = name, key_id
        super().__init__(f"the signature by {name}+{key_id.hex()} is not over this text, or one of the two was altered")


class UnknownKey(EvidenceError):
    """A note that nobody signed whose key is known, and good for its size: nothing can be told of it."""

    def __init__(self, signers: tuple[str, ...], size: int | None = None) -> None:
        self.signers, self.size = signers, size
        good = "" if size is None else f" that is good for {size:,} entries"
        super().__init__(f"no known key{good} has signed it; its signatures are by {', '.join(signers) or 'nobody'}")


class NotContinued(EvidenceError):
    """A log that does not continue what was signed, or a lock store that is not this log's."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"this log does not continue what was signed: {why}")


class WrongKey(EvidenceError):
    """A private key that is not the one of which the log says that it signs."""

    def __init__(self, found: str, expected: str) -> None:
        self.found, self.expected = found, expected
        super().__init__(f"the key that is here, {found}, is not the log's, {expected}")


class NoAnswer(EvidenceError):
    """There was no whole answer in time."""

    def __init__(self, url: str, why: str) -> None:
        self.url, self.why = url, why
        super().__init__(f"{url} gave no answer: {why}")


class NotWitnessed(EvidenceError):
    """Fewer witnesses have cosigned a checkpoint than were required."""

    def __init__(self, size: int, found: int, required: int, why: str = "") -> None:
        self.size, self.found, self.required, self.why = size, found, required, why
        said = f"the checkpoint over {size:,} has {found} of the {required} cosignatures required"
        super().__init__(f"{said}: {why}" if why else said)


class WitnessFailed(EvidenceError):
    """A witness that answered, and has not cosigned."""


class WitnessRefused(WitnessFailed):
    """A witness that refused to cosign."""

    def __init__(self, url: str, status: int, why: str) -> None:
        self.url, self.status, self.why = url, status, why
        super().__init__(f"{url} refused ({status}): {why}")


class WitnessAhead(WitnessFailed):
    """A witness that has cosigned a longer log than the one that was signed."""

    def __init__(self, url: str, cosigned: int, size: int) -> None:
        self.url, self.cosigned, self.size = url, cosigned, size
        super().__init__(f"{url} has cosigned {cosigned:,} entries of this log, and this checkpoint is over {size:,}")


class Forked(WitnessFailed):
    """A witness that has cosigned what this log does not continue: there are two histories of it."""

    def __init__(self, url: str, cosigned: int, why: str) -> None:
        self.url, self.cosigned, self.why = url, cosigned, why
        entries = "1 entry" if cosigned == 1 else f"{cosigned:,} entries"
        super().__init__(f"{url} says that it has cosigned {entries} of another history of this log: {why}")


class AnswerRefused(WitnessFailed):
    """An answer that is no cosignature of its witness over the checkpoint."""

    def __init__(self, url: str, why: str) -> None:
        self.url, self.why = url, why
        super().__init__(f"the answer of {url} is refused: {why}")


class UnknownLog(EvidenceError):
    """A checkpoint of a log that this witness was not told of."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        super().__init__(f"the log {origin} is not known here")


class AnotherSize(EvidenceError):
    """A proof that does not begin at the checkpoint which the witness cosigned last."""

    def __init__(self, size: int, old: int) -> None:
        self.size, self.old = size, old
        super().__init__(f"the last checkpoint cosigned here is over {size:,} entries, and not {old:,}")


class OpenPGPError(LedgerError):
    """A key, signature or package of OpenPGP that cannot be used as what it was handed in as."""
