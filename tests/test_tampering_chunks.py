"""Where the chunks meet that verify looks at one by one, or in several processes, nothing is overlooked."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.evidence.verify import CHUNK, verify_log
from ledger.storage import open_store
from ledger.storage.tag_index import STEP
from tests.tampering import fill_store, guards_down, places

LONG = 2 * CHUNK + STEP + 77
BOUNDARY = [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1]
LONG_ATTACKS = {
    "a bit of the entry": "UPDATE entries SET entry = CAST(replace(entry, '{}', '{ ') AS BLOB) WHERE position = ?",
    "its leaf": "UPDATE entries SET tree = CAST(x'00' || substr(tree, 2) AS BLOB) WHERE position = ?",
    "its highest subtree": (
        "UPDATE entries SET tree = CAST(substr(tree, 1, length(tree) - 1) || x'00' AS BLOB) WHERE position = ?"
    ),
    "its highest subtree is gone": "UPDATE entries SET tree = substr(tree, 1, length(tree) - 32) WHERE position = ?",
    "a subtree more": "UPDATE entries SET tree = CAST(tree || substr(tree, 1, 32) AS BLOB) WHERE position = ?",
    "its leaf twice": "UPDATE entries SET tree = CAST(substr(tree, 1, 32) || tree AS BLOB) WHERE position = ?",
    "a tag": "UPDATE tags SET tag = 'thing:other' WHERE tag LIKE 'thing:%' AND position = ?",
    "its type": "UPDATE tags SET type = 'thing.happened.v2' WHERE position = ?",
    "the row": "DELETE FROM entries WHERE position = ?",
    "its number": "UPDATE entries SET position = 1000000000000 + position WHERE position = ?",
}


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "log.db"
    fill_store(path, LONG, tags=lambda number: [f"thing:{number % 500}"])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def a_long_log(long_log: Path, tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    path.write_bytes(long_log.read_bytes())
    return path


@pytest.mark.parametrize("attack", LONG_ATTACKS.values(), ids=LONG_ATTACKS)
def test_an_alteration_where_chunks_meet_is_found(a_long_log: Path, attack: str):
    pristine = a_long_log.read_bytes()
    for position in BOUNDARY:
        with closing(sqlite3.connect(a_long_log, isolation_level=None)) as connection, guards_down(connection):
            assert connection.execute(attack, (position,)).rowcount
        with open_store(f"sqlite:///{a_long_log}") as store:
            assert position in places(verify_log(store))
        a_long_log.write_bytes(pristine)


@pytest.mark.parametrize(
    ("attack", "position"),
    [
        ("a bit of the entry", CHUNK),
        ("its leaf", CHUNK),
        ("the row", CHUNK),
        ("its highest subtree", 2 * CHUNK),
        ("a tag", CHUNK + 1),
    ],
)
def test_several_processes_find_what_one_finds(a_long_log: Path, attack: str, position: int):
    with closing(sqlite3.connect(a_long_log, isolation_level=None)) as connection, guards_down(connection):
        connection.execute(LONG_ATTACKS[attack], (position,))
    with closing(sqlite3.connect(a_long_log)) as connection:
        connection.execute("DROP TRIGGER tags_never_go")
    url = f"sqlite:///{a_long_log}"

    with open_store(url) as store:
        alone = verify_log(store)

        assert verify_log(store, url=url, processes=3) == alone
    assert position in places(alone)
