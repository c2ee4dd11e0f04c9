"""Packages, with the real gpg: only the recipient opens one, and what cannot be packed is refused."""

import hashlib
import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.errors import Unreachable
from ledger.openpgp import PackageFacts, PackedFile, encrypt_package, recipients_of, seal_nonce
from ledger.openpgp.errors import NoEncryptionSubkey, PackageRefused, UnsafeName
from tests.keys import MADE, RETIRED, Keyring, Owner
from tests.openpgp_facts import DAY, JUNE, MARCH, NOW, ana, names_in, nothing_is_left, ring
from tests.package_facts import MARKER, source_in, sources, target, unpacked

__all__ = ["ana", "nothing_is_left", "ring", "sources", "target"]

pytestmark = pytest.mark.needs("gpg")


def test_a_package_holds_the_files_and_only_its_recipient_opens_it(
    ana: Owner, sources: list[tuple[str, Path]], target: Path
):
    steps: list[int] = []

    facts = encrypt_package(sources, ana.public(), target, at=NOW, progress=steps.append)

    cipher, tar = target.read_bytes(), ana.decrypt(target.read_bytes())
    contents = {name: path.read_bytes() for name, path in sources}
    (only,) = ana.subkeys()
    assert unpacked(tar) == contents
    assert facts == PackageFacts(
        files=tuple(PackedFile(name, len(body), hashlib.sha256(body).hexdigest()) for name, body in contents.items()),
        plain_size=len(tar),
        plain_sha256=hashlib.sha256(tar).hexdigest(),
        cipher_size=len(cipher),
        cipher_sha256=hashlib.sha256(cipher).hexdigest(),
        subkey=only,
        recipients=(only[-16:],),
    )
    assert recipients_of(target) == facts.recipients
    assert sum(steps) == sum(map(len, contents.values()))
    assert target.stat().st_mode & 0o777 == 0o600
    assert names_in(target.parent) == [target.name]


def test_a_tar_tells_nothing_of_the_machine_and_is_the_same_each_time(
    ana: Owner, sources: list[tuple[str, Path]], target: Path
):
    first, second = (
        encrypt_package(sources, ana.public(), target.with_name(name), at=NOW) for name in ("first", "second")
    )

    with tarfile.open(fileobj=io.BytesIO(ana.decrypt(target.with_name("first").read_bytes()))) as tar:
        told = {(member.uid, member.gid, member.uname, member.gname, member.mode, member.mtime) for member in tar}
    assert told == {(0, 0, "", "", 0o600, int(NOW.timestamp()))}
    assert first.plain_sha256 == second.plain_sha256
    assert first.cipher_sha256 != second.cipher_sha256


def test_common_tar_opens_a_package_with_a_long_and_foreign_name(ana: Owner, tmp_path: Path, target: Path):
    name, source = "Übersicht " * 17 + ".csv", tmp_path / "source"
    source.write_bytes(MARKER)

    encrypt_package([(name, source)], ana.public(), target, at=NOW)

    tar = ana.decrypt(target.read_bytes())
    assert len(tar) % tarfile.RECORDSIZE == 0
    assert subprocess.run(["tar", "-xO"], input=tar, capture_output=True, check=True).stdout == MARKER


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 9 * 1024 - 512, 9 * 1024, 9 * 1024 + 1, 65536, 65537])
def test_a_file_of_any_size_comes_out_as_it_went_in(ana: Owner, tmp_path: Path, target: Path, size: int):
    source = tmp_path / "source"
    source.write_bytes(hashlib.shake_128(b"file").digest(size))

    facts = encrypt_package([("file", source)], ana.public(), target, at=NOW)

    tar = ana.decrypt(target.read_bytes())
    assert unpacked(tar) == {"file": source.read_bytes()}
    assert (len(tar), facts.plain_size % tarfile.RECORDSIZE) == (facts.plain_size, 0)


def test_exactly_the_newest_usable_subkey_can_open_a_package(ring: Keyring, tmp_path: Path, target: Path):
    owner = ring.owner(algorithm="rsa2048", encryption="rsa2048")
    chosen = owner.add_subkey("cv25519", "encrypt", MARCH)
    owner.add_subkey("cv25519", "encrypt", NOW + DAY)

    facts = encrypt_package([("file", source_in(tmp_path))], owner.public(), target, at=NOW)

    assert (facts.subkey, facts.recipients) == (chosen, (chosen[-16:],))
    assert unpacked(owner.decrypt(target.read_bytes())) == {"file": MARKER}


