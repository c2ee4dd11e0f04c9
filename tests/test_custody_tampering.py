"""Whoever alters what custody keeps, in any column or byte, is found out at the commitments that it touches."""

import random
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

import pytest

from ledger.custody import Custody, Opened
from ledger.errors import CustodyError, Damaged, LedgerError, Missing, NotALedger, Tampered
from tests.custody_facts import (
    ANA,
    BEN,
    OVER_BOTH,
    Folder,
    a_person_and_a_document,
    forged_document,
    forged_text,
    outcomes,
)
from tests.stores import CAMPAIGN

COLUMNS = {
    ("keys.db", "opened_by"): ["wrapped"],
    ("keys.db", "subject_keys"): ["subject", "wrapped"],
    ("keys.db", "salts"): ["commitment", "subject", "purpose", "created_at", "mark", "wrapped"],
    ("keys.db", "secrets"): ["name", "wrapped"],
    ("custody.db", "sealed"): ["commitment", "subject", "purpose", "created_at", "document", "box"],
}
CASES = [
    (database, table, column)
    for (database, table), columns in COLUMNS.items()
    if table not in ("opened_by", "secrets")  # test_keystore.py
    for column in columns
]
OF_A_ROW = [case for case in CASES if case[1] != "subject_keys"]


@pytest.fixture
def claims(folder: Folder) -> list[tuple[str, str]]:
    with folder.create() as custody:
        claims = [*a_person_and_a_document(custody, ANA), *a_person_and_a_document(custody, BEN)]
        for subject in (ANA, BEN):
            sealed = custody.seal(subject, "person.details-changed", {"email": f"{subject[-3:]}@example.edu"})
            claims.append((sealed["email"], "person.details-changed/email"))
        return claims


def found(folder: Folder, claims: list[tuple[str, str]]) -> dict[str, CustodyError]:
    """The commitments that do not check, with what is said of them."""
    with folder.open() as custody:
        results = outcomes(custody, claims)
    assert all(result is None or result.commitment == commitment for commitment, result in results.items())
    return {commitment: result for commitment, result in results.items() if result is not None}


def of_subject(folder: Folder, subject: object) -> set[str]:
    rows = folder.run("custody.db", "SELECT commitment FROM sealed WHERE subject = ?", subject)
    return {commitment.hex() for (commitment,) in rows if isinstance(commitment, bytes)}


def altered(value: object) -> Iterator[object]:
    """The value with a bit or character changed at each place, made longer and shorter, and gone or there."""
    match value:
        case bytes():
            for place in range(len(value)):
                yield value[:place] + bytes([value[place] ^ 1 << place % 8]) + value[place + 1 :]
            yield value[:-1]
            yield value + b"\x00"
            yield b""
        case str():
            for place in range(len(value)):
                yield value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
            yield value[:-1]
            yield value + " "
            yield ""
        case int():
            yield from (value + 1, value - 1, -value, 0, 2**62)
        case None:
            yield bytes(32)
    if value is not None:
        yield None


def test_these_are_all_the_columns_that_there_are(folder: Folder, claims: list[tuple[str, str]]):
    there = {
        (database, str(table)): [
            str(name) for (name,) in folder.run(database, "SELECT name FROM pragma_table_info(?)", table)
        ]
        for database in ("keys.db", "custody.db")
        for (table,) in folder.run(database, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    }

    assert there == COLUMNS


@OVER_BOTH
def test_nothing_is_found_where_nothing_was_altered(folder: Folder, claims: list[tuple[str, str]]):
    assert found(folder, claims) == {}


@pytest.mark.parametrize(("database", "table", "column"), CASES)
def test_an_altered_column_is_found_where_it_was_altered(
    folder: Folder, claims: list[tuple[str, str]], database: str, table: str, column: str
):
    key = COLUMNS[database, table][0]
    tried = 0
    with folder.open() as custody, closing(sqlite3.connect(folder.path / database, isolation_level=None)) as shell:
        for identity, value in shell.execute(f"SELECT {key}, {column} FROM {table}").fetchall():
            expected = {identity.hex()} if isinstance(identity, bytes) else of_subject(folder, identity)
            for other in altered(value):
                try:
                    shell.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (other, identity))
                except sqlite3.IntegrityError:
                    continue  # the table refuses it
                results = outcomes(custody, claims)
                assert {c for c, result in results.items() if result is not None} == expected, (value, other)
                now = other if column == key else identity
                shell.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (value, now))
                tried += 1
    assert tried > 5
    assert found(folder, claims) == {}


