"""A ledger on PostgreSQL: who may do what there, what is refused, what is found, and a home that is kept there."""

from collections.abc import Iterator
from contextlib import closing, suppress
from multiprocessing.pool import ThreadPool
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from api.cli import main
from ledger.errors import (
    AlreadyThere,
    Busy,
    Damaged,
    Malformed,
    NewerSchema,
    NotALedger,
    Unreachable,
)
from ledger.evidence.lockstore import NOTHING, LockStore, Stored
from ledger.evidence.verify import verify_log
from ledger.home import create_home, open_home
from ledger.storage import create_store, open_store, shared_tables, without_password
from ledger.storage.postgres import connections, declared, schema
from tests.facts import data_set, noon
from tests.postgres import ADMIN, MADE, Server, as_superuser, end_connections
from tests.stores import assert_holds, event, nothing_written
from tests.tampering import ORIGIN, record

pytestmark = pytest.mark.needs("initdb")


@pytest.fixture
def empty_url(postgres_server: Server) -> Iterator[str]:
    """A database with nothing in it."""
    name = postgres_server.new_database()
    yield postgres_server.url(name)
    postgres_server.drop(name)


def plain(url: str) -> "closing[psycopg.Connection[tuple[object, ...]]]":
    return closing(psycopg.connect(url, autocommit=True))


