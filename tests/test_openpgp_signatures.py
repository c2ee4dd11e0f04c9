"""Signatures, with the real gpg: who signed a text and when, and every signature that is refused."""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import TooLarge
from ledger.openpgp import MAX_SIGNATURE_BYTES, seal_nonce, verify_signature
from ledger.openpgp.errors import (
    ByAnotherKey,
    ByExpiredKey,
    ByRevokedKey,
    NotAKey,
    NotASignature,
    NotDetached,
    OverAnotherText,
    SecretKey,
    SeveralKeys,
    SeveralSignatures,
    SignatureRefused,
    SignedInFuture,
)
from tests.keys import COMPROMISED, MADE, NO_REASON, RETIRED, SUPERSEDED, Keyring, Owner
from tests.openpgp_facts import (
    DAY,
    JUNE,
    MARCH,
    NOW,
    SECOND,
    TEXT,
    ana,
    ben,
    dearmored,
    flipped,
    nothing_is_left,
    packet,
    packets,
    ring,
    signed_by,
)
from tests.stores import CAMPAIGN

__all__ = ["ana", "ben", "nothing_is_left", "ring"]

pytestmark = pytest.mark.needs("gpg")


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
