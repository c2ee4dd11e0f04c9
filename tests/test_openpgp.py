"""Keys, signatures and packages, with the real gpg: what is found in them, and what is refused."""

import base64
import bz2
import hashlib
import io
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import ledger.openpgp
from ledger.errors import (
    AlreadyThere,
    ByAnotherKey,
    ByExpiredKey,
    ByRevokedKey,
    GnuPGFailed,
    KeyRefused,
    LedgerError,
    Malformed,
    NoEncryptionSubkey,
    NotAKey,
    NotAPackage,
    NotASignature,
    NotDetached,
    OverAnotherText,
    PackageRefused,
    ProgramMissing,
    SecretKey,
    SeveralKeys,
    SeveralSignatures,
    SignatureRefused,
    SignedInFuture,
    SourceChanged,
    StoreFull,
    TooLarge,
    Unreachable,
    UnsafeName,
    WrongRecipients,
)
from ledger.openpgp import (
    MAX_KEY_BYTES,
    MAX_SIGNATURE_BYTES,
    EncryptionSubkey,
    KeyFacts,
    PackageFacts,
    PackedFile,
    Revocation,
    SignatureFacts,
    encrypt_package,
    examine_key,
    gpg_version,
    recipients_of,
    seal_nonce,
    verify_signature,
)
from tests.keys import COMPROMISED, MADE, NO_REASON, RETIRED, SUPERSEDED, Keyring, Owner, keyring

pytestmark = pytest.mark.needs("gpg")

CAMPAIGN = os.environ.get("CAMPAIGN") == "1"
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
MARCH, JUNE = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXT = b"1. The recipients are named.\r\n2. Every request goes through IR.  \nSigned: Ana\n"


@pytest.fixture(scope="session")
def ring() -> Iterator[Keyring]:
    with keyring() as ring:
        yield ring


@pytest.fixture
def ana(ring: Keyring) -> Owner:
    return ring.kept("Ana")


@pytest.fixture
def ben(ring: Keyring) -> Owner:
    return ring.kept("Ben")


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does: no temporary file is left, and no process that works in the folder for them."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield
    assert list(temporary.iterdir()) == []
    assert processes_about(temporary) == []


def processes_about(folder: Path) -> list[bytes]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found.append((process / "cmdline").read_bytes())
        except OSError:  # it has just ended
            continue
    return [line for line in found if os.fsencode(folder) in line and b"dua-gpg" in line]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# What is in a key


def packets(binary: bytes) -> list[bytes]:
    """Each packet of a key or signature, by what gpg says of where it starts and how long it is."""
    with TemporaryDirectory() as home:
        command = ["gpg", "--homedir", home, "--list-packets"]
        listing = subprocess.run(command, input=binary, capture_output=True, check=True).stdout
    places = [
        tuple(map(int, place)) for place in re.findall(rb"^# off=(\d+) .* hlen=(\d+) plen=(\d+)", listing, re.MULTILINE)
    ]
    return [binary[start : start + head + body] for start, head, body in places]


def tag_of(packet: bytes) -> int:
    return packet[0] & 0x3F if packet[0] & 0x40 else packet[0] >> 2 & 0x0F


def packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 0xFF]) + len(body).to_bytes(4) + body


def subkey(fingerprint: str, **others: Any) -> EncryptionSubkey:
    usual: dict[str, Any] = {"algorithm": "cv25519", "created": MADE, "expires": None, "revoked": None, "usable": True}
    return EncryptionSubkey(fingerprint=fingerprint, key_id=fingerprint[-16:], **{**usual, **others})


def facts_of(owner: Owner, **others: Any) -> KeyFacts:
    """What is found in an ordinary key, but for what a test is about."""
    usual: dict[str, Any] = {
        "algorithm": "ed25519",
        "created": MADE,
        "expires": None,
        "revoked": None,
        "user_ids": ("Somebody <somebody@example.edu>",),
        "withdrawn": (),
        "encryption_subkeys": tuple(subkey(fingerprint) for fingerprint in owner.subkeys()),
    }
    return KeyFacts(fingerprint=owner.fingerprint, **{**usual, **others})


def test_an_ordinary_key_shows_what_it_is(ring: Keyring):
    owner = ring.owner("Ana <ana@mit.edu>", "Ana <ana@home.example>")

    found = examine_key(owner.public(), NOW)

    assert found == facts_of(owner, user_ids=found.user_ids)
    assert sorted(found.user_ids) == ["Ana <ana@home.example>", "Ana <ana@mit.edu>"]
    assert found.encrypts_for == found.encryption_subkeys[0]


def test_an_rsa_key_shows_what_it_is(ring: Keyring):
    owner = ring.owner(algorithm="rsa2048", encryption="rsa2048")

    assert examine_key(owner.public(), NOW) == facts_of(
        owner, algorithm="rsa2048", encryption_subkeys=(subkey(*owner.subkeys(), algorithm="rsa2048"),)
    )


def test_a_key_is_found_in_whatever_gpg_finds_it_in(ana: Owner):
    armored = ana.public()
    letter = b"Dear IR,\r\n\r\nhere is my key.\r\n\r\n" + armored.replace(b"\n", b"\r\n") + b"\r\nYours, Ana\r\n"

    for form in (ana.binary(), armored.replace(b"\n", b"\r\n"), letter, b"\n\n" + armored + b"\n-- \nAna"):
        assert examine_key(form, NOW) == examine_key(armored, NOW)


