"""Notes are opened only as they were signed; verifier keys, against one that everybody knows."""

from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.note import (
    COSIGNATURE,
    ED25519,
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Note,
    OpenedNote,
    Signature,
    VerifierKey,
    check_key_name,
    cosign_text,
    key_id,
    open_note,
    parse_note,
    parse_vkey,
    sign_text,
    verifier_key,
    write_note,
)
from ledger.errors import LedgerError, Malformed, SignatureFailed, TooLarge, UnknownKey

# The Go checksum database, as every Go program carries it (golang.org/x/mod/sumdb).
SUM_GOLANG_ORG = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


def test_the_verifier_key_of_the_go_checksum_database_is_made_again():
    name, identity, encoded = SUM_GOLANG_ORG.split("+", 2)
    key = b64decode(encoded)

    assert (key[:1], len(key)) == (ED25519, 33)
    assert key_id(name, key).hex() == identity
    assert verifier_key(name, key[1:]) == SUM_GOLANG_ORG


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "two words", "plus+sign", "+", "tab\tname", "line\nend", "line end\n"),
        *("no-break\u00a0space", "ideographic\u3000space", "line\u2028separator", "next\u0085line"),
        *("nul\0", "escape\x1b", "control\x9b", "right-to-left\u202e", "lone\ud800", "zero\u200bwidth"),
    ],
    ids=ascii,
)
def test_what_no_key_may_be_called_is_refused(name):
    with pytest.raises(Malformed) as refusal:
        check_key_name(name)
    with pytest.raises(Malformed):
        verifier_key(name, bytes(32))

    assert (refusal.value.what, refusal.value.value) == ("key name", name)


@pytest.mark.parametrize("name", ["a", "ir.example.edu/dua-ledger", "örtlich.example/datenkatalog", "a:8080/~x?y=%20"])
def test_anything_else_may_be(name):
    assert verifier_key(name, bytes(32)).startswith(f"{name}+")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_public_key_has_32_bytes(size):
    with pytest.raises(Malformed) as refusal:
        verifier_key("ir.example.edu", bytes(size))

    assert refusal.value.value == size


# Keys.


@pytest.mark.parametrize("type_", [ED25519, COSIGNATURE])
def test_a_verifier_key_is_read_as_it_was_written(type_):
    key = VerifierKey("witness.example.edu/w1", type_, bytes(range(32)))

    assert parse_vkey(str(key)) == key


def test_no_character_of_a_verifier_key_can_be_another():
    for place, letter in enumerate(SUM_GOLANG_ORG):
        for other in {chr(ord(letter) ^ 1 << bit) for bit in range(7)} | {letter.swapcase()} - {letter}:
            with pytest.raises(Malformed):
                parse_vkey(SUM_GOLANG_ORG[:place] + other + SUM_GOLANG_ORG[place + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "name",
            "name+033de0ae",
            SUM_GOLANG_ORG + "\n",
            SUM_GOLANG_ORG + "=",
            SUM_GOLANG_ORG[:-4],
            f" {SUM_GOLANG_ORG}",
        ),
        SUM_GOLANG_ORG.replace("033de0ae", "033DE0AE"),
        # A type that nobody here knows, under the right key ID.
        f"n+{key_id('n', bytes([2]) + bytes(32)).hex()}+{b64encode(bytes([2]) + bytes(32)).decode()}",
    ],
)
def test_what_is_not_quite_a_verifier_key_is_refused(text):
    with pytest.raises(Malformed):
        parse_vkey(text)


# Notes.

NAME = "ir.example.edu/dua-ledger"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
TEXT = "Ærlig\n\ntext\n".encode()


def vkey(key: Ed25519PrivateKey = KEY, type_: bytes = ED25519, name: str = NAME) -> VerifierKey:
    return VerifierKey(name, type_, key.public_key().public_bytes_raw())


SIGNED = write_note(TEXT, [sign_text(TEXT, NAME, KEY)])


def test_a_note_is_opened_by_the_key_that_signed_it():
    assert SIGNED.startswith(TEXT + "\n— ir.example.edu/dua-ledger ".encode())
    assert open_note(SIGNED, [vkey()]) == OpenedNote(TEXT, (vkey(),))


def test_a_note_that_no_known_key_has_signed_cannot_be_verified():
    for keys in ([], [vkey(OTHER)], [vkey(name="another.example")], [vkey(type_=COSIGNATURE)]):
        with pytest.raises(UnknownKey) as refusal:
            open_note(SIGNED, keys)
        assert refusal.value.signers == (f"{NAME}+{vkey().key_id.hex()}",)


def test_signatures_by_keys_that_are_not_known_are_passed_over_wherever_they_stand():
    signatures = [sign_text(TEXT, NAME, OTHER), sign_text(TEXT, NAME, KEY), Signature("odd", b"1234", b"?")]

    assert open_note(write_note(TEXT, signatures), [vkey()]).signers == (vkey(),)


