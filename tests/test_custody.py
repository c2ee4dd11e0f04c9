"""Custody keeps what the log only commits to, opens it for its commitment, and says what it keeps."""

import hashlib
import hmac
import io
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.custody import (
    MAX_TEXT_BYTES,
    Claim,
    Custody,
    Document,
    Erasure,
    Kept,
    Places,
    commit,
    member_of,
    purpose_of,
    verify_commitment,
)
from ledger.errors import (
    AlreadyThere,
    LedgerError,
    Malformed,
    Missing,
    NewerSchema,
    NotALedger,
    StoreFull,
    Tampered,
    Unreachable,
)
from tests.custody_facts import (
    ANA,
    BEN,
    NOON,
    OVER_BOTH,
    PDF,
    Folder,
    a_person_and_a_document,
    checked,
    no_file_may_grow_beyond,
    noon,
    outcomes,
)

SALT = bytes(range(32))
LONE_SURROGATE = "Dr \ud800"


# The commitment


def test_a_commitment_is_what_the_format_says():
    message = b"dua-ledger/v1\nperson.registered/name\n" + "Dr Ána".encode()

    assert commit(SALT, "person.registered/name", "Dr Ána") == hmac.new(SALT, message, hashlib.sha256).hexdigest()


def test_a_commitment_made_elsewhere_is_known():
    # printf 'dua-ledger/v1\nperson.registered/name\nAna' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f
    known = "527c30e8610080332ec0e3d2ace93787ac9c41c5e792db107406c89512073996"

    assert commit(SALT, "person.registered/name", "Ana") == known


@given(text=st.text(), other=st.text())
def test_a_commitment_holds_for_its_text_and_for_no_other(text: str, other: str):
    commitment = commit(SALT, "person.registered/name", text)

    verify_commitment(commitment, SALT, "person.registered/name", text)
    if text != other:
        with pytest.raises(Tampered):
            verify_commitment(commitment, SALT, "person.registered/name", other)


@pytest.mark.parametrize(
    ("salt", "purpose"), [(bytes(32), "person.registered/name"), (SALT, "person.registered/phone")]
)
def test_a_commitment_holds_for_no_other_salt_or_purpose(salt: bytes, purpose: str):
    with pytest.raises(Tampered):
        verify_commitment(commit(SALT, "person.registered/name", "Ana"), salt, purpose, "Ana")


@pytest.mark.parametrize(
    ("salt", "purpose", "value"),
    [
        (bytes(31), "person.registered/name", "Ana"),
        (SALT, "person.registered/name\n", "Ana"),
        (SALT, "", "Ana"),
        (SALT, "person.registered/name", LONE_SURROGATE),
    ],
)
def test_what_cannot_be_committed_to_is_malformed(salt: bytes, purpose: str, value: str):
    with pytest.raises(Malformed):
        commit(salt, purpose, value)


def test_a_purpose_names_event_and_member():
    assert purpose_of("person.registered", "name") == "person.registered/name"
    assert member_of("person.registered/name") == "name"


@pytest.mark.parametrize(
    ("wire_name", "member"),
    [("a/b", "c"), ("a", "b/c"), ("", "c"), ("a", ""), ("a\n", "c"), ("a", "c\x00"), ("a" * 200, "c" * 200)],
)
def test_no_two_purposes_can_be_taken_for_each_other(wire_name: str, member: str):
    with pytest.raises(Malformed):
        purpose_of(wire_name, member)


# Sealing and opening


def test_what_is_sealed_can_be_opened_for_its_commitment(custody: Custody):
    sealed = custody.seal(ANA, "person.registered", {"name": "Dr Ana", "phone": ""})

    assert {member: custody.unseal(commitment) for member, commitment in sealed.items()} == {
        "name": "Dr Ana",
        "phone": "",
    }


def test_what_is_sealed_is_still_there_when_custody_is_opened_again(folder: Folder):
    with folder.create() as custody:
        claims = a_person_and_a_document(custody, ANA)

    with folder.open() as custody:
        assert outcomes(custody, claims) == {commitment: None for commitment, _ in claims}


def test_any_text_comes_back_as_it_was(custody: Custody):
    @settings(max_examples=30, deadline=None)
    @given(values=st.dictionaries(st.sampled_from(["name", "address", "note", "é"]), st.text(), min_size=1))
    def round_trip(values: dict[str, str]):
        sealed = custody.seal(ANA, "person.registered", values)

        assert {member: custody.unseal(commitment) for member, commitment in sealed.items()} == values
        assert not any(checked(custody, ((sealed[m], f"person.registered/{m}") for m in sealed)))

    round_trip()


