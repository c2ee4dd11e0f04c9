"""A witness that is served, logs that it was told of, and what it has cosigned of them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.chain.checkpoint import open_checkpoint
from ledger.chain.merkle import EMPTY_ROOT
from ledger.chain.note import Signature, VerifierKey, parse_note, parse_vkey
from ledger.evidence.witness import Cosigned, Witness, create_witness
from tests.witnesses import NAME, Log, Reply, Served, served

STRANGER = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
NOTHING = Cosigned(0, EMPTY_ROOT, b"")
SIZE = "text/x.tlog.size"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A witness that is served; each test has a log of its own."""
    folder = tmp_path_factory.mktemp("witness") / "w"
    create_witness(folder, NAME)
    with served(folder) as one:
        yield one


numbers = count(1)


def known_log(folder: Path) -> Log:
    """A log that the witness in a folder was told of just now."""
    log = Log(f"ir.example.edu/{next(numbers)}")
    with Witness(folder) as witness:
        witness.add(log.vkey)
    return log


@pytest.fixture
def log(server: Served) -> Log:
    return known_log(server.folder)


def key_of(folder: Path) -> VerifierKey:
    with Witness(folder) as witness:
        return witness.vkey


def last_of(folder: Path, log: Log) -> Cosigned:
    with Witness(folder) as witness:
        return witness.last(log.origin)


def assert_cosigned(reply: Reply, folder: Path, note: bytes) -> None:
    """The answer is one line, the witness's cosignature, and by then it is what the witness keeps."""
    assert (reply.status, reply.body.count(b"\n")) == (200, 1)
    (log_key,) = parse_note(note).signatures
    signed = open_checkpoint(note + reply.body, [key_of(folder), *keys_of(folder, log_key)])
    assert key_of(folder) in signed.signers
    with Witness(folder) as witness:
        assert witness.last(signed.checkpoint.origin) == (signed.size, signed.root, note + reply.body)


def keys_of(folder: Path, signature: Signature) -> list[VerifierKey]:
    with closing(sqlite3.connect(folder / "witness.db")) as state:
        vkeys = state.execute("SELECT vkey FROM keys WHERE origin = ?", (signature.name,)).fetchall()
    return [parse_vkey(vkey) for (vkey,) in vkeys]