@pytest.mark.parametrize(
    ("user_id", "shown"),
    [
        ("Åsa Öberg <asa@mit.edu>", "Åsa Öberg <asa@mit.edu>"),
        ("山田 太郎 <taro@mit.edu>", "山田 太郎 <taro@mit.edu>"),
        ("Ana: <ana@mit.edu>", "Ana: <ana@mit.edu>"),
        ("Ana\n<ana@mit.edu>", r"Ana\n<ana@mit.edu>"),
        ("Ana\r\x1b[2J\x07", r"Ana\r\x1b[2J\x07"),
        (r"Ana \x0a \n \\", r"Ana \\x0a \\n \\\\"),
        ("Ana \u202eude.tim\u2066 <ana@example.com>", r"Ana \u202eude.tim\u2066 <ana@example.com>"),
        ("Ana\u2028\u200b\ufeff\u0085", r"Ana\u2028\u200b\ufeff\x85"),
        ("Ana \udcff\udc80", r"Ana \xff\x80"),
        ("x" * 2000, "x" * 2000),
    ],
)
def test_a_user_id_is_shown_so_that_it_can_do_no_harm(ring: Keyring, user_id: str, shown: str):
    assert examine_key(ring.owner(user_id).public(), NOW).user_ids == (shown,)


@pytest.mark.parametrize("end", ["\n", "Å", "\u0085", "\u2028", "\x0b", "\x1e", "\r"])
def test_a_user_id_cannot_speak_in_the_name_of_gpg(ring: Keyring, ben: Owner, end: str, tmp_path: Path):
    lies = [f"{end}[GNUPG:] {lie} {ben.fingerprint}" for lie in ("IMPORT_OK 1", "VALIDSIG", "GOODSIG", "ENC_TO")]
    rows = [f"{end}{row}" for row in (f"fpr:::::::::{ben.fingerprint}:", "pub:-:255:22:::::::::", "uid", "sub:")]
    owner = ring.owner("".join([*lies, *rows]))
    signature = owner.sign(TEXT, JUNE)

    found = examine_key(owner.public(), NOW)
    assert found == facts_of(owner, user_ids=found.user_ids)
    assert len(found.user_ids) == 1
    assert verify_signature(TEXT, signature, owner.public(), NOW).key == owner.fingerprint
    with pytest.raises(OverAnotherText):
        verify_signature(TEXT + b".", signature, owner.public(), NOW)
    with pytest.raises(ByAnotherKey):
        verify_signature(TEXT, ben.sign(TEXT, JUNE), owner.public(), NOW)
    assert owner.decrypt(seal_nonce("nonce", owner.public(), NOW)) == b"nonce"


def test_a_withdrawn_user_id_no_longer_counts(ring: Keyring):
    owner = ring.owner("Ana <ana@mit.edu>", "Ana <ana@home.example>")
    owner.withdraw_user_id("Ana <ana@mit.edu>", MARCH)

    assert examine_key(owner.public(), NOW) == facts_of(
        owner, user_ids=("Ana <ana@home.example>",), withdrawn=("Ana <ana@mit.edu>",)
    )


def test_a_key_can_be_used_until_the_second_before_it_expires(ring: Keyring):
    owner = ring.owner(until=JUNE)

    def seen(at: datetime) -> KeyFacts:
        return examine_key(owner.public(), at)

    def expected(*, usable: bool) -> KeyFacts:
        only = subkey(*owner.subkeys(), expires=JUNE, usable=usable)
        return facts_of(owner, expires=JUNE, encryption_subkeys=(only,))

    assert [seen(at) for at in (MADE - DAY, MADE - SECOND)] == [expected(usable=False)] * 2
    assert [seen(at) for at in (MADE, JUNE - SECOND)] == [expected(usable=True)] * 2
    assert [seen(at) for at in (JUNE, NOW, NOW.replace(year=2036), NOW.replace(year=2105))] == [
        expected(usable=False)
    ] * 4


def test_a_key_that_is_to_expire_later_than_it_first_said_is_used_longer(ring: Keyring):
    owner = ring.owner(until=JUNE, encryption="")
    owner.expire(MARCH, NOW)
    owner.add_subkey("cv25519", "encrypt", MARCH)

    found = examine_key(owner.public(), NOW - SECOND)

    assert (found.expires, found.encrypts_for) == (NOW, subkey(*owner.subkeys(), created=MARCH))
    assert examine_key(owner.public(), NOW).encrypts_for is None


def test_the_newest_subkey_that_is_usable_is_used(ring: Keyring):
    owner = ring.owner(encryption="")
    owner.add_subkey("ed25519", "sign")
    names = [
        owner.add_subkey("cv25519", "encrypt", MADE + n * DAY, until) for n, until in enumerate([None, None, MARCH])
    ]
    owner.add_subkey("cv25519", "encrypt", MADE + 3 * DAY)
    owner.revoke_subkey(5, MARCH, SUPERSEDED)
    last = owner.subkeys()[-1]

    found = examine_key(owner.public(), JUNE)

    assert found.encryption_subkeys == (
        subkey(names[0]),
        subkey(names[1], created=MADE + DAY),
        subkey(names[2], created=MADE + 2 * DAY, expires=MARCH, usable=False),
        subkey(last, created=MADE + 3 * DAY, revoked=Revocation(MARCH, "superseded", True), usable=False),
    )
    assert found.encrypts_for == subkey(names[1], created=MADE + DAY)
    assert examine_key(owner.public(), MARCH - SECOND).encrypts_for == subkey(
        names[2], created=MADE + 2 * DAY, expires=MARCH
    )