def spoil(url: str, *statements: str) -> None:
    """Do what a superuser can who takes the guards down, and puts them up again."""
    with plain(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in schema.TABLES:
            connection.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER".encode())
        for statement in statements:
            connection.execute(statement.encode())
        for name, declared in schema.GUARDS.items():
            table = declared.partition(" ON ledger.")[2].partition(" ")[0]
            connection.execute(f"ALTER TABLE ledger.{table} ENABLE ALWAYS TRIGGER {name}".encode())


# Making it.


def test_a_database_is_prepared_by_however_many_at_once(postgres_server: Server):
    names = [postgres_server.new_database() for _ in range(2)]
    urls = [postgres_server.url(name) for name in names for _ in range(3)]
    with ThreadPool(len(urls)) as threads:
        threads.map(create_store, urls)

    for name in names:
        with open_store(postgres_server.url(name)) as store:
            assert store.append([event()]) == 1
            assert_holds(store)
        postgres_server.drop(name)


def test_preparing_it_again_changes_nothing(postgres_url: str):
    with open_store(postgres_url) as store:
        store.append([event()])
        with nothing_written(store):
            assert run("migrate", postgres_url).exit_code == 0


def test_a_database_without_a_ledger_is_not_opened(empty_url: str):
    with pytest.raises(NotALedger, match="`dua-ledger migrate` makes one"):
        open_store(empty_url)


def test_no_ledger_is_made_where_something_else_has_its_name(empty_url: str):
    with plain(empty_url) as connection:
        connection.execute("CREATE SCHEMA ledger")

    with pytest.raises(NotALedger, match="has a schema ledger of something else"):
        create_store(empty_url)


@pytest.mark.parametrize("use", [open_store, create_store])
def test_a_ledger_of_a_newer_program_is_left_alone(use, postgres_url: str):
    spoil(postgres_url, "UPDATE ledger.version SET version = 2")

    with pytest.raises(NewerSchema) as refused:
        use(postgres_url)
    assert (refused.value.found, refused.value.known) == (2, 1)


def test_a_database_that_is_not_in_utf_8_is_refused(postgres_server: Server):
    postgres_server.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")

    with pytest.raises(NotALedger, match="not in UTF-8"):
        create_store(postgres_server.url("latin"))
    postgres_server.drop("latin")


@pytest.mark.parametrize(
    ("url", "why"),
    [("postgresql://api@/{name}?host=/nowhere", "No such file"), ("postgresql://nobody-at-all@/{name}?", "role")],
)
def test_a_server_that_cannot_be_reached_is_named_without_a_password(url: str, why: str, postgres_server: Server):
    where = url.format(name=MADE)
    with pytest.raises(Unreachable, match=why) as refused:
        open_store(where if "host=" in where else f"{where}host={postgres_server.folder}")

    assert "nobody-at-all@" not in str(refused.value.path)


def test_what_is_no_url_is_refused_without_showing_its_password():
    with pytest.raises(Malformed) as refused:
        open_store("postgresql://api:secret@host:notaport:1/x?nonsense=1")

    assert "secret" not in str(refused.value)


SHOWN = {
    "postgresql://api:secret@db1,db2:5433/ledger?target_session_attrs=any": "postgresql://api@db1,db2:5433/ledger",
    "postgresql:///ledger?user=api&password=secret&host=/run/pg&port=5433": "postgresql:///ledger?host=/run/pg&port=5433",
    "sqlite:////srv/ledger/log.db": "sqlite:////srv/ledger/log.db",
}


@pytest.mark.parametrize(("url", "shown"), SHOWN.items())
def test_a_url_is_shown_with_all_that_says_where_it_is_and_no_password(url: str, shown: str):
    assert without_password(url) == shown


# Who may do what.


def sqlstate_of(url: str, statement: str) -> str | None:
    """The code of what the server answers."""
    with plain(url) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(statement.encode())
    return refused.value.sqlstate


PLACES = [
    ("keys.opened_by", "wrapped"),
    ("keys.subject_keys", "wrapped"),
    ("keys.salts", "wrapped"),
    ("keys.secrets", "wrapped"),
    ("custody.sealed", "box"),
    ("custody.documents", "box"),
    ("lock_store.checkpoints", "note"),
    ("lock_store.cosignatures", "line"),
]
FORBIDDEN = [
    "UPDATE ledger.entries SET entry = 'x'",
    "DELETE FROM ledger.entries",
    "TRUNCATE ledger.entries",
    "UPDATE ledger.tags SET tag = 'x'",
    "DELETE FROM ledger.tags",
    "TRUNCATE ledger.tags",
    "INSERT INTO ledger.version VALUES (2)",
    "UPDATE ledger.version SET version = 2",
    "ALTER TABLE ledger.entries DISABLE TRIGGER ALL",
    "DROP TRIGGER entries_no_update ON ledger.entries",
    "DROP TABLE ledger.tags",
    "CREATE TABLE ledger.mine (a int)",
    "CREATE OR REPLACE FUNCTION ledger.rows_stay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "SET session_replication_role = replica",
    f"SET ROLE {declared.OWNER}",
]


def test_the_service_may_not_change_the_log_or_what_guards_it(service_url: str):
    with open_store(service_url) as store:
        store.append([event("t", "a")] * 3)
        with nothing_written(store):
            assert {one: sqlstate_of(service_url, one) for one in FORBIDDEN} == dict.fromkeys(FORBIDDEN, "42501")


PARTS_FORBIDDEN = [
    *(f"UPDATE {table} SET {column} = {column}" for table, column in PLACES),
    *(f"TRUNCATE {table}" for table, _ in PLACES),
    "DELETE FROM lock_store.checkpoints",
    "DELETE FROM lock_store.cosignatures",
    "ALTER TABLE lock_store.checkpoints DISABLE TRIGGER ALL",
    "CREATE TABLE keys.mine (a int)",
    "DROP FUNCTION keys.purge",
]


def test_the_service_may_neither_change_what_stands_beside_the_log_nor_unsign(service_url: str):
    found = {one: sqlstate_of(service_url, one) for one in PARTS_FORBIDDEN}
    assert found == dict.fromkeys(PARTS_FORBIDDEN, "42501")


def test_who_only_reads_sees_the_log_and_what_was_signed_and_nothing_of_custody(
    postgres_server: Server, postgres_url: str
):
    postgres_server.execute(
        f"DO $$ BEGIN CREATE ROLE auditor LOGIN IN ROLE {declared.READER}; EXCEPTION WHEN duplicate_object THEN END $$"
    )
    with open_store(postgres_url) as store:
        store.append([event()])
    url = postgres_url.replace(f"{ADMIN}@", "auditor@")

    with open_store(url) as store, LockStore(url) as lock:
        assert (store.length(), lock.last(), verify_log(store).findings) == (1, NOTHING, ())
        with pytest.raises(Unreachable, match="permission denied"):
            store.append([event()])
        with pytest.raises(Unreachable, match="permission denied"):
            lock.add(Stored(1, b"note"), NOTHING)
    for table, _ in PLACES[:-2]:
        assert sqlstate_of(url, f"SELECT FROM {table}") == "42501"
    assert sqlstate_of(url, "SELECT keys.purge()") == "42501"


def test_a_ledger_that_was_made_before_there_was_anything_beside_it_gets_it(postgres_url: str):
    with plain(postgres_url) as connection, open_store(postgres_url) as store:
        store.append([event()])
        connection.execute("DROP SCHEMA keys, custody, lock_store CASCADE")
        with nothing_written(store):
            assert run("migrate", postgres_url).exit_code == 0
    with LockStore(postgres_url) as lock:
        assert lock.last() == NOTHING


@pytest.mark.parametrize("schema_name", ["keys", "custody", "lock_store"])
def test_nothing_is_made_where_something_else_has_the_name_of_a_part(empty_url: str, schema_name: str):
    with plain(empty_url) as connection:
        connection.execute(f"CREATE SCHEMA {schema_name}".encode())

    with pytest.raises(NotALedger, match=f"has a schema {schema_name} of something else"):
        create_store(empty_url)


def test_the_service_reads_and_appends_one_or_many(service_url: str):
    with open_store(service_url) as store:
        assert store.append([event("t", "a")]) == 1
        assert store.append([event("t", "a")]) == 2
        assert store.append([event("t", "a")] * 300) == 302
        assert_holds(store)


SPOILING = {
    **dict.fromkeys(FORBIDDEN[:6], "never changes"),
    "INSERT INTO ledger.entries VALUES (5, 'x', 'x')": "only ever added after the last",
    "INSERT INTO ledger.entries VALUES (4, 'x', 'x'), (6, 'x', 'x')": "only ever added after the last",
    "INSERT INTO ledger.entries VALUES (0, 'x', 'x')": "violates check constraint",
    "INSERT INTO ledger.entries VALUES (2, 'x', 'x')": "duplicate key",
    "INSERT INTO ledger.entries VALUES (2, 'x', 'x') ON CONFLICT (position) DO UPDATE SET entry = 'x'": "never changes",
}


@pytest.mark.parametrize("statement", SPOILING)
def test_the_server_refuses_whoever_asks(statement: str, postgres_url: str):
    with open_store(postgres_url) as store:
        store.append([event("t", "a")] * 3)
        with nothing_written(store), plain(postgres_url) as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute(statement.encode())

    assert SPOILING[statement] in str(refused.value)


# What a superuser does all the same.

ATTACKS = {
    "UPDATE ledger.entries SET entry = convert_to(replace(convert_from(entry, 'UTF8'), '{}', '[]'), 'UTF8')"
    " WHERE position = 70": "entry 70: its bytes are not those that were hashed",
    "UPDATE ledger.entries SET tree = decode(repeat('00', 64), 'hex') WHERE position = 70": "entry 70: its bytes are",
    "DELETE FROM ledger.entries WHERE position = 70": "entry 70: is missing",
    "DELETE FROM ledger.tags WHERE position = 70 AND tag = 'a'": "entry 70: the tag index does not have 'a'",
    "INSERT INTO ledger.tags VALUES ('z', 't', 70)": "entry 70: the tag index has 'z' with type 't', and the entry",
    "INSERT INTO ledger.tags VALUES ('z', 't', 7000)": "entry 7000: it has no place in the tag index",
    "CREATE TABLE ledger.mine (a int)": "table mine is no part of a ledger's database",
    "ALTER TABLE ledger.tags ADD CONSTRAINT short CHECK (tag <> 'no')": "constraint short is no part",
    "CREATE OR REPLACE FUNCTION ledger.rows_stay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'": (
        "function rows_stay was declared otherwise"
    ),
    "CREATE RULE quiet AS ON DELETE TO ledger.tags DO INSTEAD NOTHING": "rule quiet is no part of a ledger's database",
    "ALTER TABLE ledger.entries OWNER TO CURRENT_USER": "table entries was declared otherwise",
    "ALTER TABLE ledger.entries ENABLE ROW LEVEL SECURITY": "table entries was declared otherwise",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_superuser_altered_is_found(attack: str, postgres_url: str):
    with open_store(postgres_url) as store:
        store.append([event("t", "a", "b")] * 140)
        assert_holds(store)
        spoil(postgres_url, attack)

        findings = [str(finding) for finding in verify_log(store).findings]

    assert any(ATTACKS[attack] in finding for finding in findings), findings


def test_a_guard_that_is_missing_or_asleep_is_found(postgres_url: str):
    with open_store(postgres_url) as store, plain(postgres_url) as connection:
        for name, declared_so in schema.GUARDS.items():
            table = declared_so.partition(" ON ledger.")[2].partition(" ")[0]
            connection.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER {name}".encode())
            asleep = store.strays()
            connection.execute(f"DROP TRIGGER {name} ON ledger.{table}".encode())
            missing = store.strays()
            connection.execute(declared_so.encode())
            connection.execute(f"ALTER TABLE ledger.{table} ENABLE ALWAYS TRIGGER {name}".encode())

            assert asleep == [(None, f"guard {name} was declared otherwise")]
            assert missing == [(None, f"guard {name} is missing from the database")]


def lose_from_an_index(url: str, index: str, statement: str) -> None:
    """Do something to a table of which one of its indexes hears nothing."""
    with plain(url) as connection:
        connection.execute("SET allow_system_table_mods = on")
        ready = "UPDATE pg_index SET indisready = {0}, indisvalid = {0} WHERE indexrelid = '{1}'::regclass"
        connection.execute(ready.format("false", index).encode())
        connection.execute(statement.encode())
        connection.execute(ready.format("true", index).encode())


def test_an_index_that_lost_a_row_is_found_where_amcheck_may_be_asked(postgres_url: str, service_url: str):
    with open_store(postgres_url) as store, open_store(service_url) as as_service:
        store.append([event("t", "a")] * 3)
        lost = "INSERT INTO ledger.tags SELECT 'b', type, position FROM ledger.tags WHERE tag = 'a' AND position = 2"
        lose_from_an_index(postgres_url, "ledger.tags_pkey", lost)
        with plain(postgres_url) as connection:
            unasked = store.unchecked()
            connection.execute("CREATE EXTENSION amcheck SCHEMA public")
            assert [len(one) for one in (unasked, store.unchecked(), as_service.unchecked())] == [1, 0, 1]
            connection.execute(
                f"GRANT EXECUTE ON FUNCTION bt_index_check(regclass, boolean) TO {declared.SERVICE}".encode()
            )
        findings = [what for _, what in as_service.strays()]
        assert as_service.unchecked() == ()

    assert len(findings) == 1
    assert findings[0].startswith("index ledger.tags_pkey does not agree with its table: heap tuple")


def test_an_index_of_the_key_store_that_lost_a_row_is_damage(postgres_url: str):
    lost = "INSERT INTO keys.salts VALUES ('x', 's', 'p', 1, 'mark', 'w')"
    lose_from_an_index(postgres_url, "keys.marks", lost)
    with plain(postgres_url) as connection, closing(shared_tables(postgres_url, "keys")) as keys:
        keys.check()
        connection.execute("CREATE EXTENSION amcheck SCHEMA public")
        with pytest.raises(Damaged, match=r"index keys\.marks does not agree with its table"):
            keys.check()


def test_an_entry_that_cannot_be_read_is_named(postgres_url: str):
    with open_store(postgres_url) as store:
        store.append([event("t", "a")] * 3)
        spoil(postgres_url, "UPDATE ledger.entries SET entry = 'nonsense' WHERE position = 2")

        with pytest.raises(Damaged, match="the entry at position 2 cannot be read"):
            list(store.scan())


# What goes wrong on the way.


def test_behind_a_writer_that_hangs_others_are_told_so_in_time_and_may_read(service_url: str):
    with open_store(impatient(service_url, "lock_timeout=100")) as store, plain(as_superuser(service_url)) as hanging:
        store.append([event()])
        hanging.execute(f"SELECT pg_advisory_lock({schema.TURN})")
        with nothing_written(store), pytest.raises(Busy):
            store.append([event()])

        hanging.execute(f"SELECT pg_advisory_unlock({schema.TURN})")
        assert store.append([event()]) == 2


def impatient(url: str, setting: str) -> str:
    """The store at this URL with a setting of the server's for its connections."""
    return f"{url}&options=-c%20{setting.replace('=', '%3D')}"


def test_a_statement_that_takes_too_long_is_ended_and_named(service_url: str):
    # A second is enough for every statement that nothing hangs on.
    with (
        open_store(impatient(service_url, "statement_timeout=1000")) as store,
        plain(as_superuser(service_url)) as hanging,
    ):
        store.append([event()])
        hanging.execute("BEGIN")
        hanging.execute("LOCK TABLE ledger.entries IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Unreachable, match="could not do it in time"):
            store.append([event()])
        with pytest.raises(Unreachable, match="could not do it in time"):
            store.head()
        hanging.execute("ROLLBACK")

        assert store.append([event()]) == 2
        assert_holds(store)


def test_when_the_server_has_no_connection_left_that_is_said_and_it_goes_on_later(
    postgres_server: Server, service_url: str
):
    with open_store(service_url) as store:
        store.append([event()])
        store.close()
        taken = every_connection(service_url)
        with pytest.raises(Unreachable, match="remaining connection slots are reserved"):
            store.append([event()])
        for one in taken:
            one.close()

        assert [store.append([event()]), store.length()] == [2, 2]


def every_connection(url: str) -> list["psycopg.Connection[tuple[object, ...]]"]:
    """As many connections as the server has."""
    taken = []
    with suppress(psycopg.OperationalError):
        while True:
            taken.append(psycopg.connect(url))
    return taken


def test_threads_that_want_more_connections_than_there_may_be_wait_for_one_another(service_url: str, monkeypatch):
    monkeypatch.setattr(connections, "MOST", 2)
    with open_store(service_url) as store, ThreadPool(12) as threads:
        positions = threads.map(lambda n: store.append([event("t", f"n:{n}")]), range(60), chunksize=1)

        assert sorted(positions) == list(range(1, 61))
        assert_holds(store)


def test_connections_that_ended_while_nobody_looked_are_replaced(postgres_server: Server, service_url: str):
    with open_store(service_url) as store:
        assert store.append([event()]) == 1
        end_connections(postgres_server)
        assert store.append([event()]) == 2
        end_connections(postgres_server)
        assert store.head().position == 2


def test_a_connection_that_is_in_use_when_all_are_closed_is_closed_when_it_comes_back(service_url: str):
    lent = connections.Connections(connections.server_at(service_url))
    with lent.borrowed() as connection:
        lent.close()
        closed = [connection.closed]
    assert [*closed, connection.closed] == [False, True]

    with lent.borrowed() as another:
        pass
    with lent.borrowed() as again:
        assert again is another
    lent.close()
    assert another.closed


# A home.


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


def test_a_home_keeps_its_log_there(service_url: str, tmp_path: Path):
    home = tmp_path / "home"
    made = run("init", "--home", home, "--origin", ORIGIN, "--store", service_url)
    added = run(
        "register-dataset",
        "--home",
        home,
        "D-1",
        "--course-run",
        "course-v1:MITx+6.002x+2012_Spring",
        "--kind",
        "forum",
    )

    assert (made.exit_code, added.exit_code) == (0, 0), made.output + added.output
    assert not (home / "log.db").exists()
    assert "opened" in run("entries", "--home", home).output
    assert run("checkpoint", "--home", home).output.splitlines()[1] == "2"
    verified = run("verify", "--home", home, "--processes", 2)
    assert (verified.exit_code, verified.output.splitlines()[0]) == (
        0,
        "All holds in 2 entries: each hash, the tag index, and all that custody keeps.",
    )


def test_a_large_log_is_verified_by_several_processes(service_url: str):
    with open_store(service_url, noon) as store:
        for start in range(0, 8300, 4150):
            store.append([event("t", f"n:{n % 50}", 'q"\\é') for n in range(start, start + 4150)])
        one, many = verify_log(store), verify_log(store, url=service_url, processes=2)

        assert (one.findings, one) == ((), many)
        spoil(as_superuser(service_url), "DELETE FROM ledger.tags WHERE position = 4097 AND tag = ''")
        assert verify_log(store).findings == verify_log(store, url=service_url, processes=2).findings != ()


@pytest.mark.parametrize(
    ("store", "why"),
    [
        ("sqlite:////tmp/log.db", "is not postgresql"),
        ("postgresql://api:secret@localhost/x", "has a password in it"),
        ("postgresql://api@localhost/x?password=secret", "has a password in it"),
    ],
)
def test_a_home_is_not_made_with_a_store_that_cannot_be_written_down(store: str, why: str, tmp_path: Path):
    with pytest.raises(Malformed, match=why) as refused:
        create_home(tmp_path / "home", ORIGIN, actor="operator", via="test", store=store)

    assert "secret" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_database_holds_one_ledger(service_url: str, tmp_path: Path):
    create_home(tmp_path / "home", ORIGIN, actor="operator", via="test", store=service_url)

    with pytest.raises(AlreadyThere, match="has a ledger in it already"):
        create_home(tmp_path / "other", ORIGIN, actor="operator", via="test", store=service_url)
    assert [one.name for one in tmp_path.iterdir()] == ["home"]


def test_what_is_recorded_in_a_home_is_read_again(service_url: str, tmp_path: Path):
    create_home(tmp_path / "home", ORIGIN, actor="operator", via="test", clock=noon, store=service_url)
    with open_home(tmp_path / "home", noon) as home:
        assert record(home, data_set("D-1")) == [2]
    with open_home(tmp_path / "home", noon) as home:
        assert [fact.event for fact in home.ledger.facts(after=1)] == [data_set("D-1")]