def test_the_same_text_gives_another_commitment_each_time(custody: Custody):
    first, second = (custody.seal(ANA, "person.registered", {"name": "Ana"})["name"] for _ in range(2))

    assert first != second


def test_what_is_revealed_of_one_commitment_makes_that_commitment_again(custody: Custody):
    commitment = custody.seal(ANA, "person.registered", {"name": "Dr Ana"})["name"]

    opened = custody.reveal(commitment)

    assert (opened.subject, opened.purpose, opened.value) == (ANA, "person.registered/name", "Dr Ana")
    assert commit(opened.salt, opened.purpose, opened.value) == commitment


def test_what_is_revealed_is_not_shown_by_printing_it(custody: Custody):
    commitment = custody.seal(ANA, "person.registered", {"name": "Dr Ana"})["name"]

    assert repr(custody.reveal(commitment)) == f"Opened(subject={ANA!r}, purpose='person.registered/name')"


def test_sealing_nothing_keeps_nothing(custody: Custody, folder: Folder):
    assert custody.seal(ANA, "person.registered", {}) == {}
    assert folder.run("keys.db", "SELECT count(*) FROM subject_keys") == [(0,)]


def test_no_plain_text_is_in_any_file(custody: Custody, folder: Folder):
    custody.seal(ANA, "person.registered", {"name": "Plainly Readable Name"})
    custody.keep_document(ANA, "request.submitted", io.BytesIO(b"Plainly Readable Letter"), PDF)

    assert not any(b"Readable" in content for content in folder.contents().values())