def test_a_key_for_signing_alone_has_nothing_to_encrypt_for(ring: Keyring):
    owner = ring.owner(encryption="")
    owner.add_subkey("ed25519", "sign")

    found = examine_key(owner.public(), NOW)

    assert (found, found.encrypts_for) == (facts_of(owner, encryption_subkeys=()), None)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (NO_REASON, Revocation(JUNE, "no reason given", False)),
        (COMPROMISED, Revocation(JUNE, "compromised", False)),
        (SUPERSEDED, Revocation(JUNE, "superseded", True)),
        (RETIRED, Revocation(JUNE, "retired", True)),
    ],
)
def test_a_revoked_key_says_when_and_why_and_is_never_usable(ring: Keyring, reason: str, shown: Revocation):
    owner = ring.owner()
    owner.revoke(JUNE, reason)

    expected = facts_of(owner, revoked=shown, encryption_subkeys=(subkey(*owner.subkeys(), usable=False),))
    assert [examine_key(owner.public(), at) for at in (MARCH, JUNE, NOW)] == [expected] * 3


def test_what_was_found_is_found_again_whatever_the_machine_is_set_to(
    ana: Owner, ben: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found = examine_key(ana.public(), NOW)
    theirs = tmp_path / ".gnupg"
    theirs.mkdir(mode=0o700)
    (theirs / "ben.asc").write_bytes(ben.public())
    options = ["throw-keyids", f"hidden-encrypt-to {ben.fingerprint}", "armor", "list-only", "homedir /nowhere"]
    (theirs / "gpg.conf").write_text("\n".join([*options, f"recipient-file {theirs}/ben.asc"]))
    monkeypatch.setenv("GNUPGHOME", str(theirs))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LANGUAGE", "de")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")

    assert examine_key(ana.public(), NOW.astimezone(timezone(timedelta(hours=-11)))) == found
    sealed = tmp_path / "sealed"
    sealed.write_bytes(seal_nonce("nonce", ana.public(), NOW))
    assert recipients_of(sealed) == (ana.subkeys()[0][-16:],)


def test_questions_can_be_asked_at_the_same_time(ana: Owner, ben: Owner):
    keys = [ana.public(), ben.public()] * 4
    expected = [examine_key(key, NOW) for key in keys]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda key: examine_key(key, NOW), keys)) == expected


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


