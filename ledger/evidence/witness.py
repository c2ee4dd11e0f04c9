"""A witness: cosigns the checkpoints of logs, and never two that do not continue each other (C2SP tlog-witness).

It belongs to others than those who keep the log, on a machine of theirs. Its folder holds

    witness-key.pem        the key that it cosigns with
    witness.db             its name, the keys of the logs that it knows, and what it cosigned last for each

What it cosigns takes the place of what it cosigned before, on condition that this is still the last, and is on disk
before anybody is shown the cosignature. Of a checkpoint's signatures it keeps those that it has verified, and its own.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from ledger.chain.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, parse_checkpoint
from ledger.chain.merkle import EMPTY_ROOT, verify_consistency
from ledger.chain.note import (
    COSIGNATURE,
    ED25519,
    Signature,
    VerifierKey,
    cosign_text,
    parse_note,
    parse_vkey,
    write_note,
)
from ledger.chain.submission import Submission, parse_submission
from ledger.drafts import made_whole
from ledger.errors import (
    AnotherSize,
    Damaged,
    Malformed,
    NotALedger,
    ProofFailed,
    UnknownLog,
    Unreachable,
)
from ledger.files import named_os_errors, new_file, read_regular, sync_folder
from ledger.sqlite import Schema
from ledger.storage import utc_now
from ledger.storage.connections import FileConnections, Transaction
from ledger.storage.port import Clock

KEY = "witness-key.pem"
STATE = "witness.db"
MAX_KEY_BYTES = 4096
SCHEMA = Schema(
    "the state of a witness",
    0x44554177,  # "DUAw"
    1,
    (
        "CREATE TABLE witness (vkey TEXT NOT NULL) STRICT",
        """CREATE TABLE logs (
        origin TEXT PRIMARY KEY,
        size INTEGER NOT NULL,
        root BLOB NOT NULL,
        note BLOB NOT NULL
    ) STRICT""",
        """CREATE TABLE keys (
        vkey TEXT PRIMARY KEY,
        origin TEXT NOT NULL
    ) STRICT""",
        """CREATE TRIGGER logs_only_grow BEFORE UPDATE ON logs
    WHEN NEW.origin <> OLD.origin OR NEW.size < OLD.size OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
    BEGIN SELECT RAISE(ABORT, 'what was cosigned is only ever continued'); END""",
        """CREATE TRIGGER logs_never_go BEFORE DELETE ON logs
    BEGIN SELECT RAISE(ABORT, 'what was cosigned is never forgotten'); END""",
    ),
)
SETTINGS = ("journal_mode = PERSIST", "synchronous = FULL", "trusted_schema = OFF")

ADD_LOG = "INSERT INTO logs (origin, size, root, note) VALUES (?, 0, ?, x'') ON CONFLICT DO NOTHING"
ADD_KEY = "INSERT INTO keys (vkey, origin) VALUES (?, ?) ON CONFLICT DO NOTHING"
KEYS_OF = "SELECT vkey FROM keys WHERE origin = ? ORDER BY vkey"
LAST = "SELECT size, root, note FROM logs WHERE origin = ?"
REPLACE = "UPDATE logs SET size = ?, root = ?, note = ? WHERE origin = ? AND size = ? AND root = ?"


class Cosigned(NamedTuple):
    """What a witness cosigned last for a log; at first a log of no entries, and an empty note."""

    size: int
    root: bytes
    note: bytes


def check_continues(submission: Submission, checkpoint: Checkpoint, last: Cosigned) -> None:
    """Check that a checkpoint may be cosigned after the last one.

    Raises `Malformed` when its old size is above its own, `AnotherSize` when that is not the last one's, `ProofFailed`
    when the proof does not lead from the last one to it.
    """
    if submission.old > checkpoint.size:
        raise Malformed("old size", submission.old, f"is above the checkpoint's, {checkpoint.size}")
    if submission.old != last.size:
        raise AnotherSize(last.size, submission.old)
    if last.size:
        verify_consistency(last.size, checkpoint.size, submission.proof, last.root, checkpoint.root)
    elif submission.proof:
        raise ProofFailed("from a log of no entries, the proof has to be empty")
    elif not checkpoint.size and checkpoint.root != last.root:
        raise ProofFailed("a log of no entries has another root")


class Witness:
    """The witness in a folder; threads and processes may share it."""

    def __init__(self, folder: Path, clock: Clock = utc_now) -> None:
        """Open it. Raises `NotALedger`, `NewerSchema`, `Damaged`, or `Unreachable` for a key that cannot be used."""
        self._path, self._clock = folder / STATE, clock
        if not self._path.is_file():
            raise NotALedger(folder, "is no witness: `dua-ledger witness init` makes one")
        self._key = _read_key(folder / KEY)
        self._connections = FileConnections(self._path, SETTINGS)
        try:
            with self._connections.borrowed() as connection:
                SCHEMA.check(connection, self._path)
                self.vkey = _own_key(connection, self._path)
            if self.vkey.public != self._key.public_key().public_bytes_raw():
                raise Unreachable(folder / KEY, "is not the key that this witness has cosigned with")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._connections.close()

    def add(self, key: VerifierKey) -> None:
        """Know a log by this key from now on; it may have several. Raises `Malformed` for a key that signs no log."""
        if key.type != ED25519:
            raise Malformed("verifier key", str(key), "is that of a witness, not of a log")
        with self._connections.borrowed() as connection, Transaction(connection):
            connection.execute(ADD_LOG, (key.name, EMPTY_ROOT))
            connection.execute(ADD_KEY, (str(key), key.name))

    def last(self, origin: str) -> Cosigned:
        """What was cosigned last for a log. Raises `UnknownLog`."""
        with self._connections.borrowed() as connection:
            row = connection.execute(LAST, (origin,)).fetchone()
        if row is None:
            raise UnknownLog(origin)
        return Cosigned(*row)

    def cosign(self, body: bytes) -> Signature:
        """The cosignature over the checkpoint in a submission, which by then is on disk as the last one.

        Raises `Malformed`, `UnknownLog`, `SignatureFailed` or `UnknownKey`, and what `check_continues` raises.
        """
        submission = parse_submission(body)
        note = parse_note(submission.checkpoint)
        keys = self._keys(parse_checkpoint(note.text).origin)
        # Its own key is among them, so what claims to be its cosignature has to be.
        signed = open_checkpoint(submission.checkpoint, [*keys, self.vkey])
        while True:
            last = self.last(signed.checkpoint.origin)
            check_continues(submission, signed.checkpoint, last)
            cosignature = cosign_text(note.text, self.vkey.name, self._key, int(self._clock().timestamp()))
            kept = write_note(note.text, [*_verified(note.signatures, signed, keys), cosignature])
            if self._replace(last, signed.checkpoint, kept):
                return cosignature

    def _keys(self, origin: str) -> list[VerifierKey]:
        with self._connections.borrowed() as connection:
            keys = [parse_vkey(vkey) for (vkey,) in connection.execute(KEYS_OF, (origin,))]
        if not keys:
            raise UnknownLog(origin)
        return keys

    def _replace(self, last: Cosigned, checkpoint: Checkpoint, note: bytes) -> bool:
        """Put a checkpoint in the place of the last one; False when that is the last one no more."""
        values = (checkpoint.size, checkpoint.root, note, checkpoint.origin, last.size, last.root)
        with self._connections.borrowed() as connection, Transaction(connection):
            return connection.execute(REPLACE, values).rowcount == 1


def _verified(
    signatures: Sequence[Signature], signed: SignedCheckpoint, keys: Sequence[VerifierKey]
) -> Iterator[Signature]:
    """The first signature by each key of the log that has signed."""
    for key in keys:
        if key in signed.signers:
            yield next(one for one in signatures if (one.name, one.key_id) == (key.name, key.key_id))


def create_witness(folder: Path, name: str) -> VerifierKey:
    """Make a witness of this name, whole or not at all; gives the key that its cosignatures are checked with.

    Raises `Malformed` for a name that no key may have, `AlreadyThere` when something is at `folder` (an empty folder is
    nothing), `Unreachable` or `StoreFull`.
    """
    key = Ed25519PrivateKey.generate()
    vkey = VerifierKey(name, COSIGNATURE, key.public_key().public_bytes_raw())
    with made_whole(folder) as draft:
        new_file(draft / KEY, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        new_file(draft / STATE, b"")
        with (
            closing(FileConnections(draft / STATE, SETTINGS)) as connections,
            connections.borrowed() as connection,
            Transaction(connection),
        ):
            SCHEMA.declare(connection)
            connection.execute("INSERT INTO witness (vkey) VALUES (?)", (str(vkey),))
        sync_folder(draft)
    return vkey


def _read_key(file: Path) -> Ed25519PrivateKey:
    with named_os_errors(file):
        pem, mode = read_regular(file, MAX_KEY_BYTES)
    if mode & 0o077:
        raise Unreachable(file, f"others than its owner may use it (mode {mode:04o}): chmod 600 {file}")
    try:
        key = load_pem_private_key(pem, None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise Unreachable(file, "is no private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Unreachable(file, "is no Ed25519 key")
    return key


def _own_key(connection: sqlite3.Connection, path: Path) -> VerifierKey:
    rows = connection.execute("SELECT vkey FROM witness").fetchall()
    if len(rows) != 1:
        raise Damaged(path, "does not say which witness it belongs to")
    return parse_vkey(rows[0][0])
