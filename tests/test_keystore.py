"""The key store gives each key to the one who holds the key-encryption key, in its own place and nowhere else."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from ledger.custody.cipher import NotGenuine, Wrapping
from ledger.custody.keystore import KeyStore, Salt
from ledger.custody.label import Label
from ledger.errors import AlreadyThere, LedgerError, Malformed, NotALedger, Tampered, Unreachable
from tests.custody_facts import ANA, BEN, OVER_BOTH, SECRETS, Folder


@pytest.fixture
def keys(folder: Folder) -> Iterator[KeyStore]:
    store = KeyStore.create(folder.places.keys, folder.places.key_encryption_key, SECRETS)
    yield store
    store.close()


def reopen(folder: Folder) -> KeyStore:
    return KeyStore.open(folder.places.keys, folder.places.key_encryption_key)


def a_salt(n: int, subject: str = ANA, mark: bytes | None = None) -> Salt:
    label = Label(bytes([n]) * 32, subject, f"person.registered/m{n}", 1_795_262_400)
    return Salt(label, bytes([n + 100]) * 32, mark)


@OVER_BOTH
def test_a_subject_keeps_its_key_while_it_has_a_salt(keys: KeyStore):
    first = keys.keep(ANA, [a_salt(1)])

    assert keys.keep(ANA, [a_salt(2)]) == first
    assert keys.keep(BEN, [a_salt(3, BEN)]) != first


@OVER_BOTH
def test_salt_and_key_come_back_for_their_commitment(keys: KeyStore, folder: Folder):
    for salt in (a_salt(1), a_salt(2, mark=bytes(32))):
        label = salt.label
        key = keys.keep(ANA, [salt])

        opened = reopen(folder)
        (row,) = opened.rows([label.commitment])
        found = opened.unwrap(label.commitment.hex(), row)
        opened.close()

        assert (found.label, found.salt, found.subject_key) == (label, salt.value, key)
        assert (repr(found), repr(salt)) == (f"Keys({label!r})", f"Salt({label!r})")


@OVER_BOTH
def test_commitments_are_found_by_their_mark_while_they_are_kept(keys: KeyStore):
    one, other = bytes(32), bytes([1]) * 32
    keys.keep(ANA, [a_salt(1, mark=one), a_salt(2), a_salt(3, mark=other)])
    keys.keep(BEN, [a_salt(4, BEN, one)])

    assert [keys.marked(mark) for mark in (one, other, bytes([2]) * 32)] == [
        [a_salt(1).label.commitment, a_salt(4).label.commitment],
        [a_salt(3).label.commitment],
        [],
    ]
    keys.destroy(ANA, {"m1"})
    assert keys.marked(one) == [a_salt(4).label.commitment]


@OVER_BOTH
def test_a_subject_that_was_destroyed_gets_another_key(keys: KeyStore):
    first = keys.keep(ANA, [a_salt(1), a_salt(2)])

    assert keys.destroy(ANA, {"m1"}) == (1, 0)
    assert keys.destroy(ANA, None) == (1, 1)
    assert keys.destroy(ANA, None) == (0, 0)
    assert keys.keep(ANA, [a_salt(1)]) != first


def test_neither_key_nor_salt_is_in_the_files_as_it_is(keys: KeyStore, folder: Folder):
    found = [keys.keep(ANA, [a_salt(1)]), a_salt(1).value, keys.secret("people")]

    for content in folder.contents().values():
        assert not any(secret in content or secret.hex().encode() in content for secret in found)


def test_a_secret_stays_the_same_and_differs_from_others(keys: KeyStore, folder: Folder):
    first = keys.secret("people")
    opened = reopen(folder)

    assert opened.secret("people") == first
    assert len({first, opened.secret("receipts")}) == 2
    assert len(first) == 32
    opened.close()


def test_the_name_of_a_secret_is_a_name(folder: Folder):
    with pytest.raises(Malformed):
        KeyStore.create(folder.places.keys, folder.places.key_encryption_key, ["people\n"])

    assert folder.files() == []


@pytest.mark.parametrize("name", ["people", "nobody"], ids=["one that was removed", "one that never was"])
def test_a_secret_that_is_not_there_is_not_made_anew(keys: KeyStore, folder: Folder, name: str):
    folder.run("keys.db", "DELETE FROM secrets WHERE name = 'people'")
    before = folder.contents()

    with pytest.raises(Tampered, match=name):
        keys.secret(name)

    assert folder.contents() == before


@OVER_BOTH
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE secrets SET wrapped = (SELECT wrapped FROM salts)",
        "UPDATE secrets SET wrapped = (SELECT wrapped FROM subject_keys)",
        "UPDATE secrets SET wrapped = (SELECT wrapped FROM opened_by)",
        "UPDATE secrets SET wrapped = x''",
        "UPDATE secrets SET name = CASE name WHEN 'people' THEN 'gone' ELSE 'people' END",
    ],
)
def test_a_key_that_was_copied_to_another_place_does_not_open(keys: KeyStore, folder: Folder, statement: str):
    keys.keep(ANA, [a_salt(1)])
    folder.run("keys.db", statement)

    with pytest.raises(Tampered):
        keys.secret("people")


@OVER_BOTH
@pytest.mark.parametrize("source", ["SELECT wrapped FROM salts", "SELECT wrapped FROM secrets LIMIT 1", "SELECT x'00'"])
def test_nobodys_key_is_replaced_by_one_that_others_may_know(keys: KeyStore, folder: Folder, source: str):
    keys.keep(ANA, [a_salt(1)])
    folder.run("keys.db", f"UPDATE subject_keys SET wrapped = ({source})")

    with pytest.raises(Tampered, match=ANA):
        keys.keep(ANA, [a_salt(2)])


def test_wrapping_is_aes_siv_as_in_rfc_5297():
    # RFC 5297 appendix A.1, whose key has 256 bits; ours has 512.
    key = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    associated = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    plain = bytes.fromhex("112233445566778899aabbccddee")
    wrapped = bytes.fromhex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c")

    assert Wrapping(key).wrap(plain, [associated]) == wrapped
    assert Wrapping(key).unwrap(wrapped, [associated]) == plain


def test_every_flipped_bit_of_a_wrapped_key_is_found():
    wrapping = Wrapping(AESSIV.generate_key(512))
    wrapped = wrapping.wrap(bytes(32), [b"salt", b"a"])

    for bit in range(8 * len(wrapped)):
        flipped = bytearray(wrapped)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotGenuine):
            wrapping.unwrap(bytes(flipped), [b"salt", b"a"])


@pytest.mark.parametrize("bound_to", [[b"salt"], [b"salt", b"b"], [b"sal", b"ta"], [b"salt", b"a", b""]])
def test_a_wrapped_key_opens_for_nothing_else_than_it_was_wrapped_for(bound_to: list[bytes]):
    wrapping = Wrapping(AESSIV.generate_key(512))

    with pytest.raises(NotGenuine):
        wrapping.unwrap(wrapping.wrap(bytes(32), [b"salt", b"a"]), bound_to)


# The key-encryption key


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_key_encryption_key_that_others_may_use_is_refused(keys: KeyStore, folder: Folder, mode: int):
    folder.places.key_encryption_key.chmod(mode)

    with pytest.raises(Unreachable, match=f"{mode:04o}"):
        reopen(folder)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_encryption_key_for_its_owner_only_is_taken(keys: KeyStore, folder: Folder, mode: int):
    folder.places.key_encryption_key.chmod(mode)

    reopen(folder).close()


def test_a_key_encryption_key_is_a_line_that_can_be_written_down(keys: KeyStore, folder: Folder):
    content = folder.places.key_encryption_key.read_bytes()

    assert len(content) == 129
    assert bytes.fromhex(content.decode()).hex().encode() + b"\n" == content


@pytest.mark.parametrize(
    "content", [b"", b"0" * 129, b"0" * 128, b"0" * 128 + b"\n\n", b"g" * 128 + b"\n", b"0\n" * 64]
)
def test_what_is_no_key_encryption_key_is_refused(keys: KeyStore, folder: Folder, content: bytes):
    folder.places.key_encryption_key.write_bytes(content)

    with pytest.raises(NotALedger, match="hex digits"):
        reopen(folder)


@OVER_BOTH
def test_another_key_stores_key_encryption_key_is_refused(keys: KeyStore, folder: Folder):
    folder.places.key_encryption_key.write_bytes(os.urandom(64).hex().encode() + b"\n")

    with pytest.raises(NotALedger, match="is not the key-encryption key of"):
        reopen(folder)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_a_folder_or_pipe_is_no_key_encryption_key(keys: KeyStore, folder: Folder, make):
    folder.places.key_encryption_key.unlink()
    make(folder.places.key_encryption_key)

    with pytest.raises(LedgerError, match="is no regular file"):
        reopen(folder)


def test_making_a_key_store_never_overwrites_either_file(keys: KeyStore, folder: Folder):
    before = folder.contents()
    for there in (folder.places.keys, folder.places.key_encryption_key):
        folder.restore(before)
        for file in folder.files():
            if file != there:
                file.unlink()

        with pytest.raises(AlreadyThere):
            KeyStore.create(folder.places.keys, folder.places.key_encryption_key)

        assert folder.contents() == {Path(there): before[Path(there)]}


def test_a_link_that_leads_nowhere_is_not_followed_when_a_key_is_made(tmp_path: Path):
    (tmp_path / "key-encryption-key").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(AlreadyThere):
        KeyStore.create(tmp_path / "keys.db", tmp_path / "key-encryption-key")

    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_files_are_for_their_owner_only_under_any_umask(tmp_path: Path, umask: int):
    program = (
        "import os, sys; from pathlib import Path; from ledger.custody.keystore import KeyStore\n"
        f"os.umask({umask}); KeyStore.create(Path(sys.argv[1], 'keys.db'), Path(sys.argv[1], 'kek')).close()"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, cwd=Path(__file__).parent.parent)

    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_the_journal_of_a_transaction_is_for_its_owner_only(keys: KeyStore, folder: Folder):
    with keys._database.writing() as connection:
        connection.execute("DELETE FROM opened_by")
        journal = folder.path / "keys.db-journal"
        assert stat.S_IMODE(journal.stat().st_mode) == 0o600
        connection.execute("ROLLBACK")
        connection.execute("BEGIN")

    reopen(folder).close()