def flipped(content: bytes, bit: int) -> bytes:
    altered = bytearray(content)
    altered[bit // 8] ^= 1 << bit % 8
    return bytes(altered)


@pytest.mark.parametrize(
    "at",
    [NOW.replace(tzinfo=None), datetime(1969, 12, 31, tzinfo=UTC), datetime(2106, 3, 1, tzinfo=UTC)],
)
def test_a_time_that_openpgp_cannot_write_is_malformed(ana: Owner, at: datetime):
    with pytest.raises(Malformed):
        examine_key(ana.public(), at)


# Who signed


def signed_by(owner: Owner, **others: Any) -> SignatureFacts:
    usual: dict[str, Any] = {
        "signing_key": owner.fingerprint,
        "signed_at": JUNE,
        "expires": None,
        "digest": "SHA256",
        "text_mode": False,
    }
    return SignatureFacts(key=owner.fingerprint, **{**usual, **others})


@pytest.mark.parametrize("text", [TEXT, b"", b"\n", b"no line end", bytes(range(256)) * 99])
def test_a_signature_says_who_signed_a_text_and_when(ana: Owner, text: bytes):
    assert verify_signature(text, ana.sign(text, JUNE), ana.public(), NOW) == signed_by(ana)


def test_a_signature_over_a_long_text_is_checked_whole(ana: Owner):
    text = hashlib.shake_128(b"text").digest(26 * 1024 * 1024)
    signature = ana.sign(text, JUNE)

    assert verify_signature(text, signature, ana.public(), NOW) == signed_by(ana)
    with pytest.raises(OverAnotherText):
        verify_signature(text[:-1], signature, ana.public(), NOW)


def test_a_signature_by_a_subkey_is_its_owners(ring: Keyring):
    owner = ring.owner()
    signing_key = owner.add_subkey("ed25519", "sign")

    assert verify_signature(TEXT, owner.sign(TEXT, JUNE), owner.public(), NOW) == signed_by(
        owner, signing_key=signing_key
    )


def test_a_signature_says_how_it_was_made(ring: Keyring):
    owner = ring.owner(algorithm="rsa2048", encryption="")

    for digest in ("SHA1", "SHA256", "SHA384", "SHA512"):
        signature = owner.sign(TEXT, JUNE, "--digest-algo", digest)
        assert verify_signature(TEXT, signature, owner.public(), NOW) == signed_by(owner, digest=digest)


def test_a_signature_is_found_in_whatever_gpg_finds_it_in(ana: Owner):
    armored = ana.sign(TEXT, JUNE)
    binary = ana.ring.gpg("--dearmor", stdin=armored)

    for form in (binary, armored.replace(b"\n", b"\r\n"), b"Dear IR,\n\nsigned:\n\n" + armored + b"\nAna\n"):
        assert verify_signature(TEXT, form, ana.public(), NOW) == signed_by(ana)


def test_a_signature_that_is_to_lapse_says_when(ana: Owner):
    signature = ana.sign(TEXT, JUNE, "--default-sig-expire", "10d")

    for at in (JUNE, JUNE + 10 * DAY - SECOND, JUNE + 10 * DAY, NOW):
        assert verify_signature(TEXT, signature, ana.public(), at) == signed_by(ana, expires=JUNE + 10 * DAY)


ALTERED = {
    "LF for CRLF": TEXT.replace(b"\r\n", b"\n"),
    "CRLF for LF": TEXT.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "without the last line end": TEXT[:-1],
    "with one more": TEXT + b"\n",
    "without spaces at line ends": TEXT.replace(b"  \n", b"\n"),
    "with spaces at line ends": TEXT.replace(b"\n", b" \n"),
    "with a byte order mark": b"\xef\xbb\xbf" + TEXT,
    "nothing": b"",
    "twice": TEXT * 2,
    "with a null at the end": TEXT + b"\0",
}


@pytest.mark.parametrize("how", ALTERED)
def test_a_signature_over_another_text_is_refused_however_small_the_difference(ana: Owner, how: str):
    with pytest.raises(OverAnotherText) as caught:
        verify_signature(ALTERED[how], ana.sign(TEXT, JUNE), ana.public(), NOW)
    assert caught.value.key_id == ana.fingerprint[-16:]


@pytest.mark.campaign
def test_no_flipped_bit_in_a_text_is_overlooked(ana: Owner):
    signature = ana.sign(TEXT, JUNE)

    for bit in range(8 * len(TEXT)) if CAMPAIGN else range(0, 8 * len(TEXT), 101):
        with pytest.raises(OverAnotherText):
            verify_signature(flipped(TEXT, bit), signature, ana.public(), NOW)


@pytest.mark.campaign
def test_a_flipped_bit_in_a_signature_is_refused_or_says_nothing_else(ana: Owner):
    signature = ana.ring.gpg("--dearmor", stdin=ana.sign(TEXT, JUNE))
    passed = []

    for bit in range(8 * len(signature)) if CAMPAIGN else range(3, 8 * len(signature), 61):
        try:
            found = verify_signature(TEXT, flipped(signature, bit), ana.public(), NOW)
        except (SignatureRefused, TooLarge):
            continue
        assert found == signed_by(ana), bit
        passed.append(bit)
    # A hint at who signed lies outside of what is signed.
    assert len(passed) < 8 * len(signature) // 8


def test_a_text_mode_signature_says_that_line_ends_are_not_covered(ana: Owner):
    signature = ana.sign(TEXT, JUNE, "--textmode")
    not_covered = {"LF for CRLF", "CRLF for LF"}
    unseen_by_gpg = {"with nulls at line ends": TEXT.replace(b"\n", b"\0\n"), "with CR": TEXT.replace(b"\n", b"\r\r\n")}

    assert verify_signature(TEXT, signature, ana.public(), NOW) == signed_by(ana, text_mode=True)
    for how, text in {**ALTERED, **unseen_by_gpg}.items():
        if how in not_covered:
            assert verify_signature(text, signature, ana.public(), NOW) == signed_by(ana, text_mode=True)
        else:
            with pytest.raises(OverAnotherText):
                verify_signature(text, signature, ana.public(), NOW)


def test_a_signature_is_by_the_key_that_comes_with_it_or_refused(ana: Owner, ben: Owner):
    with pytest.raises(ByAnotherKey) as caught:
        verify_signature(TEXT, ben.sign(TEXT, JUNE), ana.public(), NOW)
    assert (caught.value.signer, caught.value.key) == (ben.fingerprint, ana.fingerprint)


def adopted(mallory: Owner, victim: Owner) -> bytes:
    """Mallory's key, with the victim's key in it as if it were a signing subkey of Mallory's.

    Its binding (RFC 4880 section 5.2.4) is Mallory's genuine signature; only the victim could have signed back.
    """
    secret = packets(mallory.ring.gpg("--export-secret-keys", mallory.fingerprint))[0]
    public = packets(mallory.binary())
    head = 2
    body, theirs = public[0][head:], packets(victim.binary())[0][head:]
    seed = secret[head + len(body) :][1 + 2 : -2].rjust(32, b"\0")
    hashed = b"\x05\x02" + int(MADE.timestamp()).to_bytes(4) + b"\x02\x1b\x02"
    start = bytes([4, 0x18, 22, 8]) + len(hashed).to_bytes(2) + hashed
    keys = b"".join(b"\x99" + len(key).to_bytes(2) + key for key in (body, theirs))
    digest = hashlib.sha256(keys + start + b"\x04\xff" + len(start).to_bytes(4)).digest()
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(digest)
    issuer = b"\x09\x10" + bytes.fromhex(mallory.fingerprint[-16:])
    numbers = b"".join(mpi(half) for half in (signature[:32], signature[32:]))
    binding = packet(2, start + len(issuer).to_bytes(2) + issuer + digest[:2] + numbers)
    return b"".join([*public, packet(14, theirs), binding])


def mpi(number: bytes) -> bytes:
    number = number.lstrip(b"\0")
    return int.from_bytes(number).bit_length().to_bytes(2) + number


def test_nobody_can_take_over_a_signature_by_calling_the_signers_key_their_own(ring: Keyring, ana: Owner):
    key = adopted(ring.kept("Mallory"), ana)
    listed = ring.gpg("--no-autostart", "--with-colons", "--import-options", "show-only", "--import", stdin=key)
    assert ana.fingerprint in listed.decode(), "the binding is good, or this would show nothing"

    with pytest.raises(SignatureRefused):
        verify_signature(TEXT, ana.sign(TEXT, JUNE), key, NOW)


def test_a_signature_stands_when_its_key_has_expired_since(ring: Keyring):
    owner = ring.owner(until=NOW)
    signature = owner.sign(TEXT, JUNE)

    for at in (JUNE, NOW, NOW.replace(year=2036)):
        assert verify_signature(TEXT, signature, owner.public(), at) == signed_by(owner)


@pytest.mark.parametrize("of", ["key", "subkey"])
def test_a_signature_by_a_key_that_had_expired_is_refused(ring: Keyring, of: str):
    owner = ring.owner(encryption="", until=None if of == "subkey" else NOW)
    name = owner.fingerprint
    if of == "subkey":
        name = owner.add_subkey("ed25519", "sign", until=NOW)
    signatures = {at: owner.sign(TEXT, at) for at in (JUNE - SECOND, JUNE)}
    # So it could sign, and says afterwards that it couldn't: gpg itself doesn't sign with an expired key.
    owner.ring.gpg(
        "--quick-set-expire",
        owner.fingerprint,
        f"seconds={int((JUNE - MARCH) / SECOND)}",
        *([name] * (of == "subkey")),
        at=MARCH,
    )

    assert verify_signature(TEXT, signatures[JUNE - SECOND], owner.public(), NOW).signing_key == name
    with pytest.raises(ByExpiredKey) as caught:
        verify_signature(TEXT, signatures[JUNE], owner.public(), NOW)
    assert (caught.value.key, caught.value.signed_at, caught.value.expired) == (
        name,
        JUNE.isoformat(),
        JUNE.isoformat(),
    )


@pytest.mark.parametrize("of", ["key", "subkey"])
@pytest.mark.parametrize(
    ("reason", "before_stands"), [(NO_REASON, False), (COMPROMISED, False), (SUPERSEDED, True), (RETIRED, True)]
)
def test_a_signature_by_a_revoked_key_stands_only_if_made_before_a_harmless_revocation(
    ring: Keyring, of: str, reason: str, before_stands: bool
):
    owner = ring.owner(encryption="")
    name = owner.add_subkey("ed25519", "sign") if of == "subkey" else owner.fingerprint
    before, at, after = (owner.sign(TEXT, when) for when in (JUNE - SECOND, JUNE, JUNE + SECOND))
    if of == "subkey":
        owner.revoke_subkey(1, JUNE, reason)
    else:
        owner.revoke(JUNE, reason)

    for signature in [at, after] if before_stands else [before, at, after]:
        with pytest.raises(ByRevokedKey) as caught:
            verify_signature(TEXT, signature, owner.public(), NOW)
        assert (caught.value.key, caught.value.revoked) == (name, JUNE.isoformat())
    if before_stands:
        assert verify_signature(TEXT, before, owner.public(), NOW) == signed_by(
            owner, signing_key=name, signed_at=JUNE - SECOND
        )


def test_a_signature_from_the_future_is_refused(ana: Owner):
    signature = ana.sign(TEXT, JUNE)

    assert verify_signature(TEXT, signature, ana.public(), JUNE) == signed_by(ana)
    for at in (JUNE - timedelta(microseconds=1), MADE, MADE - DAY):
        with pytest.raises(SignedInFuture):
            verify_signature(TEXT, signature, ana.public(), at)


NO_SIGNATURES: dict[str, tuple[type[SignatureRefused], Callable[[Owner, Owner], bytes]]] = {
    "nothing": (NotASignature, lambda ana, ben: b""),
    "a letter": (NotASignature, lambda ana, ben: b"Signed, Ana\n"),
    "noise": (NotASignature, lambda ana, ben: hashlib.shake_128(b"noise").digest(500)),
    "a signature cut short": (NotASignature, lambda ana, ben: ana.sign(TEXT, JUNE)[:150]),
    "a binary one cut short": (NotASignature, lambda ana, ben: dearmored(ana, ana.sign(TEXT, JUNE))[:-1]),
    "one with a byte too many": (NotASignature, lambda ana, ben: dearmored(ana, ana.sign(TEXT, JUNE)) + b"\n"),
    "one with a wrong checksum": (
        NotASignature,
        lambda ana, ben: re.sub(rb"\n=....\n", b"\n=AAAA\n", ana.sign(TEXT, JUNE)),
    ),
    "a key": (NotASignature, lambda ana, ben: ana.public()),
    "what a key says of itself": (NotASignature, lambda ana, ben: packets(ana.binary())[2]),
    "a revocation": (
        SignatureRefused,
        lambda ana, ben: ana.ring.gpg("--gen-revoke", ana.fingerprint, at=JUNE, answers=["y", "0", "", "y"]),
    ),
    "a message": (NotASignature, lambda ana, ben: seal_nonce("nonce", ana.public(), NOW)),
    "a signed message": (NotDetached, lambda ana, ben: ana.sign(TEXT, JUNE, how="--sign")),
    "an uncompressed one": (
        NotDetached,
        lambda ana, ben: ana.sign(TEXT, JUNE, "--compress-algo", "none", how="--sign"),
    ),
    "a clear-signed text": (NotDetached, lambda ana, ben: ana.sign(TEXT, JUNE, how="--clear-sign")),
    "a signature and a message": (
        NotDetached,
        lambda ana, ben: ana.sign(TEXT, JUNE) + ana.sign(TEXT, JUNE, how="--clear-sign"),
    ),
    "two signatures": (SeveralSignatures, lambda ana, ben: ana.sign(TEXT, JUNE) + ben.sign(TEXT, JUNE)),
    "two by one command": (SeveralSignatures, lambda ana, ben: ana.sign(TEXT, JUNE, "--local-user", ben.fingerprint)),
    "one twice": (SeveralSignatures, lambda ana, ben: ana.sign(TEXT, JUNE) * 2),
}


def dearmored(owner: Owner, armored: bytes) -> bytes:
    return owner.ring.gpg("--dearmor", stdin=armored)


@pytest.mark.parametrize("what", NO_SIGNATURES)
def test_what_is_no_detached_signature_is_refused(ana: Owner, ben: Owner, what: str):
    error, made = NO_SIGNATURES[what]

    with pytest.raises(error):
        verify_signature(TEXT, made(ana, ben), ana.public(), NOW)


def test_a_signature_over_the_limit_is_refused_unread(ana: Owner):
    with pytest.raises(TooLarge) as caught:
        verify_signature(TEXT, bytes(MAX_SIGNATURE_BYTES + 1), ana.public(), NOW)
    assert caught.value.limit == 64 * 1024


def test_a_signature_needs_a_key_as_any_other_question_does(ana: Owner, ben: Owner):
    for key, error in ((b"", NotAKey), (ana.public() + ben.public(), SeveralKeys), (ana.secret(), SecretKey)):
        with pytest.raises(error):
            verify_signature(TEXT, ana.sign(TEXT, JUNE), key, NOW)


# Packages


MARKER = b"Learner 4711 failed 6.002x"


@pytest.fixture
def sources(tmp_path: Path) -> list[tuple[str, Path]]:
    """Three files of different sizes, as pairs of name and path."""
    folder = tmp_path / "extracted"
    folder.mkdir()
    contents = {"grades.csv": MARKER * 40_000, "empty.csv": b"", "Läs mig.txt": b"x" * 512}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [(name, folder / name) for name in contents]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "outgoing"
    folder.mkdir()
    return folder / "R-2026-0001.tar.gpg"


def unpacked(tar: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        files = {member.name: opened.extractfile(member) for member in opened}
        return {name: file.read() for name, file in files.items() if file}


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


def source_in(folder: Path, content: bytes = MARKER) -> Path:
    source = folder / "source"
    source.write_bytes(content)
    return source


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


def test_a_package_takes_nothings_place(ana: Owner, tmp_path: Path, target: Path):
    files = [("file", source_in(tmp_path))]
    target.write_bytes(b"yesterday's")
    link, folder = target.with_name("link"), target.with_name("folder")
    link.symlink_to("nowhere")
    folder.mkdir()

    for place in (target, link, folder):
        with pytest.raises(AlreadyThere):
            encrypt_package(files, ana.public(), place, at=NOW)
    with pytest.raises(Unreachable):
        encrypt_package(files, ana.public(), target.with_name("nowhere") / "package", at=NOW)
    assert target.read_bytes() == b"yesterday's"
    assert names_in(target.parent) == ["R-2026-0001.tar.gpg", "folder", "link"]


def test_what_appears_at_the_target_meanwhile_stays(ana: Owner, tmp_path: Path, target: Path):
    files = [("file", source_in(tmp_path))]

    with pytest.raises(AlreadyThere):
        encrypt_package(files, ana.public(), target, at=NOW, progress=Midway(lambda: target.write_bytes(b"another's")))
    assert target.read_bytes() == b"another's"
    assert names_in(target.parent) == [target.name]


class Midway:
    """Does something once, when a part of the first file is packed."""

    def __init__(self, deed: Callable[[], object]) -> None:
        self.deed, self.done = deed, False

    def __call__(self, packed: int) -> None:
        if packed and not self.done:
            self.done = True
            self.deed()


def _becomes_shorter(path: Path) -> None:
    os.truncate(path, 100_000)


def _becomes_longer(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _is_written_to(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"L")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


@pytest.mark.parametrize("change", [_becomes_shorter, _becomes_longer, _is_written_to])
def test_a_file_that_changes_while_it_is_packed_stops_it(
    ana: Owner, sources: list[tuple[str, Path]], target: Path, change: Callable[[Path], None]
):
    _, path = sources[0]

    with pytest.raises(SourceChanged) as caught:
        encrypt_package(sources, ana.public(), target, at=NOW, progress=Midway(lambda: change(path)))
    assert caught.value.path == path
    assert names_in(target.parent) == []


def test_a_file_that_vanishes_before_its_turn_stops_it(ana: Owner, sources: list[tuple[str, Path]], target: Path):
    _, path = sources[2]

    with pytest.raises(Unreachable) as caught:
        encrypt_package(sources, ana.public(), target, at=NOW, progress=Midway(path.unlink))
    assert caught.value.path == path
    assert names_in(target.parent) == []


def our_gpg() -> int:
    """The gpg that works for this test; what other tests have left running beside it is something else."""
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    (gpg,) = (child for child in children if Path(f"/proc/{child}/comm").read_text().strip() == "gpg")
    return int(gpg)


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_gpg_that_is_killed_midway_leaves_nothing(
    ana: Owner, sources: list[tuple[str, Path]], target: Path, by: signal.Signals
):
    with pytest.raises(GnuPGFailed):
        encrypt_package(sources, ana.public(), target, at=NOW, progress=Midway(lambda: os.kill(our_gpg(), by)))
    assert names_in(target.parent) == []


class Bored(Exception):
    """Whoever watches the progress has had enough."""


@pytest.mark.parametrize("error", [KeyboardInterrupt, BrokenPipeError, StopIteration, Bored])
def test_whatever_is_raised_midway_leaves_nothing(
    ana: Owner, sources: list[tuple[str, Path]], target: Path, error: type[BaseException]
):
    def give_up() -> None:
        raise error

    # A generator cannot raise StopIteration: Python makes a RuntimeError of it, and it is not taken for the end.
    with pytest.raises(RuntimeError if error is StopIteration else error):
        encrypt_package(sources, ana.public(), target, at=NOW, progress=Midway(give_up))
    assert names_in(target.parent) == []


def test_ctrl_c_leaves_nothing(ana: Owner, sources: list[tuple[str, Path]], target: Path):
    with pytest.raises(KeyboardInterrupt):
        encrypt_package(
            sources, ana.public(), target, at=NOW, progress=Midway(lambda: os.kill(os.getpid(), signal.SIGINT))
        )
    assert names_in(target.parent) == []


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As if the disk were full for any file beyond this size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_nothing_and_when_there_is_room_it_goes_on(
    ana: Owner, sources: list[tuple[str, Path]], target: Path
):
    key = ana.public()

    with files_of_at_most(300_000), pytest.raises(StoreFull):
        encrypt_package(sources, key, target, at=NOW)
    assert names_in(target.parent) == []
    with files_of_at_most(0), pytest.raises(GnuPGFailed):
        examine_key(key, NOW)

    encrypt_package(sources, key, target, at=NOW)
    assert names_in(target.parent) == [target.name]


def test_no_plain_byte_is_ever_in_a_file(ana: Owner, sources: list[tuple[str, Path]], target: Path, tmp_path: Path):
    seen: set[str] = set()

    def look(done: int) -> None:
        for file in [*(tmp_path / "temporary").rglob("*"), *target.parent.iterdir()]:
            if file.is_file():
                seen.add(file.parent.name + "/" + file.name[:12])
                assert MARKER[:16] not in file.read_bytes(), file
        process = Path(f"/proc/{our_gpg()}")
        assert MARKER[:16] not in (process / "cmdline").read_bytes()

    encrypt_package(sources, ana.public(), target, at=NOW, progress=look)

    assert any(name.startswith("outgoing/.dua-ledger-") for name in seen)
    assert any(name.endswith("/pubring.kbx") for name in seen)


def in_place_of_gpg(folder: Path, monkeypatch: pytest.MonkeyPatch, *script: str) -> None:
    """Put a shell script before the real gpg, which it finds as "$GPG", with the caller's arguments."""
    programs = folder / "programs"
    programs.mkdir()
    program = programs / "gpg"
    program.write_text("\n".join(["#!/bin/sh", f"GPG='{shutil.which('gpg')}'", *script, 'exec "$GPG" "$@"', ""]))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


WHEN_ENCRYPTING = 'case " $* " in *" --encrypt "*)'
LYING: dict[str, tuple[type[LedgerError], str]] = {
    "encrypts for somebody else too": (WrongRecipients, 'exec "$GPG" --recipient-file {ben} "$@"'),
    "encrypts for somebody hidden too": (WrongRecipients, 'exec "$GPG" --hidden-recipient-file {ben} "$@"'),
    "hides whom it encrypts for": (
        WrongRecipients,
        'for last; do :; done; set -- $(echo "$*" | sed \'s/--no-throw-keyids/--throw-keyids/\'); exec "$GPG" "$@"',
    ),
    "encrypts for somebody else": (
        WrongRecipients,
        'exec "$GPG" --recipient-file {ben} $(echo "$*" | sed \'s/--recipient [0-9A-F]*!//\')',
    ),
    "does not encrypt": (GnuPGFailed, 'exec "$GPG" $(echo "$*" | sed "s/--encrypt/--store/")'),
    "writes another message behind it": (NotAPackage, '"$GPG" "$@" > {out}; code=$?; cat {out} {out}; exit $code'),
    "writes something behind it": (NotAPackage, '"$GPG" "$@"; code=$?; echo; exit $code'),
    "writes nothing": (NotAPackage, '"$GPG" "$@" > /dev/null; exit'),
    "takes another cipher": (GnuPGFailed, 'exec "$GPG" $(echo "$*" | sed "s/AES256/AES128/")'),
    "fails at the end": (GnuPGFailed, '"$GPG" "$@"; exit 2'),
    "does nothing and calls it done": (GnuPGFailed, "cat; exit 0"),
    "does not read": (GnuPGFailed, "exit 0"),
}


@pytest.mark.parametrize("lie", LYING)
def test_a_gpg_that_does_something_else_is_found_out_and_leaves_nothing(
    ana: Owner,
    ben: Owner,
    sources: list[tuple[str, Path]],
    target: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lie: str,
):
    error, script = LYING[lie]
    key, theirs = ana.public(), tmp_path / "ben.asc"
    theirs.write_bytes(ben.public())
    script = script.format(ben=theirs, out=tmp_path / "out")
    in_place_of_gpg(tmp_path, monkeypatch, f"{WHEN_ENCRYPTING} {script} ;; esac")

    with pytest.raises(error) as caught:
        encrypt_package(sources, key, target, at=NOW)
    if isinstance(caught.value, WrongRecipients):
        assert caught.value.expected == (ana.subkeys()[0][-16:],)
        assert caught.value.found != caught.value.expected
        with pytest.raises(WrongRecipients):
            seal_nonce("nonce", key, NOW)
    assert names_in(target.parent) == []


def test_a_gpg_that_hangs_is_ended(
    ana: Owner, sources: list[tuple[str, Path]], target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    key = ana.public()
    in_place_of_gpg(tmp_path, monkeypatch, f"{WHEN_ENCRYPTING} exec tail -f /dev/null ;; esac")
    monkeypatch.setattr(ledger.openpgp.conversation, "PATIENCE_SECONDS", 0.2)

    with pytest.raises(GnuPGFailed, match=r"0\.2 seconds"):
        encrypt_package(sources, key, target, at=NOW)
    assert names_in(target.parent) == []


PROJECT = Path(__file__).parent.parent
PACK = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ledger.openpgp import encrypt_package

source, key, target = map(Path, sys.argv[1:])
encrypt_package([("big", source)], key.read_bytes(), target, at=datetime(2026, 11, 21, tzinfo=UTC))
status = Path("/proc/self/status").read_text()
print(status.split("VmHWM:")[1].split()[0])
"""


def peak_kilobytes(source: Path, key: Path, target: Path) -> int:
    """The most memory that a process of its own takes to make a package."""
    command = [sys.executable, "-c", PACK, str(source), str(key), str(target)]
    return int(subprocess.run(command, capture_output=True, check=True, cwd=PROJECT).stdout)


@pytest.mark.campaign
def test_a_large_file_takes_no_more_memory_than_a_small_one(ana: Owner, tmp_path: Path, target: Path):
    size = 2 * 2**30 if CAMPAIGN else 64 * 2**20
    key, small, large = tmp_path / "ana.asc", tmp_path / "small", tmp_path / "large"
    key.write_bytes(ana.public())
    small.write_bytes(MARKER)
    with large.open("wb") as file:
        file.truncate(size)

    peaks = [peak_kilobytes(source, key, target.with_name(source.name)) for source in (small, large)]

    assert target.with_name("large").stat().st_size > size
    assert peaks[1] - peaks[0] < 8 * 1024
    target.with_name("large").unlink()


PACK_WHEN_READY = f"""
import sys, tempfile
import ledger.openpgp
tempfile.tempdir = sys.argv.pop()
print("ready", flush=True)
{PACK}
"""


@pytest.mark.campaign
def test_a_ctrl_c_at_any_moment_leaves_a_whole_package_or_none(
    ana: Owner, tmp_path: Path, sources: list[tuple[str, Path]], target: Path
):
    key, temporary = tmp_path / "ana.asc", tmp_path / "temporary"
    key.write_bytes(ana.public())
    _, source = sources[0]
    command = [sys.executable, "-c", PACK_WHEN_READY, str(source), str(key), str(target), str(temporary)]
    cut, turns = 0, 300 if CAMPAIGN else 8
    # How long a package takes is learnt from those that were finished, so that the signals fall all over that time.
    quickest = 5.0

    for turn in range(2 * turns):
        if turn >= turns and cut:
            break
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=PROJECT)
        assert process.stdout is not None
        process.stdout.readline()
        began = monotonic()
        with suppress(subprocess.TimeoutExpired):
            process.wait(quickest * (1 - turn * 7919 % 997 / 997 if turn < turns else 0))
            quickest = min(quickest, monotonic() - began)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate()
        assert process.returncode in (0, -signal.SIGINT), told.decode()
        assert names_in(temporary) == [], told.decode()
        assert processes_about(temporary) == []
        assert names_in(target.parent) in ([], [target.name])
        if target.exists():
            assert unpacked(ana.decrypt(target.read_bytes())) == {"big": source.read_bytes()}
            target.unlink()
        else:
            cut += 1
    assert cut > 0


# Nonces, recipients, programs


def test_a_sealed_nonce_opens_for_its_recipient_and_is_never_sealed_twice_alike(ana: Owner, ben: Owner, tmp_path: Path):
    first, second = (seal_nonce("7F-2A ✓", ana.public(), NOW) for _ in range(2))

    assert first.startswith(b"-----BEGIN PGP MESSAGE-----\n")
    assert first != second
    assert [ana.decrypt(sealed).decode() for sealed in (first, second)] == ["7F-2A ✓"] * 2
    sealed = tmp_path / "sealed.asc"
    sealed.write_bytes(first)
    assert recipients_of(sealed) == (ana.subkeys()[0][-16:],)


@pytest.fixture
def message(ana: Owner) -> list[bytes]:
    """The two packets of a message for Ana: the session key for her, and the encrypted data."""
    content = dearmored(ana, seal_nonce("nonce", ana.public(), NOW))
    length = 2 + content[1]
    return [content[:length], content[length:]]


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


def test_the_program_says_which_it_is():
    assert re.fullmatch(r"gpg \(GnuPG\) 2\.\d+\.\d+\S*, libgcrypt \d+\.\d+\.\d+\S*", gpg_version())


def test_without_gpg_it_says_how_to_get_it(ana: Owner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    key = ana.public()
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ProgramMissing, match="apt-get install gnupg") as caught:
        examine_key(key, NOW)
    assert caught.value.program == "gpg"


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo cfg:version:1.4.23; exit 0", ProgramMissing),
        ("echo no such thing; exit 0", ProgramMissing),
        ("exit 3", GnuPGFailed),
    ],
)
def test_a_gpg_that_is_too_old_or_broken_is_no_gpg(
    ana: Owner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, error: type[LedgerError]
):
    key = ana.public()
    in_place_of_gpg(tmp_path, monkeypatch, script)

    with pytest.raises(error):
        examine_key(key, NOW)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("gpg: error writing keyring: No space left on device", StoreFull),
        ("gpg: import from [stdin] failed: Input/output error", GnuPGFailed),
        ('gpg: key 0123: public key "Permission denied" not imported', NotAKey),
    ],
)
def test_a_machine_in_trouble_is_not_taken_for_a_bad_key(
    ana: Owner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, message: str, error: type[LedgerError]
):
    key = ana.public()
    told = f"cat > /dev/null; echo '{message}' >&2; exit 2"
    in_place_of_gpg(tmp_path, monkeypatch, f'case " $* " in *" --import "*) {told} ;; esac')

    with pytest.raises(error):
        examine_key(key, NOW)


def test_the_folder_for_temporary_files_may_have_a_long_path(
    ana: Owner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    folder = tmp_path / ("x" * 150)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    assert ana.decrypt(seal_nonce("nonce", ana.public(), NOW)) == b"nonce"
    assert verify_signature(TEXT, ana.sign(TEXT, JUNE), ana.public(), NOW) == signed_by(ana)
    assert names_in(folder) == []


def test_without_a_folder_for_temporary_files_it_says_so(ana: Owner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    key = ana.public()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    with pytest.raises(Unreachable):
        examine_key(key, NOW)
