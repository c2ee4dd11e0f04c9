"""What is no key, is more than one, or holds what its owner did not sign: refused, with the real gpg."""

import base64
import bz2
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import ledger.openpgp
from ledger.errors import Malformed, TooLarge
from ledger.openpgp import MAX_KEY_BYTES, examine_key, seal_nonce, verify_signature
from ledger.openpgp.errors import KeyRefused, NotAKey, NotDetached, SecretKey, SeveralKeys
from tests.keys import Keyring, Owner
from tests.openpgp_facts import JUNE, NOW, TEXT, ana, ben, flipped, nothing_is_left, packet, packets, ring
from tests.stores import CAMPAIGN

__all__ = ["ana", "ben", "nothing_is_left", "ring"]

pytestmark = pytest.mark.needs("gpg")


def tag_of(packet: bytes) -> int:
    return packet[0] & 0x3F if packet[0] & 0x40 else packet[0] >> 2 & 0x0F


def armor(kind: str, content: bytes) -> bytes:
    return f"-----BEGIN {kind}-----\n\n{base64.encodebytes(content).decode()}-----END {kind}-----\n".encode()


NO_KEYS: dict[str, Callable[[Owner, Owner], bytes]] = {
    "nothing": lambda ana, ben: b"",
    "a letter": lambda ana, ben: b"Dear IR, I have no key. What shall I do?\n",
    "zeros": lambda ana, ben: bytes(1000),
    "noise": lambda ana, ben: hashlib.shake_128(b"noise").digest(5000),
    "the largest noise": lambda ana, ben: b"\x99" + hashlib.shake_128(b"noise").digest(MAX_KEY_BYTES - 1),
    "a quoted key": lambda ana, ben: ana.public().replace(b"\n", b"\n> "),
    "a key cut short": lambda ana, ben: ana.binary()[:-1],
    "an armored key cut short": lambda ana, ben: ana.public()[:300],
    "a key with a byte too many": lambda ana, ben: ana.binary() + b"\n",
    "a key with a wrong checksum": lambda ana, ben: re.sub(rb"\n=....\n", b"\n=AAAA\n", ana.public()),
    "a key with no user id": lambda ana, ben: packets(ana.binary())[0],
    "a key whose user id is somebody else's": lambda ana, ben: (
        packets(ana.binary())[0] + b"".join(packets(ben.binary())[1:3])
    ),
    "a signature": lambda ana, ben: ana.sign(TEXT, JUNE),
    "a signed text": lambda ana, ben: ana.sign(TEXT, JUNE, how="--clear-sign"),
    "a message": lambda ana, ben: seal_nonce("nonce", ana.public(), NOW),
    "a key with a message behind it": lambda ana, ben: ana.public() + seal_nonce("nonce", ana.public(), NOW),
    "a subkey before its key": lambda ana, ben: b"".join(packets(ana.binary())[3:] + packets(ana.binary())[:3]),
    "a certificate": lambda ana, ben: armor("CERTIFICATE", b"x" * 500),
    "an armored letter": lambda ana, ben: armor("PGP PUBLIC KEY BLOCK", b"Dear IR"),
}


@pytest.mark.parametrize("what", NO_KEYS)
def test_what_is_no_key_is_refused(ana: Owner, ben: Owner, what: str):
    with pytest.raises(NotAKey):
        examine_key(NO_KEYS[what](ana, ben), NOW)


def test_two_keys_in_a_file_are_refused_and_so_is_one_twice(ana: Owner, ben: Owner):
    for content in (
        ana.public() + ben.public(),
        ana.binary() + ben.binary(),
        ana.ring.gpg("--armor", "--export", ana.fingerprint, ben.fingerprint),
        ana.public() + b"\nand here it is again\n" + ana.public(),
    ):
        with pytest.raises(SeveralKeys) as caught:
            examine_key(content, NOW)
        assert caught.value.count == 2


