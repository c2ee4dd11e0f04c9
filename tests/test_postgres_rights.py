"""Rights in a ledger's database: what was given to whom beside what is declared is found, and taken back."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from api.cli import main
from ledger.storage import create_store, open_store, rights_at, shared_tables
from ledger.storage.postgres.declared import OWNER, READER, SERVICE
from tests.postgres import ADMIN, Server
from tests.tampering import ORIGIN

pytestmark = pytest.mark.needs("initdb")

SOMEBODY = "somebody"

# What an administrator does, and the findings about it.
GIVEN = {
    f"GRANT UPDATE ON keys.salts, custody.sealed TO {SERVICE}": [
        f"{SERVICE} was given UPDATE on table custody.sealed",
        f"{SERVICE} was given UPDATE on table keys.salts",
    ],
    f"GRANT DELETE, TRUNCATE ON ledger.entries TO {SERVICE}": [
        f"{SERVICE} was given DELETE on table ledger.entries",
        f"{SERVICE} was given TRUNCATE on table ledger.entries",
    ],
    f"GRANT UPDATE (note) ON lock_store.checkpoints TO {SERVICE}": [
        f"{SERVICE} was given UPDATE (note) on table lock_store.checkpoints"
    ],
    f"GRANT SELECT ON ledger.tags TO {SERVICE} WITH GRANT OPTION": [
        f"{SERVICE} was given SELECT on table ledger.tags WITH GRANT OPTION",
        f"{SERVICE} was deprived of SELECT on table ledger.tags",
    ],
    "GRANT USAGE ON SCHEMA keys TO PUBLIC": ["PUBLIC was given USAGE on schema keys"],
    f"GRANT CREATE ON SCHEMA ledger TO {SERVICE}": [f"{SERVICE} was given CREATE on schema ledger"],
    "GRANT SELECT ON ALL TABLES IN SCHEMA keys TO PUBLIC": [
        f"PUBLIC was given SELECT on table keys.{table}" for table in ("opened_by", "salts", "secrets", "subject_keys")
    ],
    "GRANT EXECUTE ON FUNCTION keys.purge TO PUBLIC": ["PUBLIC was given EXECUTE on routine keys.purge"],
    f"GRANT SELECT ON custody.sealed TO {SOMEBODY}": [f"{SOMEBODY} was given SELECT on table custody.sealed"],
    f"GRANT SELECT ON keys.secrets TO {READER}": [f"{READER} was given SELECT on table keys.secrets"],
    f"REVOKE INSERT ON ledger.tags FROM {SERVICE}": [f"{SERVICE} was deprived of INSERT on table ledger.tags"],
    f"REVOKE SELECT ON lock_store.cosignatures FROM {READER}": [
        f"{READER} was deprived of SELECT on table lock_store.cosignatures"
    ],
    f"GRANT {OWNER} TO {SOMEBODY}": [f"{SOMEBODY} was made a member of {OWNER}"],
    f"GRANT {SERVICE} TO {READER}": [f"{READER} was made a member of {SERVICE}"],
    f"GRANT pg_write_all_data TO {SERVICE}": [f"{SERVICE} was made a member of pg_write_all_data"],
    f"GRANT {OWNER} TO api": [f"api was made a member of {OWNER}"],
    "GRANT pg_read_all_data, pg_write_server_files TO api": [
        "api was made a member of pg_read_all_data",
        "api was made a member of pg_write_server_files",
    ],
    f"GRANT pg_execute_server_program TO {READER}": [f"{READER} was made a member of pg_execute_server_program"],
    f"GRANT pg_read_server_files TO {OWNER}": [f"{OWNER} was made a member of pg_read_server_files"],
}
# What belongs to somebody else, or is more than a role, is given back by hand.
BY_HAND = {
    f"ALTER SCHEMA custody OWNER TO {SOMEBODY}": (
        f"schema custody belongs to {SOMEBODY}",
        f"ALTER SCHEMA custody OWNER TO {OWNER}",
    ),
    f"ALTER FUNCTION ledger.rows_stay OWNER TO {SOMEBODY}": (
        f"routine ledger.rows_stay belongs to {SOMEBODY}",
        f"ALTER FUNCTION ledger.rows_stay OWNER TO {OWNER}",
    ),
    f"ALTER ROLE {OWNER} LOGIN": (
        f"{OWNER} may do more than its grants say: it has LOGIN",
        f"ALTER ROLE {OWNER} NOLOGIN",
    ),
    "ALTER ROLE api CREATEROLE REPLICATION BYPASSRLS": (
        "api may do more than its grants say: it has CREATEROLE, REPLICATION, BYPASSRLS",
        "ALTER ROLE api NOCREATEROLE NOREPLICATION NOBYPASSRLS",
    ),
    f"ALTER ROLE {SERVICE} SUPERUSER": (
        f"{SERVICE} may do more than its grants say: it has SUPERUSER",
        f"ALTER ROLE {SERVICE} NOSUPERUSER",
    ),
    f"GRANT {SERVICE} TO {ADMIN}": (
        f"{ADMIN} may do more than its grants say: it has SUPERUSER",
        f"REVOKE {SERVICE} FROM {ADMIN}",
    ),
    f"GRANT {ADMIN} TO api": (f"api was made a member of {ADMIN}", f"REVOKE {ADMIN} FROM api"),
    f"GRANT pg_read_all_data TO {SOMEBODY}": (
        f"{SOMEBODY} was made a member of pg_read_all_data",
        f"REVOKE pg_read_all_data FROM {SOMEBODY}",
    ),
}


@pytest.fixture
def url(postgres_server: Server, postgres_url: str) -> Iterator[str]:
    """An empty ledger's database, on a server where there is somebody else too; roles are as they were afterwards."""
    postgres_server.service()
    postgres_server.execute(f"DO $$ BEGIN CREATE ROLE {SOMEBODY}; EXCEPTION WHEN duplicate_object THEN END $$")
    yield postgres_url
    postgres_server.execute(
        f"REVOKE {OWNER} FROM {SOMEBODY}",
        f"REVOKE {SERVICE} FROM {READER}",
        f"REVOKE pg_write_all_data FROM {SERVICE}",
        f"REVOKE {OWNER}, pg_read_all_data, pg_write_server_files, pg_read_server_files FROM api",
        f"ALTER ROLE {OWNER} NOLOGIN",
    )


