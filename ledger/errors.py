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
    │   ├── Busy             somebody else holds the file for longer than the caller may wait
    │   ├── Unreachable      the file cannot be opened, read or written as it is
    │   └── StoreFull        the disk, or the limit on a file's size, leaves no room
    ├── NotALedger           what was opened is not a ledger of ours
    │   ├── NewerSchema      ... that this program is new enough for
    │   └── AlreadyThere     ... or may not be made where something is
    ├── Damaged              the database engine finds its own file broken
    └── CustodyError         a sealed value or document cannot be had
        ├── Missing          nothing is kept for this commitment: erased, if the log says so, and tampering if not
        └── Tampered         what is kept is not what the log commits to

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
    """Something handed in cannot become part of the ledger; nothing was written."""

    def __init__(self, what: str, value: object, why: str) -> None:
        self.what, self.value, self.why = what, value, why
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
        super().__init__(f"the clock says {now}, more than five minutes before the last entry's {head}: set the clock")


class Busy(Unavailable):
    """Somebody else holds the file for longer than the caller may wait."""

    def __init__(self, path: Path | str, seconds: float) -> None:
        self.path, self.seconds = path, seconds
        super().__init__(f"{path}: still held by another process after {seconds:g} seconds")


class Unreachable(Unavailable):
    """A file that cannot be opened, read or written as it is."""

    def __init__(self, path: Path | str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path}: {why}")


class StoreFull(Unavailable):
    """The disk, or the limit on a file's size, leaves no room."""

    def __init__(self, path: Path | str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path}: no room to write ({why}); nothing was recorded")


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
