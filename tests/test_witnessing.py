"""The notary has its checkpoints witnessed by whom it was told of, and keeps each cosignature once."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.chain.checkpoint import open_checkpoint
from ledger.chain.note import ED25519, VerifierKey
from ledger.errors import Damaged, Malformed, NoAnswer, NotWitnessed
from ledger.evidence.exchange import check_url
from ledger.evidence.lockstore import Cosignature, Stored, create_lock_store
from ledger.evidence.logkeys import log_key
from ledger.evidence.witnessing import Appointed, check_distinct, parse_appointed, read_appointed, witnessed
from ledger.home import open_lock_store, open_log, open_notary
from tests.appointed import VKEY, asked, home, named, server, witness
from tests.ports import NOWHERE
from tests.signing import append, copied
from tests.stores import PATIENCE
from tests.witnesses import NAME

__all__ = ["home", "server", "witness"]
pytestmark = pytest.mark.usefixtures("nothing_from_outside")


# Asking.


def test_a_cosignature_is_kept_beside_its_checkpoint_and_not_asked_for_again(home: Path, witness: Appointed):
    first = asked(home, witness)
    (cosignature,) = first.cosignatures

    assert (first.signed.size, first.behind, cosignature.size) == (9, (), 9)
    with open_log(home) as store:
        assert witness.key in open_checkpoint(first.note, [log_key(store), witness.key]).signers
    with open_lock_store(home) as lock:
        assert list(lock.cosignatures(str(witness.key))) == [cosignature]
    assert asked(home, witness._replace(url=NOWHERE)).cosignatures == (cosignature,)


def test_each_checkpoint_is_witnessed_from_the_one_that_was_before(home: Path, witness: Appointed):
    for size in (9, 10, 17, 64, 65):
        append(home, max(1, size - 9)) if size > 9 else None
        found = asked(home, witness)
        assert found.behind == ()
    with open_lock_store(home) as lock:
        assert len(list(lock.cosignatures(str(witness.key)))) == 5


def test_a_witness_that_has_come_to_another_size_than_is_known_here_is_asked_again_from_there(
    home: Path, witness: Appointed, tmp_path: Path
):
    with copied(home, "lock"):
        asked(home, witness)
    append(home, 3)

    # The lock store does not know any more that the witness has cosigned 9 entries.
    found = asked(home, witness)
    assert [one.size for one in found.cosignatures] == [12]


def test_several_witnesses_are_asked_and_each_that_has_not_cosigned_is_named(home: Path, witness: Appointed):
    other = Appointed(NOWHERE, named("another.example"))
    found = asked(home, other, witness)

    assert [one.witness for one in found.behind] == [other]
    assert isinstance(found.behind[0].failure, NoAnswer)
    assert len(found.cosignatures) == 1
    found.require(1)
    with pytest.raises(NotWitnessed):
        found.require(2)


@pytest.mark.parametrize("known", [True, False], ids=["known here", "not yet known here"])
def test_who_is_overtaken_gives_what_was_signed_and_witnessed_meanwhile(home: Path, witness: Appointed, known: bool):
    with open_notary(home) as notary, open_log(home) as store, open_lock_store(home) as lock:
        behind = notary.checkpoint()
        append(home, 2)
        asked(home, witness)
        signed = iter([behind, notary.checkpoint()])
        # Of cosignatures by another key, the lock store knows nothing.
        one = witness if known else witness._replace(key=VKEY)
        found = witnessed(signed.__next__, lock, [one], store.subtree, PATIENCE)

    assert (found.signed.size, len(found.cosignatures)) == (11, known)


# Who is asked.


def test_the_witnesses_stand_in_a_file_one_in_a_line(tmp_path: Path):
    file = tmp_path / "witnesses"
    assert read_appointed(file) == ()
    file.write_text(f"# of the audit office\n\nhttps://audit.example.edu/w/={VKEY}\n  http://[::1]:80={VKEY}\n")

    assert read_appointed(file) == (
        Appointed("https://audit.example.edu/w", VKEY),
        Appointed("http://[::1]:80", VKEY),
    )


@pytest.mark.parametrize(
    "text",
    [
        *("", "http://a", f"={VKEY}", f"http://={VKEY}", f"ftp://a={VKEY}", f"a={VKEY}", f"http://a b={VKEY}"),
        *(f"http://a?b={VKEY}", f"http://a#b={VKEY}", f"http://u:p@a={VKEY}", f"http://a:x={VKEY}", "http://a=key"),
        f"http://a={VerifierKey(NAME, ED25519, bytes(32))}",
    ],
)
def test_what_names_no_witness_is_refused(text: str):
    with pytest.raises(Malformed):
        parse_appointed(text)


def test_a_witness_counts_once():
    one, other = Appointed("http://a", VKEY), Appointed("http://b", named("another.example"))

    assert check_distinct([one, one]) == (one,)
    with pytest.raises(Malformed):
        check_distinct([one, other])
    assert check_url("http://a/b/") == "http://a/b"


# The lock store.


def test_a_cosignature_is_kept_only_beside_a_checkpoint_once_and_for_good(tmp_path: Path):
    create_lock_store(f"sqlite:///{tmp_path}/lock.db")
    with open_lock_store(tmp_path, f"sqlite:///{tmp_path}/lock.db") as lock:
        with pytest.raises(Damaged):
            lock.add_cosignature(Cosignature(1, "w", b"line"))
        before = Stored(0, b"")
        for size in range(1, 603):
            stored = Stored(size, b"%d" % size)
            lock.add(stored, before)
            lock.add_cosignature(Cosignature(size, "w", b"line"))
            before = stored
        lock.add_cosignature(Cosignature(602, "w", b"another"))
        assert list(lock.cosignatures("w")) == [Cosignature(size, "w", b"line") for size in range(1, 603)]
        assert (lock.cosigned("w"), lock.cosigned("v")) == (Cosignature(602, "w", b"line"), None)
    for statement in ("UPDATE cosignatures SET size = 1", "DELETE FROM cosignatures"):
        with closing(sqlite3.connect(tmp_path / "lock.db")) as state, pytest.raises(sqlite3.IntegrityError):
            state.execute(statement)
