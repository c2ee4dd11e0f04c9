"""Sealed nonces and packages: for whom they are, with the real gpg."""

from pathlib import Path

import pytest

from ledger.errors import Unreachable
from ledger.openpgp import recipients_of, seal_nonce
from ledger.openpgp.errors import NotAPackage
from tests.keys import Owner
from tests.openpgp_facts import JUNE, NOW, TEXT, ana, ben, dearmored, message, nothing_is_left, packet, ring

__all__ = ["ana", "ben", "message", "nothing_is_left", "ring"]

pytestmark = pytest.mark.needs("gpg")


def test_a_sealed_nonce_opens_for_its_recipient_and_is_never_sealed_twice_alike(ana: Owner, ben: Owner, tmp_path: Path):
    first, second = (seal_nonce("7F-2A ✓", ana.public(), NOW) for _ in range(2))

    assert first.startswith(b"-----BEGIN PGP MESSAGE-----\n")
    assert first != second
    assert [ana.decrypt(sealed).decode() for sealed in (first, second)] == ["7F-2A ✓"] * 2
    sealed = tmp_path / "sealed.asc"
    sealed.write_bytes(first)
    assert recipients_of(sealed) == (ana.subkeys()[0][-16:],)


def test_recipients_are_all_that_a_message_is_for(ana: Owner, ben: Owner, message: list[bytes], tmp_path: Path):
    theirs = dearmored(ben, seal_nonce("nonce", ben.public(), NOW))
    mine, data = message
    hidden = mine[:3] + bytes(8) + mine[11:]
    path = tmp_path / "message"
    a, b, nobody = ana.subkeys()[0][-16:], ben.subkeys()[0][-16:], "0" * 16

    for parts, found in (
        ([mine, data], (a,)),
        ([mine, theirs[: 2 + theirs[1]], data], (a, b)),
        ([theirs[: 2 + theirs[1]], mine, data], (b, a)),
        ([mine, mine, data], (a, a)),
        ([hidden, data], (nobody,)),
        ([mine, hidden, data], (a, nobody)),
    ):
        path.write_bytes(b"".join(parts))
        assert recipients_of(path) == found


def test_a_file_with_anything_but_one_message_for_keys_is_no_package(ana: Owner, message: list[bytes], tmp_path: Path):
    mine, data = message
    symmetric = ana.ring.gpg("--passphrase", "4711", "--symmetric", stdin=b"hidden")
    password = symmetric[: 2 + symmetric[1]]
    path = tmp_path / "message"

    for content in (
        b"",
        b"Dear IR\n",
        ana.public(),
        ana.binary(),
        ana.sign(TEXT, JUNE),
        ana.sign(TEXT, JUNE, how="--sign"),
        data,
        mine,
        symmetric,
        password + mine + data,
        mine + password + data,
        mine + data + mine,
        mine + data + mine + data,
        mine + data + symmetric,
        mine + data + b"\n",
        mine + data + ana.binary(),
        mine + packet(10, b"PGP") + data,
        mine * 11_000 + data,
        packet(1, mine[2:] + bytes(2**20)) + data,
        (mine + data)[:-1],
        mine + data[:1],
        mine[:2] + b"\x09" + mine[3:] + data,
    ):
        path.write_bytes(content)
        with pytest.raises(NotAPackage):
            recipients_of(path)


def test_what_is_no_file_has_no_recipients(tmp_path: Path):
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(Unreachable):
            recipients_of(path)