@pytest.mark.parametrize(("database", "table", "column"), OF_A_ROW)
def test_two_rows_that_exchanged_a_column_are_found(
    folder: Folder, claims: list[tuple[str, str]], database: str, table: str, column: str
):
    pristine = folder.contents()
    rows = folder.run(database, f"SELECT commitment, {column} FROM {table}")
    for one, its in rows:
        for other, others in rows:
            if its == others or others == b"":
                continue
            with closing(sqlite3.connect(folder.path / database)) as shell, shell:
                if column == "commitment":
                    # The commitments change places, and with them all that stands beside them.
                    exchange = [(bytes(32), one), (one, other), (other, bytes(32))]
                else:
                    exchange = [(others, one), (its, other)]
                shell.executemany(f"UPDATE {table} SET {column} = ? WHERE commitment = ?", exchange)
            assert isinstance(one, bytes)
            assert isinstance(other, bytes)
            assert found(folder, claims).keys() == {one.hex(), other.hex()}
            folder.restore(pristine)


@OVER_BOTH
def test_another_text_that_was_sealed_with_the_right_keys_is_not_what_was_committed_to(
    folder: Folder, claims: list[tuple[str, str]]
):
    """Nothing but the commitment tells: the box opens, and is bound to it."""
    (commitment, _), *_ = claims
    with folder.open() as custody:
        box = forged_text(custody, commitment, "Dr Somebody Else")
    folder.run("custody.db", "UPDATE sealed SET box = ? WHERE commitment = ?", box, bytes.fromhex(commitment))

    assert {one: type(error) for one, error in found(folder, claims).items()} == {commitment: Tampered}
    with folder.open() as custody, pytest.raises(Tampered):
        custody.unseal(commitment)


@OVER_BOTH
def test_another_document_that_was_kept_with_the_right_keys_is_not_what_was_committed_to(
    folder: Folder, claims: list[tuple[str, str]]
):
    _, _, (commitment, _), *_ = claims
    with folder.open() as custody:
        forged = forged_document(custody, commitment, b"%PDF another")
    statement = "UPDATE sealed SET document = ?, box = ? WHERE commitment = ?"
    folder.run("custody.db", statement, *forged, bytes.fromhex(commitment))

    assert {one: type(error) for one, error in found(folder, claims).items()} == {commitment: Tampered}
    with folder.open() as custody, pytest.raises(Tampered):
        custody.read_document(commitment)


@pytest.mark.parametrize(("database", "table"), [("keys.db", "salts"), ("custody.db", "sealed")])
def test_a_row_that_was_deleted_is_missing(folder: Folder, claims: list[tuple[str, str]], database: str, table: str):
    pristine = folder.contents()
    for commitment, _ in claims:
        folder.run(database, f"DELETE FROM {table} WHERE commitment = ?", bytes.fromhex(commitment))

        assert {c: type(result) for c, result in found(folder, claims).items()} == {commitment: Missing}
        folder.restore(pristine)


@OVER_BOTH
def test_without_a_subjects_key_all_that_is_kept_of_it_is_missing(folder: Folder, claims: list[tuple[str, str]]):
    folder.run("keys.db", "DELETE FROM subject_keys WHERE subject = ?", ANA)

    assert {c: type(result) for c, result in found(folder, claims).items()} == dict.fromkeys(
        of_subject(folder, ANA), Missing
    )


@OVER_BOTH
def test_a_row_that_was_inserted_is_listed_and_opens_for_nobody(folder: Folder, claims: list[tuple[str, str]]):
    forged = bytes(31) + b"\x01"
    for database, table in (("keys.db", "salts"), ("custody.db", "sealed")):
        others = ", ".join(COLUMNS[database, table][1:])
        statement = f"INSERT INTO {table} (commitment, {others}) SELECT ?, {others} FROM {table} WHERE commitment = ?"
        folder.run(database, statement, forged, bytes.fromhex(claims[0][0]))

    with folder.open() as custody:
        assert {kept.commitment for kept in custody.commitments()} == {*dict(claims), forged.hex()}
        with pytest.raises(Tampered):
            custody.unseal(forged.hex())
    assert found(folder, claims) == {}


