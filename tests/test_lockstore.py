"""The lock store keeps what was signed in one line, in a file or in a PostgreSQL database that several nodes share."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.pool import ThreadPool
from pathlib import Path

import psycopg
import pytest

from ledger.errors import AlreadyThere, Damaged, Malformed, NotALedger
from ledger.evidence.lockstore import NOTHING, SCHEMA, SETTINGS, Cosignature, LockStore, Stored, create_lock_store
from ledger.storage import is_postgres
from tests.postgres import as_superuser
from tests.stores import POSTGRES

ANOTHER, WITNESS = "another.example.edu/w+00000000+AA", "ir.example.edu/w+00000000+AA"


@pytest.fixture(params=["file", POSTGRES])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a lock store is that nothing was signed into."""
    found = request.getfixturevalue("service_url") if request.param == "postgres" else f"sqlite:///{tmp_path}/lock.db"
    create_lock_store(found)
    return str(found)


@pytest.fixture
def lock(url: str) -> Iterator[LockStore]:
    with LockStore(url) as opened:
        yield opened


def by_hand(url: str, *statements: str) -> None:
    """Run statements on a lock store, as somebody might who owns it."""
    if is_postgres(url):
        with closing(psycopg.connect(as_superuser(url), autocommit=True)) as server:
            server.execute("SET search_path = lock_store")
            for statement in statements:
                server.execute(statement.encode())
    else:
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
            for statement in statements:
                file.execute(statement)


def test_a_checkpoint_is_only_kept_behind_the_one_that_its_signer_knows(lock: LockStore):
    one, two, three = Stored(1, b"one"), Stored(2, b"two"), Stored(3, b"three")

    assert lock.last() == NOTHING
    assert lock.add(one, NOTHING)
    assert not lock.add(two, NOTHING)
    assert not lock.add(two, Stored(1, b"another"))
    assert lock.add(three, one)
    assert not lock.add(two, one)
    assert list(lock.all()) == [one, three]
    assert (lock.last(), lock.at(1), lock.at(2)) == (three, one, None)
    assert [lock.has_between(2, beyond) for beyond in (3, 4)] == [False, True]


def test_of_many_who_sign_the_same_at_once_one_is_first(url: str):
    def sign(number: int) -> bool:
        with LockStore(url) as lock:
            return lock.add(Stored(1, b"%d" % number), NOTHING)

    with ThreadPool(6) as threads:
        assert sorted(threads.map(sign, range(6), chunksize=1)) == [False] * 5 + [True]


def test_while_the_last_one_is_held_no_other_is_added(lock: LockStore, url: str):
    with LockStore(url) as other, ThreadPool(1) as threads:
        with lock.held() as last:
            adding = threads.apply_async(other.add, (Stored(1, b"one"), NOTHING))
            assert (last, lock.last()) == (NOTHING, NOTHING)
        assert adding.get()
    assert lock.last() == Stored(1, b"one")


@pytest.mark.parametrize("size", [-1, 0, 1, 2])
def test_no_checkpoint_is_kept_for_a_size_that_was_signed_or_passed(lock: LockStore, size: int):
    last = Stored(2, b"two")
    lock.add(last, NOTHING)
    with pytest.raises(Damaged):
        lock.add(Stored(size, b"again"), last)
    assert list(lock.all()) == [last]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE checkpoints SET note = NULL",
        "DELETE FROM checkpoints",
        "UPDATE cosignatures SET line = NULL",
        "DELETE FROM cosignatures",
        "INSERT INTO cosignatures (size, witness, line) SELECT 3, witness, line FROM cosignatures",
    ],
)
def test_what_is_in_the_lock_store_neither_changes_nor_goes(lock: LockStore, url: str, statement: str):
    lock.add(Stored(2, b"two"), NOTHING)
    lock.add_cosignature(Cosignature(2, WITNESS, b"line"))
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException)):
        by_hand(url, statement)