def administer(url: str, *statements: str) -> None:
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def found(url: str) -> list[str]:
    """What a verification finds in a log there, whatever entries it has."""
    with open_store(url) as store:
        return [what for _, what in store.strays()]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


@pytest.mark.parametrize("statement", GIVEN)
def test_rights_that_nobody_should_have_are_found_and_taken_back(statement: str, url: str):
    administer(url, statement)
    findings = found(url)
    assert run("migrate", url).exit_code == 0

    assert findings == GIVEN[statement]
    assert found(url) == []


@pytest.mark.parametrize("statement", BY_HAND)
def test_what_is_owned_by_another_is_found_and_migrate_says_that_it_cannot_help(statement: str, url: str):
    what, undone = BY_HAND[statement]
    administer(url, statement)
    findings, refused = found(url), run("migrate", url)
    administer(url, undone)

    assert findings[:1] == [what]
    assert refused.exit_code != 0
    assert f"has to be undone by hand: {what}" in refused.output
    assert found(url) == []


def test_what_is_had_through_others_is_told_of_those_who_were_given_it(url: str, postgres_server: Server):
    postgres_server.execute(
        "CREATE ROLE helpers",
        "CREATE ROLE a_boss SUPERUSER",
        "CREATE ROLE watched LOGIN IN ROLE helpers, a_boss",
        f"CREATE ROLE night_shift LOGIN IN ROLE watched, {SERVICE}",
        "GRANT pg_write_all_data, pg_read_server_files TO helpers",
    )
    findings = found(url)
    postgres_server.execute("DROP ROLE night_shift, watched, a_boss, helpers")

    assert findings == [
        "helpers was made a member of pg_write_all_data",
        "night_shift was made a member of a_boss",
        "night_shift was made a member of pg_read_server_files",
    ]