def test_a_secret_key_is_refused_without_a_word_of_it(ana: Owner, ring: Keyring):
    binary = ring.gpg("--export-secret-keys", ana.fingerprint)
    ours = Ed25519PrivateKey.generate()

    for content in (
        ana.secret(),
        binary,
        ana.public() + ana.secret(),
        b"Dear IR, my keys:\n" + ana.secret() + b"\n" + ana.public(),
        ana.secret()[:200],
        ana.binary() + binary,
        b"".join(part for part in packets(binary) if tag_of(part) != 5),
        armor("OPENSSH PRIVATE KEY", ours.private_bytes_raw()),
        armor("ENCRYPTED PRIVATE KEY", ours.private_bytes_raw()),
    ):
        with pytest.raises(SecretKey, match="never to send it") as caught:
            examine_key(content, NOW)
        assert vars(caught.value) == {}


def test_a_key_over_the_limit_is_refused_unread(ana: Owner):
    letter = b"Dear IR,\n" * 200_000

    with pytest.raises(TooLarge) as caught:
        examine_key((letter + ana.public())[-MAX_KEY_BYTES - 1 :], NOW)
    assert (caught.value.size, caught.value.limit) == (MAX_KEY_BYTES + 1, 1024 * 1024)
    assert examine_key((letter + ana.public())[-MAX_KEY_BYTES:], NOW) == examine_key(ana.public(), NOW)


def test_what_unpacks_for_hours_is_refused_unpacked(ana: Owner, monkeypatch: pytest.MonkeyPatch):
    # 32 GiB in 25 kB: a bzip2 packet of indefinite length, with a literal packet of such a length inside.
    block = bz2.compress(bytes(2**20))
    bomb = b"\xa3\x03" + bz2.compress(b"\xafb\0\0\0\0\0") + block * 700
    monkeypatch.setattr(ledger.openpgp.conversation, "PATIENCE_SECONDS", 5.0)

    with pytest.raises(NotAKey):
        examine_key(bomb, NOW)
    with pytest.raises(NotAKey):
        examine_key(ana.binary() + bomb, NOW)
    with pytest.raises(NotDetached):
        verify_signature(TEXT, bomb, ana.public(), NOW)


def test_what_its_owner_did_not_sign_is_not_in_a_key(ana: Owner, ben: Owner):
    mine, theirs = packets(ana.binary()), packets(ben.binary())
    claimed = packet(13, b"Provost <provost@mit.edu>")

    for parts in (
        [*mine[:3], claimed, *mine[3:]],
        [mine[0], claimed, *mine[1:]],
        [*mine[:2], mine[2], claimed, mine[2], *mine[3:]],
        [*mine[:3], *theirs[1:3], *mine[3:]],
        [*mine[:3], claimed, theirs[2], *mine[3:]],
        [*mine, *theirs[3:]],
        [*mine, theirs[3], mine[4]],
        [*mine, theirs[3]],
        [*mine[:3], *theirs[3:], *mine[3:]],
        [*mine, packet(13, b"x" * 500_000)],
        [*mine, packet(17, b"x" * 5_000), *mine[2:3]],
    ):
        try:
            found = examine_key(b"".join(parts), NOW)
        except NotAKey:
            continue
        assert found == examine_key(ana.public(), NOW)


@pytest.mark.campaign
def test_no_flipped_bit_makes_a_key_say_more(ana: Owner):
    genuine, key = examine_key(ana.public(), NOW), ana.binary()
    bits = range(8 * len(key)) if CAMPAIGN else range(5, 8 * len(key), 8 * len(key) // 14)

    for bit in bits:
        try:
            found = examine_key(flipped(key, bit), NOW)
        except (KeyRefused, TooLarge):
            continue
        assert found.fingerprint == genuine.fingerprint, bit
        assert {*found.user_ids, *found.withdrawn} <= {*genuine.user_ids}, bit
        assert {*found.encryption_subkeys} <= {*genuine.encryption_subkeys}, bit


@pytest.mark.parametrize(
    "at",
    [NOW.replace(tzinfo=None), datetime(1969, 12, 31, tzinfo=UTC), datetime(2106, 3, 1, tzinfo=UTC)],
)
def test_a_time_that_openpgp_cannot_write_is_malformed(ana: Owner, at: datetime):
    with pytest.raises(Malformed):
        examine_key(ana.public(), at)
