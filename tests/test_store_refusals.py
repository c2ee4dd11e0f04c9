"""What SQLite itself refuses, to whoever opens the file."""

import sqlite3
from contextlib import closing

import pytest

from ledger.errors import Damaged
from ledger.evidence.report import Verdict
from ledger.evidence.verify import verify_log
from ledger.storage import open_store
from ledger.storage.tag_index import STEP
from tests.stores import contents, event, nothing_written, path_of

# Of entries that are all alike, what the row at the end of their step lists.
EARLIER = ",".join(map(str, range(1, STEP)))
GROWS = "only ever added after the last"
SPOILING = {
    "UPDATE entries SET entry = x'00' WHERE position = 2": "an entry never changes",
    "UPDATE entries SET tree = x'00'": "an entry never changes",
    "UPDATE entries SET position = position + 1 WHERE position = 70": "an entry never changes",
    "UPDATE OR REPLACE entries SET position = 1 WHERE position = 2": "an entry never changes",
    "UPDATE OR IGNORE entries SET entry = x'00'": "an entry never changes",
    "DELETE FROM entries": "an entry never goes",
    "DELETE FROM entries WHERE position = 70": "an entry never goes",
    "REPLACE INTO entries VALUES (300, x'00', x'00')": GROWS,
    "INSERT OR REPLACE INTO entries VALUES (2, x'00', x'00')": GROWS,
    "INSERT OR IGNORE INTO entries VALUES (2, x'00', x'00')": GROWS,
    "INSERT INTO entries VALUES (2, x'00', x'00') ON CONFLICT DO UPDATE SET entry = x'00'": GROWS,
    "INSERT INTO entries VALUES (302, x'00', x'00')": GROWS,
    "INSERT INTO entries VALUES (0, x'00', x'00')": GROWS,
    "INSERT INTO entries VALUES (-1, x'00', x'00')": GROWS,
    "INSERT INTO entries VALUES (NULL, x'00', x'00')": GROWS,
    "INSERT INTO entries (tree, entry) VALUES (x'00', x'00')": GROWS,
    "INSERT INTO entries VALUES (301, x'00', x'00'), (301, x'00', x'00')": GROWS,
    "UPDATE tags SET tag = 'b'": "a tag never changes",
    "UPDATE OR REPLACE tags SET position = 1": "a tag never changes",
    "UPDATE tags SET type = 'u' WHERE tag = ''": "a tag never changes",
    "DELETE FROM tags": "a tag never goes",
    "DELETE FROM tags WHERE tag = 'a' AND position = 256": "a tag never goes",
}


@pytest.mark.parametrize("recursive", ["OFF", "ON"], ids=["", "recursive triggers"])
@pytest.mark.parametrize("statement", SPOILING)
def test_the_database_itself_refuses(statement, recursive, file_url):
    with open_store(file_url) as store:
        store.append([event("t", "a")] * 300)
        with nothing_written(store), closing(sqlite3.connect(path_of(file_url), isolation_level=None)) as plain:
            plain.execute(f"PRAGMA recursive_triggers = {recursive}")
            with pytest.raises(sqlite3.IntegrityError, match=SPOILING[statement]):
                plain.execute(statement)


def test_what_somebody_put_in_the_way_of_an_append_is_named_and_nothing_is_written(file_url):
    with open_store(file_url) as store:
        store.append([event("t", "a")] * (STEP - 4))
        with closing(sqlite3.connect(path_of(file_url), isolation_level=None)) as plain:
            plain.execute("INSERT INTO tags VALUES ('a', 't', ?, ?)", (STEP, EARLIER))
        before = contents(store)

        with pytest.raises(Damaged) as refused:
            store.append([event("t", "a")] * 10)

        why = "UNIQUE constraint failed: tags.tag, tags.type, tags.position, tags.earlier"
        assert vars(refused.value) == {"path": path_of(file_url), "why": why}
        assert contents(store) == before


def test_replacing_a_row_of_the_index_by_itself_changes_nothing(file_url):
    with open_store(file_url) as store:
        store.append([event("t", "a")] * STEP)
        with nothing_written(store), closing(sqlite3.connect(path_of(file_url), isolation_level=None)) as plain:
            plain.execute("INSERT OR REPLACE INTO tags VALUES ('a', 't', ?, ?)", (STEP, EARLIER))
            plain.execute("INSERT OR IGNORE INTO tags VALUES ('a', 't', ?, ?)", (STEP, EARLIER))


def test_nothing_takes_the_place_of_a_row_of_the_index(file_url):
    with open_store(file_url) as store:
        store.append([event("t", "a")] * STEP)
        with closing(sqlite3.connect(path_of(file_url), isolation_level=None)) as plain:
            plain.execute("INSERT OR REPLACE INTO tags VALUES ('a', 't', ?, '')", (STEP,))
            rows = plain.execute("SELECT earlier FROM tags WHERE tag = 'a'").fetchall()
        assert rows == [("",), (EARLIER,)]
        assert verify_log(store).verdict is Verdict.ALTERED