def test_a_signature_that_stands_twice_counts_once():
    signed = sign_text(TEXT, NAME, KEY)

    assert open_note(write_note(TEXT, [signed, signed]), [vkey()]).signers == (vkey(),)


def test_one_bad_signature_of_a_known_key_spoils_the_note_however_many_are_good():
    bad = Signature(NAME, vkey().key_id, OTHER.sign(TEXT))
    good = sign_text(TEXT, NAME, KEY)
    for signatures in ([bad], [good, bad], [bad, good]):
        with pytest.raises(SignatureFailed) as refusal:
            open_note(write_note(TEXT, signatures), [vkey()])
        assert (refusal.value.name, refusal.value.key_id) == (NAME, vkey().key_id)


def test_a_cosignature_says_when_it_was_made_and_is_over_the_time_too():
    signature = cosign_text(TEXT, "witness", KEY, 1_700_000_000)
    witness = vkey(type_=COSIGNATURE, name="witness")

    assert signature.value[:8] == (1_700_000_000).to_bytes(8, "big")
    KEY.public_key().verify(signature.value[8:], b"cosignature/v1\ntime 1700000000\n" + TEXT)
    assert open_note(write_note(TEXT, [signature]), [witness]).signers == (witness,)
    for value in (
        (1_700_000_001).to_bytes(8, "big") + signature.value[8:],
        signature.value[8:],
        signature.value + b"\0",
        bytes(8) + KEY.sign(TEXT),
    ):
        with pytest.raises(SignatureFailed):
            witness.check(TEXT, value)


def test_every_flipped_bit_of_a_note_is_found():
    for place in range(len(SIGNED)):
        for bit in range(8):
            flipped = bytearray(SIGNED)
            flipped[place] ^= 1 << bit
            with pytest.raises((Malformed, SignatureFailed, UnknownKey)):
                open_note(bytes(flipped), [vkey()])


LINE = sign_text(TEXT, NAME, KEY).line()


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"\n", b"\n\n", b"text\n", b"text\n\n", TEXT + LINE, TEXT + b"\n" + LINE[:-1], b"text\n" + LINE),
        *(TEXT + b"\n\n", TEXT + b"\n" + LINE + b"\n", TEXT + b"\n" + LINE + b"x\n", TEXT + b"\n" + LINE + TEXT),
        *(b"a\tb\n\n" + LINE, b"a\r\n\n" + LINE, b"a\0\n\n" + LINE, b"\xff\n\n" + LINE),
        TEXT + b"\n" + LINE.replace("—".encode(), b"-"),
        TEXT + b"\n" + LINE.replace("— ".encode(), "—".encode()),
        TEXT + b"\n" + LINE.replace(b" ir", b"  ir"),
        TEXT + b"\n" + LINE.replace(b"=", b""),
        TEXT + b"\n" + LINE.replace(b"/dua", b"+dua"),
        TEXT + "\n— name AAAAAA==\n".encode(),
        TEXT + "\n— name \n".encode(),
        TEXT + "\n— AAAAAAAA\n".encode(),
    ],
)
def test_what_is_not_quite_a_note_is_refused(raw):
    with pytest.raises(Malformed):
        parse_note(raw)


def test_a_note_that_is_too_long_or_signed_too_often_is_refused():
    long = b"x" * (MAX_NOTE_BYTES - len(LINE) - 2) + b"\n\n" + LINE
    often = [Signature("n", b"1234", bytes([number])) for number in range(MAX_SIGNATURES)]

    assert parse_note(long).text == long[: -len(LINE) - 1]
    assert parse_note(write_note(TEXT, often)).signatures == tuple(often)
    with pytest.raises(TooLarge):
        parse_note(b"x" + long)
    with pytest.raises(TooLarge):
        write_note(TEXT, [*often, often[0]])


@pytest.mark.parametrize("text", [b"", b"no line end", b"a\tb\n", b"\xff\n"])
def test_what_cannot_be_the_text_of_a_note_is_not_signed(text):
    with pytest.raises(Malformed):
        write_note(text, [sign_text(text, NAME, KEY)])


texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\n")).map(lambda text: text.encode() + b"\n")
signatures = st.builds(
    Signature,
    st.text(st.sampled_from("abc./é—"), min_size=1),
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=80),
)


@given(text=texts, signed=st.lists(signatures, min_size=1, max_size=4))
def test_a_note_is_read_as_it_was_written(text: bytes, signed: list[Signature]):
    assert parse_note(write_note(text, signed)) == Note(text, tuple(signed))


@given(raw=st.binary(max_size=60) | st.builds(lambda a, b: a + b"\n\n" + b + b"\n", st.binary(), st.binary()))
def test_any_bytes_are_a_note_that_would_be_written_so_or_refused_by_name(raw: bytes):
    try:
        note = parse_note(raw)
    except LedgerError:
        return
    assert write_note(note.text, note.signatures) == raw