def _has_none(owner: Owner) -> None:
    """A key for signing alone."""


def _has_an_expired_one(owner: Owner) -> None:
    owner.add_subkey("cv25519", "encrypt", MADE, JUNE)


def _has_a_revoked_one(owner: Owner) -> None:
    owner.add_subkey("cv25519", "encrypt")
    owner.revoke_subkey(1, JUNE, RETIRED)


def _has_one_and_is_revoked(owner: Owner) -> None:
    owner.add_subkey("cv25519", "encrypt")
    owner.revoke(JUNE, RETIRED)


def _has_one_that_comes_later(owner: Owner) -> None:
    owner.add_subkey("cv25519", "encrypt", NOW + DAY)


def _has_one_and_has_expired(owner: Owner) -> None:
    owner.add_subkey("cv25519", "encrypt")
    owner.expire(MARCH, JUNE)


@pytest.mark.parametrize(
    "subkeys",
    [
        _has_none,
        _has_an_expired_one,
        _has_a_revoked_one,
        _has_one_and_is_revoked,
        _has_one_that_comes_later,
        _has_one_and_has_expired,
    ],
)
def test_nothing_is_encrypted_for_a_key_without_a_usable_subkey(
    ring: Keyring, tmp_path: Path, target: Path, subkeys: Callable[[Owner], None]
):
    owner = ring.owner(encryption="")
    subkeys(owner)

    with pytest.raises(NoEncryptionSubkey) as caught:
        encrypt_package([("file", source_in(tmp_path))], owner.public(), target, at=NOW)
    with pytest.raises(NoEncryptionSubkey):
        seal_nonce("nonce", owner.public(), NOW)
    assert (caught.value.fingerprint, caught.value.at) == (owner.fingerprint, NOW.isoformat())
    assert names_in(target.parent) == []


@pytest.mark.parametrize(
    "name",
    [
        *[
            "",
            ".",
            "..",
            "../x",
            "/etc/passwd",
            "a/b",
            "a\\b",
            "C:x",
            "a\nb",
            "a\0b",
            "\x1b[2J",
            "\u202efdp.exe",
            "\ud800",
        ],
        *[".bashrc", "-rf", "~root", "x ", "x.", "con", "NUL.csv", "lpt1.txt", "a*", "a?", 'a"', "a|b"],
        *["x" * 201, "é" * 101],
    ],
)
def test_a_name_that_could_do_harm_is_refused(ana: Owner, tmp_path: Path, target: Path, name: str):
    with pytest.raises(UnsafeName) as caught:
        encrypt_package([("fine.csv", source_in(tmp_path)), (name, source_in(tmp_path))], ana.public(), target, at=NOW)
    assert caught.value.name == name
    assert names_in(target.parent) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("a.csv", "a.csv"), ("a.csv", "A.CSV"), ("caf\u00e9", "cafe\u0301"), ("STRASSE", "straße"), ("É", "e\u0301")],
)
def test_names_that_are_one_on_some_machine_are_refused(ana: Owner, tmp_path: Path, target: Path, one: str, other: str):
    source = source_in(tmp_path)

    with pytest.raises(UnsafeName) as caught:
        encrypt_package([(one, source), (other, source)], ana.public(), target, at=NOW)
    assert caught.value.name == other


def test_a_package_without_a_file_is_refused(ana: Owner, target: Path):
    with pytest.raises(PackageRefused):
        encrypt_package([], ana.public(), target, at=NOW)
    assert names_in(target.parent) == []


def _gone(path: Path) -> None:
    """Nothing is there."""


def _a_link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize("kind", [_gone, Path.mkdir, os.mkfifo, _a_link_to_nothing])
def test_what_is_no_file_cannot_be_packed(ana: Owner, tmp_path: Path, target: Path, kind: Callable[[Path], None]):
    path = tmp_path / "no file"
    kind(path)

    with pytest.raises(Unreachable) as caught:
        encrypt_package([("first", source_in(tmp_path)), ("file", path)], ana.public(), target, at=NOW)
    assert caught.value.path == path
    assert names_in(target.parent) == []