def test_each_witness_has_one_cosignature_for_a_size(lock: LockStore):
    for before, one in zip([NOTHING, Stored(1, b"1")], [Stored(1, b"1"), Stored(2, b"2")], strict=True):
        lock.add(one, before)
    kept = [Cosignature(1, WITNESS, b"a"), Cosignature(2, WITNESS, b"b"), Cosignature(1, ANOTHER, b"c")]
    for cosignature in (*kept, Cosignature(1, WITNESS, b"later")):
        lock.add_cosignature(cosignature)

    assert lock.cosigned(WITNESS) == kept[1]
    assert list(lock.cosignatures(WITNESS)) == kept[:2]
    assert lock.cosignatures_over(1) == [kept[2], kept[0]]
    assert (lock.cosigned_sizes(), lock.witnesses()) == ([1, 2], [ANOTHER, WITNESS])
    with pytest.raises(Damaged):
        lock.add_cosignature(Cosignature(7, WITNESS, b"over nothing"))


def test_a_lock_store_that_was_made_with_larger_pages_is_gone_on_with(tmp_path: Path):
    with closing(sqlite3.connect(tmp_path / "lock.db", isolation_level=None)) as file:
        for setting in ("page_size = 4096", *SETTINGS[1:]):
            file.execute(f"PRAGMA {setting}")
        SCHEMA.declare(file)

    with LockStore(f"sqlite:///{tmp_path}/lock.db") as lock:
        stored = [Stored(size, b"%d" % size) for size in range(1, 30)]
        assert all(lock.add(one, before) for before, one in zip([NOTHING, *stored], stored, strict=False))
        assert list(lock.all()) == stored


def test_many_checkpoints_are_read_in_order(lock: LockStore, url: str):
    stored = [Stored(size, b"%d" % size) for size in range(1, 1203)]
    assert lock.add(stored[0], NOTHING)
    note = "convert_to(size::text, 'UTF8')" if is_postgres(url) else "CAST(CAST(size AS TEXT) AS BLOB)"
    sizes = "WITH RECURSIVE sizes (size) AS (SELECT 2 UNION ALL SELECT size + 1 FROM sizes WHERE size < 1202)"
    by_hand(url, f"{sizes} INSERT INTO checkpoints (size, note) SELECT size, {note} FROM sizes ORDER BY size")

    assert list(lock.all()) == stored


def test_what_was_put_before_the_first_checkpoint_is_read_too(lock: LockStore, url: str):
    junk, one = Stored(-5, b"junk"), Stored(1, b"one")
    assert lock.add(one, NOTHING)
    values = "(-5, 'junk')" if is_postgres(url) else "(-5, CAST('junk' AS BLOB))"
    line = values.replace("(-5,", f"(-5, '{WITNESS}',")
    by_hand(
        url,
        *guards_off(url),
        f"INSERT INTO checkpoints (size, note) VALUES {values}",
        f"INSERT INTO cosignatures (size, witness, line) VALUES {line}",
    )

    assert list(lock.all()) == [junk, one]
    assert list(lock.cosignatures(WITNESS)) == [Cosignature(-5, WITNESS, b"junk")]


def guards_off(url: str) -> list[str]:
    """What lets a lock store's owner add what they like, as long as it is open."""
    guards = ("checkpoints_only_grow", "cosignatures_have_checkpoints")
    if is_postgres(url):
        return [f"ALTER TABLE {guard.split('_')[0]} DISABLE TRIGGER {guard}" for guard in guards]
    return [f"DROP TRIGGER {guard}" for guard in guards]


def test_a_lock_store_without_its_guards_is_refused(url: str):
    guard = "checkpoints_no_delete ON checkpoints" if is_postgres(url) else "checkpoints_never_go"
    by_hand(url, f"DROP TRIGGER {guard}")
    with pytest.raises(Damaged):
        LockStore(url)


def test_none_is_made_where_something_was_signed(lock: LockStore, url: str):
    lock.add(Stored(1, b"one"), NOTHING)
    with pytest.raises(AlreadyThere):
        create_lock_store(url)
    assert lock.last() == Stored(1, b"one")


@pytest.mark.needs("initdb")
def test_a_database_without_a_lock_store_is_refused(postgres_url: str):
    by_hand(postgres_url, "DROP SCHEMA lock_store CASCADE")
    with pytest.raises(NotALedger, match="`dua-ledger migrate` makes one"):
        LockStore(postgres_url)


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///", "mysql://x", "/a/path", "sqlite:///a\0b"])
def test_what_is_no_url_of_a_lock_store_is_refused(url: str):
    with pytest.raises(Malformed):
        LockStore(url)


def test_a_url_with_a_password_is_not_written_down():
    with pytest.raises(Malformed, match="has a password in it") as refused:
        create_lock_store("postgresql://api:secret@db/ledger")
    assert "secret" not in str(refused.value)