@pytest.mark.parametrize(
    ("subject", "wire_name", "values"),
    [
        ("", "person.registered", {"name": "Ana"}),
        ("person:\n", "person.registered", {"name": "Ana"}),
        (ANA, "person/registered", {"name": "Ana"}),
        (ANA, "person.registered", {"name": "Ana", "": "x"}),
        (ANA, "person.registered", {"name": "Ana", "documents": "x"}),
        (ANA, "person.registered", {"name": "Ana", "note": LONE_SURROGATE}),
        (ANA, "person.registered", {"name": "Ana", "note": "x" * (MAX_TEXT_BYTES + 1)}),
        (ANA, "person.registered", {"name": "Ana", "note": "é" * (MAX_TEXT_BYTES // 2) + "x"}),
    ],
)
def test_what_cannot_be_sealed_is_malformed_and_nothing_is_kept(
    custody: Custody, folder: Folder, subject: str, wire_name: str, values: dict[str, str]
):
    before = folder.contents()

    with pytest.raises(Malformed):
        custody.seal(subject, wire_name, values)

    assert folder.contents() == before


@OVER_BOTH
def test_a_text_as_long_as_may_be_is_sealed(custody: Custody):
    text = "x" * MAX_TEXT_BYTES

    assert custody.unseal(custody.seal(ANA, "person.registered", {"note": text})["note"]) == text


def test_an_error_never_shows_the_text(custody: Custody):
    for text in (LONE_SURROGATE, "Dr " * MAX_TEXT_BYTES):
        with pytest.raises(Malformed) as caught:
            custody.seal(ANA, "person.registered", {"name": text})

        assert "Dr" not in str(caught.value)
        assert caught.value.__context__ is None


def test_a_clock_without_a_zone_is_refused(folder: Folder):
    folder.create().close()
    with (
        Custody.open(folder.places, lambda: NOON.replace(tzinfo=None)) as custody,
        pytest.raises(Malformed, match="zone"),
    ):
        custody.seal(ANA, "person.registered", {"name": "Ana"})


@pytest.mark.parametrize("commitment", ["", "0" * 63, "0" * 65, "A" * 64, "0" * 63 + "\n", "x" * 64])
def test_what_is_no_commitment_is_malformed(custody: Custody, commitment: str):
    with pytest.raises(Malformed):
        custody.unseal(commitment)


@OVER_BOTH
def test_nothing_is_kept_for_an_unknown_commitment(custody: Custody):
    unknown = "0" * 64

    for ask in (custody.unseal, custody.reveal, custody.read_document):
        with pytest.raises(Missing):
            ask(unknown)
    with pytest.raises(Missing):
        custody.check(Claim(unknown, "person.registered/name"))


# Checking


@OVER_BOTH
def test_what_is_kept_of_one_subject_is_not_what_is_claimed_of_another(custody: Custody):
    commitment = custody.seal(ANA, "person.registered", {"name": "Dr Ana"})["name"]

    custody.check(Claim(commitment, "person.registered/name", ANA))
    with pytest.raises(Tampered, match=f"is kept as one of {ANA}, not of {BEN}"):
        custody.check(Claim(commitment, "person.registered/name", BEN))


@OVER_BOTH
def test_checking_says_of_each_claim_whether_it_holds_in_the_order_asked(custody: Custody):
    claims = a_person_and_a_document(custody, ANA)
    wrong = (claims[0][0], "person.registered/phone")

    results = checked(custody, [claims[0], wrong, ("0" * 64, "a/b"), *claims[1:]])

    assert [type(result) for result in results] == [type(None), Tampered, Missing, type(None), type(None)]


@OVER_BOTH
def test_many_more_claims_than_are_read_at_once_are_checked(custody: Custody):
    sealed = custody.seal(ANA, "person.registered", {f"m{n}": str(n) for n in range(1_000)})
    claims = [(commitment, f"person.registered/{member}") for member, commitment in sealed.items()]

    assert outcomes(custody, claims) == dict.fromkeys(sealed.values())
    assert {kept.commitment for kept in custody.commitments()} == set(sealed.values())


def test_a_commitment_shown_for_another_member_does_not_check(custody: Custody):
    commitment = custody.seal(ANA, "person.registered", {"name": "Ana"})["name"]

    with pytest.raises(Tampered, match=r"was made for .*name, not for .*name"):
        custody.check(Claim(commitment, "person.details_changed/name"))


# What is kept, and sweeping


@OVER_BOTH
def test_it_lists_what_is_kept(custody: Custody):
    claims = a_person_and_a_document(custody, ANA)

    assert list(custody.commitments()) == [
        Kept(commitment, ANA, purpose, NOON) for commitment, purpose in sorted(claims)
    ]


@OVER_BOTH
@pytest.mark.parametrize(("database", "table"), [("keys.db", "salts"), ("custody.db", "sealed")])
def test_it_lists_what_is_kept_in_one_store_only(custody: Custody, folder: Folder, database: str, table: str):
    claims = a_person_and_a_document(custody, ANA)
    folder.run(database, f"DELETE FROM {table}")

    assert [kept.commitment for kept in custody.commitments()] == sorted(commitment for commitment, _ in claims)


@OVER_BOTH
def test_what_nobody_committed_to_is_swept_and_the_rest_is_not(custody: Custody, folder: Folder):
    kept = a_person_and_a_document(custody, ANA)
    given_up = a_person_and_a_document(custody, BEN)
    traces = folder.traces_of(BEN)

    swept = custody.sweep(dict(kept).__contains__, NOON + timedelta(seconds=1))

    assert swept == Erasure(salts=3, keys=1, values=2, documents=1)
    assert outcomes(custody, kept) == dict.fromkeys(dict(kept))
    assert [type(result) for result in checked(custody, given_up)] == [Missing] * 3
    assert folder.found(traces) == []


def test_what_was_sealed_just_now_is_not_swept(custody: Custody):
    claims = a_person_and_a_document(custody, ANA)

    assert custody.sweep(lambda commitment: False, NOON) == Erasure()
    assert outcomes(custody, claims) == dict.fromkeys(dict(claims))


def test_a_moment_is_rounded_up_so_that_nothing_is_swept_too_early(folder: Folder):
    folder.create().close()
    a_bit_later = NOON + timedelta(microseconds=1)
    with Custody.open(folder.places, lambda: a_bit_later) as custody:
        custody.seal(ANA, "person.registered", {"name": "Ana"})

        assert custody.sweep(lambda commitment: False, a_bit_later + timedelta(microseconds=1)) == Erasure()


@OVER_BOTH
@pytest.mark.parametrize(("database", "table"), [("keys.db", "salts"), ("custody.db", "sealed")])
def test_what_a_crash_left_in_one_store_is_swept(custody: Custody, folder: Folder, database: str, table: str):
    custody.seal(ANA, "person.registered", {"name": "Ana", "phone": "+1 617 253 1000"})
    traces = folder.traces_of(ANA)
    folder.run(database, f"DELETE FROM {table}")

    custody.sweep(lambda commitment: False, NOON + timedelta(seconds=1))

    assert list(custody.commitments()) == []
    assert folder.found(traces) == []


# The files


def test_every_file_and_folder_is_for_its_owner_only(custody: Custody, folder: Folder):
    a_person_and_a_document(custody, ANA)

    assert {oct(file.stat().st_mode & 0o777) for file in folder.files()} == {"0o600"}
    assert {oct(place.stat().st_mode & 0o777) for place in (folder.path / "documents").rglob("*") if place.is_dir()} | {
        oct((folder.path / "documents").stat().st_mode & 0o777)
    } == {"0o700"}


def test_making_it_never_overwrites(folder: Folder):
    folder.create().close()
    before = folder.contents()

    with pytest.raises(AlreadyThere):
        folder.create()

    assert folder.contents() == before


@pytest.mark.parametrize("there", ["keys.db", "key-encryption-key", "custody.db", "documents"])
def test_where_one_of_its_files_is_already_nothing_is_made(folder: Folder, there: str):
    (folder.path / there).write_bytes(b"mine")

    with pytest.raises(AlreadyThere):
        folder.create()

    assert folder.contents() == {folder.path / there: b"mine"}


def test_what_there_is_no_room_to_make_is_not_half_made(folder: Folder):
    with no_file_may_grow_beyond(5_000), pytest.raises(StoreFull):
        folder.create()

    assert folder.files() == []


def test_the_keys_can_lie_elsewhere(tmp_path: Path):
    for name in ("keys", "rest"):
        (tmp_path / name).mkdir()
    keys, rest = Places.inside(tmp_path / "keys"), Places.inside(tmp_path / "rest")
    places = Places(keys.keys, keys.key_encryption_key, rest.vault, rest.documents)

    with Custody.create(places, noon) as custody:
        claims = a_person_and_a_document(custody, ANA)
    with Custody.open(places, noon) as custody:
        assert outcomes(custody, claims) == dict.fromkeys(dict(claims))
    assert sorted(file.name for file in (tmp_path / "keys").iterdir()) == ["key-encryption-key", "keys.db"]


@pytest.mark.parametrize("gone", ["keys.db", "key-encryption-key", "custody.db", "documents"])
def test_what_has_lost_a_file_does_not_open(folder: Folder, gone: str):
    folder.create().close()
    (folder.path / gone).rename(folder.path / "elsewhere")

    with pytest.raises((Unreachable, NotALedger), match=gone):
        folder.open()


@pytest.mark.parametrize("database", ["keys.db", "custody.db"])
@pytest.mark.parametrize(
    ("pragma", "error"),
    [("application_id = 1", NotALedger), ("user_version = 2", NewerSchema), ("user_version = 0", NotALedger)],
)
def test_a_database_of_another_kind_or_version_does_not_open(
    folder: Folder, database: str, pragma: str, error: type[LedgerError]
):
    folder.create().close()
    folder.run(database, f"PRAGMA {pragma}")

    with pytest.raises(error, match=database):
        folder.open()


@pytest.mark.parametrize("database", ["keys.db", "custody.db"])
@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_what_is_no_database_does_not_open(folder: Folder, database: str, content: bytes):
    folder.create().close()
    (folder.path / database).write_bytes(content)

    with pytest.raises(NotALedger, match=database):
        folder.open()


@pytest.mark.parametrize("database", ["keys.db", "custody.db"])
def test_a_database_with_a_table_or_trigger_that_is_not_ours_does_not_open(folder: Folder, database: str):
    folder.create().close()
    folder.run(database, "CREATE TABLE copies (box BLOB)")

    with pytest.raises(LedgerError, match="its tables are not those of"):
        folder.open()


def test_a_database_that_was_switched_to_a_write_ahead_log_is_switched_back(folder: Folder):
    folder.create().close()
    for database in ("keys.db", "custody.db"):
        folder.run(database, "PRAGMA journal_mode=WAL")

    with folder.open() as custody:
        claims = a_person_and_a_document(custody, ANA)

        assert outcomes(custody, claims) == dict.fromkeys(dict(claims))
    assert not [file for file in folder.files() if file.name.endswith(("-wal", "-shm", "-journal"))]
    assert folder.run("keys.db", "PRAGMA journal_mode") == [("delete",)]


def test_without_room_nothing_is_kept_and_with_room_it_goes_on(custody: Custody, folder: Folder):
    claims = a_person_and_a_document(custody, ANA)
    largest = max(len(content) for content in folder.contents().values())

    with no_file_may_grow_beyond(largest), pytest.raises(StoreFull):
        custody.seal(ANA, "person.registered", {f"note{n}": "x" * 60_000 for n in range(5)})
    with no_file_may_grow_beyond(largest), pytest.raises(StoreFull):
        custody.keep_document(ANA, "request.submitted", io.BytesIO(bytes(largest)), PDF)

    assert outcomes(custody, claims) == dict.fromkeys(dict(claims))
    assert not [file for file in folder.files() if file.suffix == ".part"]
    content = bytes(largest)
    letter = custody.keep_document(ANA, "request.submitted", io.BytesIO(content), PDF)
    assert custody.read_document(letter) == Document(content, PDF, largest, hashlib.sha256(content).hexdigest())
    custody.sweep({*dict(claims), letter}.__contains__, NOON + timedelta(seconds=1))
    assert {kept.commitment for kept in custody.commitments()} == {*dict(claims), letter}
