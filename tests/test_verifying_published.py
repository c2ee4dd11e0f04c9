"""`verify` holds what everybody is shown, the published checkpoint, against the log and the lock store."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.chain.checkpoint import Checkpoint, cosign_checkpoint, sign_checkpoint
from ledger.chain.merkle import root_hash
from ledger.chain.note import COSIGNATURE, VerifierKey
from ledger.evidence.lockstore import Cosignature
from ledger.home import PUBLISHED, open_lock_store, read_log_key
from tests.signing import ORIGIN, entries_of, locked, signed_home, verified

pytestmark = pytest.mark.usefixtures("nothing_from_outside")

NAME = "audit.example.edu/w"
WITNESS = Ed25519PrivateKey.generate()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Nine entries, signed at 1, 4 and 9, of which the last is published."""
    return signed_home(tmp_path / "home", 4, 9)


def publish(home: Path, raw: bytes) -> None:
    (home / PUBLISHED).write_bytes(raw)


def signed_by(home: Path, size: int, key: Ed25519PrivateKey | None = None, root: bytes | None = None) -> bytes:
    """A checkpoint over the log's first entries, or with another root, by the log's key, or another."""
    leaves = [entry.leaf for entry in entries_of(home)[:size]]
    checkpoint = Checkpoint(ORIGIN, size, root_hash(leaves) if root is None else root)
    return sign_checkpoint(checkpoint, [key or read_log_key(home)])


def cosigned(raw: bytes) -> bytes:
    return cosign_checkpoint(raw, NAME, WITNESS, 1_700_000_000)


def keep_cosignature(home: Path) -> None:
    """Have the lock store hold the witness's cosignature of its last checkpoint."""
    last = locked(home)[-1]
    line = cosigned(last.note).removeprefix(last.note)
    key = VerifierKey(NAME, COSIGNATURE, WITNESS.public_key().public_bytes_raw())
    with open_lock_store(home) as lock:
        lock.add_cosignature(Cosignature(last.size, str(key), line))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_any_that_was_signed_may_be_published_still(home: Path, number: int):
    publish(home, locked(home)[number].note)

    assert verified(home) == (0, [])


def test_nothing_need_be_published(home: Path):
    (home / PUBLISHED).unlink()

    assert verified(home) == (0, [])


def test_it_may_be_cosigned(home: Path):
    keep_cosignature(home)
    publish(home, cosigned(locked(home)[-1].note))

    assert verified(home) == (0, [])


def test_who_has_cosigned_it_is_in_the_lock_store_or_cannot_be_told(home: Path):
    publish(home, cosigned(locked(home)[-1].note))

    code, (finding,) = verified(home)
    assert (code, f"the lock store has no cosignature by {NAME}" in finding) == (12, True)


def test_every_altered_byte_of_it_is_found(home: Path):
    keep_cosignature(home)
    raw = cosigned(locked(home)[-1].note)
    for place in range(0, len(raw), 5):
        publish(home, raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])

        assert verified(home)[0] != 0, place


def test_a_cosignature_that_a_witness_did_not_make_is_found(home: Path):
    keep_cosignature(home)
    before, last = locked(home)[-2:]
    publish(home, last.note + cosigned(before.note).removeprefix(before.note))

    code, (finding,) = verified(home)
    assert (code, finding.partition(":")[0]) == (10, "altered")
    assert f"published checkpoint: the signature by {NAME}" in finding


def test_another_history_is_found(home: Path):
    publish(home, signed_by(home, 9, root=bytes(32)))

    name = "shorter: log: published checkpoint, checkpoint over 9 entries"
    assert verified(home) == (
        11,
        [
            f"{name}: the entries that it was signed over are not those of the log",
            f"{name}: the lock store does not have it, and keeps all that is signed",
        ],
    )


def test_one_that_is_longer_than_the_log_is_found(home: Path):
    publish(home, signed_by(home, 12, root=bytes(32)))

    code, (first, _) = verified(home)
    assert (code, first.endswith("the log has 9 entries, and 12 were signed")) == (11, True)


def test_one_of_which_the_lock_store_knows_nothing_is_found_though_the_log_has_it(home: Path):
    publish(home, signed_by(home, 7))

    code, (finding,) = verified(home)
    assert (code, finding.endswith("the lock store does not have it, and keeps all that is signed")) == (11, True)


def test_one_by_another_key_cannot_be_told(home: Path):
    publish(home, signed_by(home, 9, Ed25519PrivateKey.generate()))

    code, (finding,) = verified(home)
    assert (code, finding.partition(": ")[0]) == (12, "unverified")


def test_a_signature_that_the_logs_key_did_not_make_is_found(home: Path):
    text, _, line = locked(home)[-1].note.partition(b"\n\n")
    publish(home, text.replace(b"\n9\n", b"\n8\n") + b"\n\n" + line)

    code, (finding,) = verified(home)
    assert (code, finding.startswith("altered: log: published checkpoint: ")) == (10, True)


@pytest.mark.parametrize(
    "raw", [b"", b"\0" * 100, b"x" * 70_000, b"no note\n", b"no checkpoint\n\n\xe2\x80\x94 a AAAAAAA=\n"]
)
def test_what_is_no_checkpoint_is_found(home: Path, raw: bytes):
    publish(home, raw)

    code, (finding,) = verified(home)
    assert (code, finding.startswith("altered: log: published checkpoint: ")) == (10, True)


def test_a_kept_checkpoint_with_an_altered_cosignature_of_a_known_witness_is_said_to_be_so(home: Path, tmp_path: Path):
    keep_cosignature(home)
    before, last = locked(home)[-2:]
    kept = tmp_path / "kept"
    kept.write_bytes(cosigned(last.note))
    assert verified(home, "--checkpoint", kept) == (0, [])

    kept.write_bytes(last.note + cosigned(before.note).removeprefix(before.note))
    code, (finding,) = verified(home, "--checkpoint", kept)
    assert (code, f"{kept}: the signature by {NAME}" in finding) == (12, True)


def test_what_cannot_be_read_is_said_to_be_so(home: Path):
    (home / PUBLISHED).unlink()
    (home / PUBLISHED).mkdir()

    code, (finding,) = verified(home)
    assert (code, "published checkpoint cannot be read" in finding) == (12, True)


def test_without_its_lock_store_it_is_held_against_the_log(home: Path):
    for old in (home / "lock").iterdir():
        old.unlink()
    publish(home, signed_by(home, 9, root=bytes(32)))

    code, findings = verified(home)
    assert (code, [one.partition(":")[0] for one in findings]) == (11, ["unverified", "shorter"])