@pytest.mark.parametrize("database", ["keys.db", "custody.db"])
def test_a_list_whose_rows_were_brought_out_of_order_comes_to_an_end(
    folder: Folder, claims: list[tuple[str, str]], database: str
):
    greatest = bytes.fromhex(max(dict(claims)))
    content = (folder.path / database).read_bytes()
    # An address stands in the index of marks, too.
    assert content.count(greatest) in (1, 2)
    (folder.path / database).write_bytes(content.replace(greatest, bytes(32)))

    with folder.open() as custody, pytest.raises(Damaged, match="out of order"):
        list(custody.commitments())


@OVER_BOTH
@pytest.mark.parametrize(("database", "table"), [("keys.db", "salts"), ("custody.db", "sealed")])
def test_a_time_that_no_clock_shows_is_damage(folder: Folder, claims: list[tuple[str, str]], database: str, table: str):
    folder.run(database, f"UPDATE {table} SET created_at = created_at + {1 << 60}")

    with folder.open() as custody, pytest.raises(Damaged, match=table):
        list(custody.commitments())


@OVER_BOTH
def test_what_is_kept_of_one_subject_cannot_be_passed_off_as_anothers(folder: Folder, claims: list[tuple[str, str]]):
    anas = of_subject(folder, ANA)
    for database, table in (("keys.db", "salts"), ("custody.db", "sealed")):
        folder.run(database, f"UPDATE {table} SET subject = ? WHERE subject = ?", BEN, ANA)

    assert found(folder, claims).keys() == anas


def test_files_from_another_folder_are_found(folder: Folder, claims: list[tuple[str, str]], tmp_path: Path):
    (tmp_path / "other").mkdir()
    with Folder(tmp_path / "other").create() as custody:
        a_person_and_a_document(custody, ANA)
    pristine = folder.contents()

    (folder.path / "keys.db").write_bytes((tmp_path / "other" / "keys.db").read_bytes())
    with pytest.raises(NotALedger):
        folder.open()
    (folder.path / "key-encryption-key").write_bytes((tmp_path / "other" / "key-encryption-key").read_bytes())
    assert {type(result) for result in found(folder, claims).values()} == {Missing}

    folder.restore(pristine)
    (folder.path / "custody.db").write_bytes((tmp_path / "other" / "custody.db").read_bytes())
    assert {type(result) for result in found(folder, claims).values()} == {Missing}


@pytest.mark.campaign
@pytest.mark.parametrize("database", ["keys.db", "custody.db"])
def test_no_flipped_bit_in_a_database_gives_a_wrong_answer(
    folder: Folder, claims: list[tuple[str, str]], database: str
):
    """Not every bit matters, and a broken file may be refused as a whole; but every error has its name."""
    with folder.open() as custody:
        values = {commitment: custody.reveal(commitment) for commitment, _ in claims}
    pristine = folder.contents()
    file = folder.path / database
    every = range(8 * len(pristine[file]))
    many = 20_000 if CAMPAIGN else 250
    bits = [*range(0, 800, 7), *random.Random(1).sample(every, many)]
    for bit in bits:
        flipped = bytearray(pristine[file])
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        _answers_rightly_or_by_name(folder, values)
        folder.restore(pristine)


def _answers_rightly_or_by_name(folder: Folder, values: Mapping[str, Opened]) -> None:
    with suppress(LedgerError), folder.open() as custody:
        for commitment, value in values.items():
            with suppress(LedgerError):
                assert custody.reveal(commitment) == value
        with suppress(LedgerError):
            assert len(list(custody.commitments())) <= 2 * len(values)


@OVER_BOTH
def test_custody_that_is_not_altered_can_be_read_while_it_is_open_elsewhere(
    folder: Folder, claims: list[tuple[str, str]]
):
    with folder.open() as one, folder.open() as other:
        sealed = one.seal(ANA, "person.registered", {"name": "Ana"})

        assert _texts(other, sealed) == {"name": "Ana"}


def _texts(custody: Custody, sealed: dict[str, str]) -> dict[str, str]:
    return {member: custody.unseal(commitment) for member, commitment in sealed.items()}