def test_what_cannot_be_put_right_does_not_keep_the_rest_from_it(url: str):
    administer(
        url,
        f"GRANT UPDATE ON keys.salts TO {SERVICE}",
        "ALTER FUNCTION keys.purge() SET search_path = pg_catalog",
        "ALTER ROLE api REPLICATION",
    )
    refused = run("migrate", url)
    left = found(url)
    administer(url, "ALTER ROLE api NOREPLICATION")

    assert refused.exit_code != 0
    assert left == ["api may do more than its grants say: it has REPLICATION"]


def test_a_membership_that_one_may_not_take_back_does_not_keep_the_rest_from_being_put_right(
    url: str, postgres_server: Server
):
    postgres_server.execute(f"CREATE ROLE a_keeper LOGIN IN ROLE {OWNER}")
    administer(url, "ALTER FUNCTION keys.purge() SET search_path = pg_catalog")
    refused = run("migrate", url.replace(f"{ADMIN}@", "a_keeper@"))
    postgres_server.execute("DROP ROLE a_keeper")

    assert refused.exit_code != 0
    assert f"has to be undone by hand: a_keeper was made a member of {OWNER}" in refused.output
    shared_tables(url, "keys").close()
    assert found(url) == []


def test_a_service_that_owns_the_database_is_found(url: str):
    name = url.partition("?")[0].rpartition("/")[2]
    administer(url, f"ALTER DATABASE {name} OWNER TO api")
    assert found(url) == ["api may do more than its grants say: it has the database itself"]

    administer(url, f"ALTER DATABASE {name} OWNER TO {SOMEBODY}", f"GRANT {SOMEBODY} TO api")
    findings = found(url)
    administer(url, f"REVOKE {SOMEBODY} FROM api", f"ALTER DATABASE {name} OWNER TO {ADMIN}")
    assert findings == [f"api was made a member of {SOMEBODY}"]


def test_what_somebody_passed_on_is_taken_back_with_what_they_had(url: str):
    administer(
        url,
        f"GRANT SELECT ON keys.salts TO {SERVICE} WITH GRANT OPTION",
        f"SET ROLE {SERVICE}",
        f"GRANT SELECT ON keys.salts TO {SOMEBODY}",
    )
    findings = found(url)
    create_store(url)

    assert f"{SOMEBODY} was given SELECT on table keys.salts" in findings
    assert found(url) == []


def test_who_may_not_take_rights_back_is_told_so_and_nothing_is_changed(url: str, service_url: str):
    administer(url, f"GRANT UPDATE ON keys.salts TO {SERVICE}")
    refused = run("migrate", service_url)

    assert refused.exit_code != 0
    assert "permission denied to set role" in refused.output
    assert found(url) == [f"{SERVICE} was given UPDATE on table keys.salts"]


def test_services_auditors_and_those_who_make_roles_are_no_finding(url: str, postgres_server: Server):
    postgres_server.execute(
        f"CREATE ROLE a_service LOGIN IN ROLE {SERVICE}",
        f"CREATE ROLE an_auditor LOGIN IN ROLE {READER}",
        f"CREATE ROLE an_operator LOGIN CREATEROLE IN ROLE {OWNER}",
    )
    findings = [found(url.replace(f"{ADMIN}@", f"{role}@")) for role in ("a_service", "an_auditor", "an_operator")]
    postgres_server.execute("DROP ROLE a_service, an_auditor, an_operator")

    assert findings == [[], [], []]


def test_verify_finds_rights_where_the_log_is_and_where_the_keys_are(
    url: str, service_url: str, postgres_server: Server, tmp_path: Path
):
    with postgres_server.ledger() as elsewhere:
        keys = elsewhere.replace(f"{ADMIN}@", "api@")
        run("init", "--home", tmp_path / "home", "--origin", ORIGIN, "--store", service_url, "--key-store", keys)
        sound = run("verify", "--home", tmp_path / "home")
        administer(url, f"GRANT UPDATE ON ledger.entries TO {SERVICE}")
        administer(elsewhere, f"GRANT UPDATE ON keys.salts TO {SERVICE}")
        verified = run("verify", "--home", tmp_path / "home")

    assert (sound.exit_code, verified.exit_code) == (0, 10), sound.output
    assert f"{SERVICE} was given UPDATE on table ledger.entries" in verified.output
    assert f"{SERVICE} was given UPDATE on table keys.salts" in verified.output
    assert rights_at(url) == [f"{SERVICE} was given UPDATE on table ledger.entries"]
