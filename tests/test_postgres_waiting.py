"""While commits wait for a standby that is away, a server is ready all the same and says so, as far as it is told."""

import json
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledger.errors import Damaged
from ledger.home import create_home
from ledger.storage import create_store, open_store
from ledger.storage.postgres.declared import OWNER, SEEING
from tests import pairs
from tests.pairs import OFFICE, PROMOTE, Pair
from tests.postgres import ADMIN, Server, as_superuser
from tests.served import Served, Told, directors_key, serving_at
from tests.stores import PATIENCE
from tests.test_postgres_outcomes import standby_missing, until, waiting_commits

pytestmark = pytest.mark.needs("initdb")

READ_BACK = "SELECT pg_reload_conf()"


def ready(served: Served) -> Any:
    """What a server that is ready says."""
    status, said = served.ask("GET", "/readyz")
    assert status == 200
    return json.loads(said)


def waits(url: str) -> bool:
    with open_store(url) as store:
        return store.waits()


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two servers of which one may be stopped."""
    with pairs.pair() as made:
        yield made


def test_a_server_says_while_the_standby_is_away_and_answers_who_waited_when_it_is_back(pair: Pair, tmp_path: Path):
    create_home(tmp_path / "home", "log.example.com", actor="staff:1", via="test", store=pair.url)
    wish = "POST", "/organisations", {"organisation": "O-1", "name": "One"}, "a-wish"
    with serving_at(tmp_path / "home", directors_key(tmp_path / "home"), 1) as served, ThreadPool(1) as aside:
        said = [ready(served)]
        pair.standby.stop()
        until(lambda: ready(served)["waits"])
        told = aside.apply_async(served.told, wish)
        until(lambda: waiting_commits(pair.url))
        said.append(ready(served))
        asked = served.told("GET", "/datasets")
        pair.standby.start()
        answered = told.get(PATIENCE)
        said.append(ready(served))

    assert [(one["status"], one["records"], one["waits"]) for one in said] == [
        ("ok", True, waiting) for waiting in (False, True, False)
    ]
    assert (asked.status, answered) == (200, Told(201, "", None, "4"))


def test_a_server_that_was_promoted_and_still_waits_for_itself_says_so(pair: Pair):
    take_the_setting_back, read_back, promote = PROMOTE
    assert not waits(pair.standby_url)
    pair.primary.kill()
    assert not waits(pair.url)
    pair.standby.execute(promote)
    assert waits(pair.url)
    pair.standby.execute(take_the_setting_back, read_back)
    until(lambda: not waits(pair.url))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("", False),
        ("*", False),
        ("other, ledger_standby", False),
        ("1 (other, ledger_standby)", False),
        ("ANY 1 (other, ledger_standby)", False),
        ("first 1(ledger_standby)", False),
        ("other", True),
        ("FIRST 2 (ledger_standby, other)", True),
        ("any 2 (ledger_standby, other)", True),
        ("2 (*)", True),
    ],
)
def test_as_many_are_waited_for_as_are_set(names: str, expected: bool, following: Pair):
    following.primary.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'", READ_BACK)
    following.primary.wait_until(f"SELECT current_setting('synchronous_standby_names') = '{names}'")

    until(lambda: waits(following.url) is expected)


@pytest.fixture(scope="module")
def following() -> Iterator[Pair]:
    """Two servers, of which one follows all the time."""
    with pairs.pair() as made:
        yield made


def test_what_bears_the_name_of_a_standby_and_does_not_follow_is_none(pair: Pair):
    pair.standby.stop()
    as_a_standby = f"{pair.primary.url(OFFICE)}&application_name=ledger_standby&replication=true"
    with closing(psycopg.connect(as_a_standby, autocommit=True)):
        until(lambda: waits(pair.url))


def test_a_database_that_an_older_program_prepared_tells_nothing_until_it_is_prepared_again(
    postgres_server: Server, service_url: str
):
    admin = as_superuser(service_url)
    with standby_missing(postgres_server), open_store(service_url) as store:
        until(store.waits)
        with closing(psycopg.connect(admin, autocommit=True)) as connection:
            connection.execute("SET synchronous_commit = local; DROP FUNCTION ledger.waits()")
        assert not store.waits()
    create_store(admin)
    with standby_missing(postgres_server):
        until(lambda: waits(service_url))


def test_where_the_server_does_not_tell_the_owner_nothing_is_said(postgres_server: Server, service_url: str):
    postgres_server.execute(f"REVOKE {SEEING} FROM {OWNER}")
    with standby_missing(postgres_server):
        postgres_server.wait_until("SELECT current_setting('synchronous_standby_names') <> ''")
        assert not waits(service_url)
    create_store(as_superuser(service_url))
    with standby_missing(postgres_server):
        until(lambda: waits(service_url))


def test_who_may_not_let_the_owner_see_prepares_all_else(postgres_server: Server, service_url: str):
    admin = as_superuser(service_url)
    postgres_server.execute(f"CREATE ROLE a_keeper LOGIN IN ROLE {OWNER}", f"REVOKE {SEEING} FROM {OWNER}")
    with closing(psycopg.connect(admin, autocommit=True)) as connection:
        connection.execute("DROP FUNCTION ledger.waits()")
    with pytest.raises(Damaged, match=f"by hand: a_keeper was made a member of {OWNER}$"):
        create_store(admin.replace(f"//{ADMIN}@", "//a_keeper@"))
    postgres_server.execute("DROP ROLE a_keeper")

    with open_store(service_url) as store:
        assert (store.waits(), store.strays()) == (False, [])
    create_store(admin)
    with standby_missing(postgres_server):
        until(lambda: waits(service_url))
