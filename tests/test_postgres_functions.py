"""The functions in a ledger's database: nobody slips them names of their own, and one that was changed is put right."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from ledger.errors import Damaged
from ledger.storage import create_store, open_store, shared_tables
from ledger.storage.postgres.declared import OWNER, SERVICE
from tests.postgres import Server
from tests.stores import assert_holds, event, nothing_written

pytestmark = pytest.mark.needs("initdb")


def say(url: str, *statements: str) -> None:
    """Say these in one session."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def found(url: str) -> list[str]:
    """How the database differs from what is declared."""
    with open_store(url) as store:
        log = [what for _, what in store.strays()]
    try:
        shared_tables(url, "keys").close()
        shared_tables(url, "lock_store").close()
    except Damaged as damage:
        return [*log, str(damage).partition(": in the schema ")[2]]
    return log


# What whoever has the service's password tries.

TAKEN_FOR_BYTEA = (
    """
    CREATE FUNCTION pg_temp.rewrite(bytes pg_catalog.bytea) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        ALTER TABLE ledger.entries DISABLE TRIGGER USER;
        UPDATE ledger.entries SET entry = 'another';
        RETURN true;
    END
    $$
    """,
    "CREATE DOMAIN pg_temp.bytea AS pg_catalog.bytea CHECK (pg_temp.rewrite(VALUE))",
    "INSERT INTO keys.subject_keys VALUES ('person:p-1', 'a key')",
    "SELECT keys.purge()",
)


def test_the_service_cannot_have_the_owner_use_a_type_of_its_own(service_url: str):
    with open_store(service_url) as store:
        store.append([event("t", "a")] * 3)
        with nothing_written(store):
            say(service_url, *TAKEN_FOR_BYTEA)
        assert_holds(store)


# Each guard, by the operator that it asks, with the answer that would let this in.
LET_IN = {
    "INSERT INTO ledger.entries VALUES (50, 'x', 'x')": ("<>", "false", "only ever added after the last"),
    "INSERT INTO lock_store.checkpoints VALUES (5, 'x')": ("<=", "false", "only ever added after the last"),
    "INSERT INTO lock_store.cosignatures VALUES ('w', 7, 'x')": ("=", "true", "stands beside a checkpoint"),
}


@pytest.fixture
def open_url(service_url: str, postgres_url: str) -> Iterator[str]:
    """A database in which the service may make what it likes in a schema, as everybody could before PostgreSQL 15."""
    say(postgres_url, "CREATE SCHEMA anybodys", f"GRANT ALL ON SCHEMA anybodys TO {SERVICE}")
    yield service_url
    say(postgres_url, f"REASSIGN OWNED BY api TO {SERVICE}", "DROP SCHEMA anybodys CASCADE")


@pytest.mark.parametrize("statement", LET_IN)
def test_a_guard_asks_the_server_and_nobodys_operator(statement: str, open_url: str):
    operator, answer, refusal = LET_IN[statement]
    say(open_url, "INSERT INTO lock_store.checkpoints VALUES (10, 'a note')")

    with pytest.raises(psycopg.errors.RaiseException, match=refusal):
        say(
            open_url,
            f"CREATE FUNCTION anybodys.answer(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT {answer}'",
            f"CREATE OPERATOR anybodys.{operator} (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = anybodys.answer)",
            "SET search_path = anybodys, pg_catalog",
            statement,
        )


# What an administrator does, and what is found then.
HELPS = " (`dua-ledger migrate` makes functions anew)"
CHANGED = {
    "ALTER FUNCTION keys.purge() RESET search_path": (
        f"keys: search_path of function purge is missing from the database{HELPS}"
    ),
    "ALTER FUNCTION keys.purge() SET search_path = pg_catalog": (
        f"keys: search_path of function purge was declared otherwise{HELPS}"
    ),
    "ALTER FUNCTION keys.purge() SECURITY INVOKER": f"keys: function purge was declared otherwise{HELPS}",
    "ALTER FUNCTION ledger.rows_stay() SET search_path = public": (
        "search_path of function rows_stay was declared otherwise"
    ),
    "ALTER FUNCTION ledger.entries_only_grow() SECURITY DEFINER": "function entries_only_grow was declared otherwise",
    "ALTER FUNCTION ledger.append SET synchronous_commit = off": (
        "synchronous_commit of function append is no part of a ledger's database"
    ),
    "ALTER FUNCTION ledger.append STRICT": "function append was declared otherwise",
    "ALTER FUNCTION lock_store.checkpoints_only_grow() STABLE": (
        f"lock_store: function checkpoints_only_grow was declared otherwise{HELPS}"
    ),
    "CREATE OR REPLACE FUNCTION lock_store.rows_stay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'": (
        f"lock_store: search_path of function rows_stay is missing from the database; "
        f"function rows_stay was declared otherwise{HELPS}"
    ),
}


@pytest.mark.parametrize("statement", CHANGED)
def test_a_function_that_was_changed_is_found_and_made_anew(statement: str, postgres_url: str):
    say(postgres_url, statement)
    findings = found(postgres_url)
    create_store(postgres_url)

    assert findings == [CHANGED[statement]]
    assert found(postgres_url) == []


def test_a_second_function_of_the_same_name_is_found(postgres_url: str):
    say(
        postgres_url,
        f"SET ROLE {OWNER}",
        "CREATE FUNCTION ledger.append(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
        "REVOKE ALL ON FUNCTION ledger.append(text) FROM PUBLIC",
    )
    assert found(postgres_url) == ["function append was declared otherwise"]


def test_a_database_of_an_older_program_is_mended_by_preparing_it_again(
    service_url: str, postgres_url: str, postgres_server: Server
):
    say(
        postgres_url,
        "ALTER FUNCTION keys.purge() SET search_path = pg_catalog",
        *(
            f"ALTER FUNCTION {function} RESET ALL"
            for function in (
                "ledger.append",
                "ledger.entries_only_grow",
                "ledger.rows_stay",
                "lock_store.checkpoints_only_grow",
                "lock_store.cosignatures_have_checkpoints",
                "lock_store.rows_stay",
            )
        ),
    )
    with pytest.raises(Damaged, match=r"`dua-ledger migrate` makes functions anew"):
        shared_tables(service_url, "keys")
    create_store(postgres_url)

    with open_store(service_url) as store, closing(shared_tables(service_url, "keys")) as keys:
        store.append([event("t", "a")])
        with nothing_written(store):
            say(service_url, *TAKEN_FOR_BYTEA)
        keys.purge()
        assert store.strays() == []
