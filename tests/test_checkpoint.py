"""A checkpoint says one thing in one way, and only the log's own key makes it one."""

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.chain.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    cosign_checkpoint,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from ledger.chain.merkle import EMPTY_ROOT
from ledger.chain.note import COSIGNATURE, ED25519, VerifierKey, sign_text, write_note
from ledger.errors import Malformed, SignatureFailed, UnknownKey

ORIGIN = "ir.example.edu/dua-ledger"
ROOT = bytes(range(32))
CHECKPOINT = Checkpoint(ORIGIN, 1_234_067, ROOT)
TEXT = b"ir.example.edu/dua-ledger\n1234067\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
KEY, NEXT, WITNESS = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2, 3))
SIGNED = sign_checkpoint(CHECKPOINT, [KEY])


def vkey(key: Ed25519PrivateKey = KEY, name: str = ORIGIN, type_: bytes = ED25519) -> VerifierKey:
    return VerifierKey(name, type_, key.public_key().public_bytes_raw())


def test_a_checkpoint_is_three_lines():
    assert CHECKPOINT.text() == TEXT
    assert parse_checkpoint(TEXT) == CHECKPOINT


def test_the_checkpoint_of_an_empty_log_has_size_0():
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)

    assert parse_checkpoint(empty.text()) == empty


def test_a_signed_checkpoint_is_opened_by_the_key_of_its_log():
    assert open_checkpoint(SIGNED, [vkey()]) == SignedCheckpoint(SIGNED, CHECKPOINT, (vkey(),))


@pytest.mark.parametrize(
    "text",
    [
        *(TEXT[:-1], TEXT + b"\n", TEXT + b"extension\n", b"\n" + TEXT, TEXT.replace(b"\n", b"\r\n"), b"", b"\n\n\n"),
        *(
            TEXT.replace(b"1234067", size)
            for size in (b"", b"01", b"00", b"-1", b"+1", b" 1", b"1.", b"9" * 17, b"1e3")
        ),
        TEXT.replace(b"1234067", b"9007199254740992"),
        TEXT.replace(b"1234067", "\N{ARABIC-INDIC DIGIT ONE}".encode()),
        *(TEXT.replace(b"HR4f", b"HR4").replace(b"8=", root) for root in (b"8", b"9=", b"8==", b"", b"A8=")),
        TEXT.replace(ORIGIN.encode(), b"two words"),
        TEXT.replace(ORIGIN.encode(), b"plus+sign"),
        TEXT.replace(ORIGIN.encode(), b"\xff"),
        b"ir.example.edu\n1\n" + b64encode(bytes(31)) + b"\n",
        b"ir.example.edu\n1\n" + b64encode(bytes(33)) + b"\n",
    ],
)
def test_what_is_not_quite_a_checkpoint_is_refused(text):
    with pytest.raises(Malformed):
        parse_checkpoint(text)


def test_every_flipped_bit_of_a_signed_checkpoint_is_found():
    for place in range(len(SIGNED)):
        for bit in range(8):
            flipped = bytearray(SIGNED)
            flipped[place] ^= 1 << bit
            with pytest.raises((Malformed, SignatureFailed, UnknownKey)):
                open_checkpoint(bytes(flipped), [vkey()])


def test_no_signed_checkpoint_can_be_cut_short_or_added_to():
    for length in range(len(SIGNED)):
        with pytest.raises(Malformed):
            open_checkpoint(SIGNED[:length], [vkey()])
    for more in (b"\n", b" ", b"\0", SIGNED[-10:], TEXT):
        with pytest.raises(Malformed):
            open_checkpoint(SIGNED + more, [vkey()])


def test_two_keys_sign_for_a_while_and_each_opens_it_alone():
    both = sign_checkpoint(CHECKPOINT, [KEY, NEXT])

    assert open_checkpoint(both, [vkey()]).signers == (vkey(),)
    assert open_checkpoint(both, [vkey(NEXT)]).signers == (vkey(NEXT),)
    assert open_checkpoint(both, [vkey(NEXT), vkey()]).signers == (vkey(), vkey(NEXT))


def test_a_cosignature_is_added_and_needs_the_logs_own_signature_beside_it():
    cosigned = cosign_checkpoint(SIGNED, "witness.example", WITNESS, 1_700_000_000)
    witness = vkey(WITNESS, "witness.example", COSIGNATURE)

    assert cosigned.startswith(SIGNED)
    assert open_checkpoint(cosigned, [vkey()]).signers == (vkey(),)
    assert open_checkpoint(cosigned, [vkey(), witness]).signers == (vkey(), witness)
    with pytest.raises(UnknownKey):
        open_checkpoint(cosigned, [witness])


def test_every_flipped_bit_of_a_cosigned_checkpoint_is_found_by_who_knows_both_keys_or_takes_the_cosignature_away():
    cosigned = cosign_checkpoint(SIGNED, "witness.example", WITNESS, 1_700_000_000)
    keys = [vkey(), vkey(WITNESS, "witness.example", COSIGNATURE)]
    for place in range(len(cosigned)):
        for bit in range(8):
            flipped = bytearray(cosigned)
            flipped[place] ^= 1 << bit
            try:
                signers = open_checkpoint(bytes(flipped), keys).signers
            except (Malformed, SignatureFailed, UnknownKey):
                continue
            # The name or key ID of the witness was altered: nobody knows who that is, and only the log has signed.
            assert place >= len(SIGNED)
            assert signers == (vkey(),)


def test_a_log_signs_under_no_name_but_its_own():
    for signer in (
        sign_text(TEXT, "another.example", KEY),
        sign_text(TEXT, ORIGIN.upper(), KEY),
    ):
        with pytest.raises(UnknownKey):
            open_checkpoint(write_note(TEXT, [signer]), [vkey(name=signer.name)])


def test_what_is_no_checkpoint_is_not_cosigned():
    text = b"some other text\n"
    with pytest.raises(Malformed):
        cosign_checkpoint(write_note(text, [sign_text(text, ORIGIN, KEY)]), "witness.example", WITNESS, 1)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [("two words", 1, ROOT), (ORIGIN, -1, ROOT), (ORIGIN, 2**53, ROOT), (ORIGIN, 1, ROOT[1:])],
)
def test_no_checkpoint_is_made_that_could_not_be_read(origin, size, root):
    with pytest.raises(Malformed):
        Checkpoint(origin, size, root)
