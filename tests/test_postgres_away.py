"""What callers are told while a server is away, or can only be read: over real HTTP, and by the command line."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from multiprocessing.pool import ThreadPool
from pathlib import Path

import psycopg
import pytest

from ledger.codec import Fact
from ledger.errors import Unreachable
from ledger.events import PersonErased
from ledger.home import create_home, erase_person, join_home, open_home
from tests import pairs
from tests.command_line import dua_ledger
from tests.pairs import OFFICE, Pair
from tests.postgres import Server, end_connections
from tests.served import Served, Told, directors_key, serving_at
from tests.stores import PATIENCE
from tests.tampering import ANA, register
from tests.test_postgres_outcomes import HURRY, standby_missing, until, waiting_commits

pytestmark = pytest.mark.needs("initdb")

ORIGIN = "log.example.com"
ANOTHER = {"organisation": "O-2", "name": "Another"}
IN_CUSTODY = ("keys.salts", "keys.subject_keys", "custody.sealed", "custody.documents", "lock_store.checkpoints")


@pytest.fixture
def own_pair() -> Iterator[Pair]:
    """Two servers of which one may be killed."""
    with pairs.pair() as made:
        yield made


def test_while_there_is_no_primary_callers_are_told_when_to_come_again_and_it_goes_on_with_the_next(
    own_pair: Pair, tmp_path: Path
):
    create_home(tmp_path / "home", ORIGIN, actor="staff:1", via="test", store=own_pair.url)
    with serving_at(tmp_path / "home", directors_key(tmp_path / "home"), 1) as served:

        def wished(organisation: str) -> Told:
            body = {"organisation": organisation, "name": organisation}
            return served.told("POST", "/organisations", body, organisation)

        before = wished("O-1")
        own_pair.wait_for_standby(4)
        ready = [records(served)]
        own_pair.primary.kill()
        refused = [wished("O-2") for _ in range(2)]
        answered = served.told("GET", "/datasets")
        ready.append(records(served))
        own_pair.promote()
        alone = wished("O-2")
        ready.append(records(served))
        own_pair.bring_back()
        together = wished("O-3")

    assert [before, alone, together] == [Told(201, "", None, position) for position in ("4", "5", "6")]
    assert refused == 2 * [Told(503, "unavailable", "1", "4")]
    assert answered == Told(200, "", None, "4")
    assert ready == [True, False, True]
    pairs.wait_for(own_pair.primary, 6)


def records(served: Served) -> bool:
    """Whether a server that is ready says that it records."""
    status, said = served.ask("GET", "/readyz")
    assert (status, json.loads(said)["status"]) == (200, "ok")
    return bool(json.loads(said)["records"])


# A node that has only a standby.


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Two servers that nobody kills."""
    with pairs.pair() as made:
        yield made


@pytest.fixture(scope="module")
def office(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The home of an office on them, and a director's key."""
    home = tmp_path_factory.mktemp("office") / "home"
    create_home(home, ORIGIN, actor="staff:1", via="test", store=pair.url)
    return home, directors_key(home)


@pytest.fixture
def auditors(pair: Pair, office: tuple[Path, str], tmp_path: Path) -> Path:
    """An auditors' home, as the manual has it made."""
    url = pair.standby_url
    pair.wait_for_standby(3)
    join_home(tmp_path / "auditors", url, office[0] / "keys", key_store=url, lock_store=url)
    return tmp_path / "auditors"


@pytest.fixture
def careless(pair: Pair, office: tuple[Path, str], tmp_path: Path) -> Path:
    """Another, of which the key store and the lock store are still the primary's."""
    pair.wait_for_standby(3)
    join_home(tmp_path / "careless", pair.standby_url, office[0] / "keys")
    return tmp_path / "careless"


def test_at_a_standby_who_has_no_keys_reads_and_verifies_all_that_needs_none(
    pair: Pair, office: tuple[Path, str], tmp_path: Path
):
    node = tmp_path / "node"
    with open_home(office[0]) as home:
        signed = home.notary.checkpoint()
    wait_until_signed(pair, signed.size)
    joined = dua_ledger("join", "--store", pair.standby_url, home=node)
    told = {
        "entries": dua_ledger("entries", home=node),
        "checkpoint": dua_ledger("checkpoint", home=node),
        "receipt": dua_ledger("receipt", 1, "--to", tmp_path / "receipt", home=node),
        "tiles": dua_ledger("tiles", tmp_path / "tiles", home=node),
    }
    verified = dua_ledger("verify", "--processes", 1, home=node)

    assert (joined.code, {name: (one.code, one.err) for name, one in told.items()}) == (0, dict.fromkeys(told, (0, "")))
    assert told["checkpoint"].out.encode() == signed.raw
    assert (verified.code, verified.lines[1].startswith("1 finding in ")) == (12, True)


def wait_until_signed(pair: Pair, size: int) -> None:
    """Wait until the standby has a checkpoint over so many entries."""
    pair.standby.wait_until(f"SELECT max(size) >= {size} FROM lock_store.checkpoints", OFFICE)


def rows(pair: Pair) -> dict[str, int]:
    """How many rows there are beside the log, on the primary."""
    with closing(psycopg.connect(pair.primary.url(OFFICE), autocommit=True)) as connection:
        counted = {one: connection.execute(f"SELECT count(*) FROM {one}".encode()).fetchone() for one in IN_CUSTODY}
    return {one: row[0] for one, row in counted.items() if row}


@pytest.mark.parametrize("kind", ["auditors", "careless"])
def test_a_wish_at_a_standby_is_refused_before_any_key_is_made_for_it(
    kind: str, pair: Pair, office: tuple[Path, str], request: pytest.FixtureRequest
):
    node, before = request.getfixturevalue(kind), rows(pair)
    wish = ("register-organisation", "Another", "--actor", "staff:1")
    with serving_at(node, office[1], 1) as served:
        over_http = served.told("POST", "/organisations", ANOTHER, "a-wish")
        assert not records(served)
    typed = dua_ledger(*wish, home=node)

    assert over_http == Told(503, "unavailable", "1", "3")
    assert (typed.code, "is a standby, which can be read but not written" in typed.err) == (1, True)
    assert rows(pair) == before


def test_nothing_is_found_or_sent_at_a_standby(pair: Pair, careless: Path):
    before = rows(pair)
    typed = [
        dua_ledger("tick", "--actor", "staff:1", home=careless),
        dua_ledger("send", "--actor", "staff:1", home=careless),
    ]

    assert [(one.code, "is a standby" in one.err) for one in typed] == 2 * [(1, True)]
    assert rows(pair) == before


def test_a_standby_answers_with_the_position_that_it_has_come_to(pair: Pair, office: tuple[Path, str], auditors: Path):
    home, key = office
    granted = ("grant-role", "staff:2", "auditor", "--from", "2026-01-01", "--actor", "staff:1")
    with serving_at(auditors, key, 1) as served:
        first = served.told("GET", "/datasets")
        pair.standby.execute("SELECT pg_wal_replay_pause()")
        pair.standby.wait_until("SELECT pg_get_wal_replay_pause_state() = 'paused'")
        try:
            recorded = dua_ledger(*granted, home=home)
            paused = served.told("GET", "/datasets")
            listed = dua_ledger("entries", home=auditors)
        finally:
            pair.standby.execute("SELECT pg_wal_replay_resume()")
        pair.wait_for_standby(4)
        resumed = served.told("GET", "/datasets")

    assert (recorded.code, recorded.err) == (0, "")
    assert first == paused == Told(200, "", None, "3")
    assert (len(listed.lines), listed.err) == (3, "")
    assert resumed == Told(200, "", None, "4")
    assert dua_ledger("verify", "--processes", 1, home=auditors).code == 0


def test_what_is_on_record_as_erased_is_not_destroyed_from_a_standby(
    pair: Pair, office: tuple[Path, str], careless: Path
):
    erased = PersonErased(person=ANA, details=(), last_copy_lapses=date(2026, 12, 1))
    with open_home(office[0]) as home:
        register(home, ANA, "Ana Ejemplo")
        (entry,) = home.ledger.append([Fact(event=erased, actor="staff:1", via="test")]).entries
    before = rows(pair)
    pair.wait_for_standby(entry.position)
    with open_home(careless) as node, pytest.raises(Unreachable, match="is a standby"):
        erase_person(node, ANA, (), last_copy_lapses=erased.last_copy_lapses, actor="staff:1", via="test")

    assert rows(pair) == before


# A server that does not take it.


def test_a_commit_that_was_hurried_past_its_standby_is_told_to_be_unknown_and_the_same_wish_has_it_later(
    postgres_server: Server, service_url: str, tmp_path: Path
):
    create_home(tmp_path / "home", ORIGIN, actor="staff:1", via="test", store=service_url)
    body = {"dataset": "D-1", "course_run": "course-v1:MITx+6.002x+2012_Spring", "kind": "person-course"}
    with serving_at(tmp_path / "home", directors_key(tmp_path / "home"), 1) as served, ThreadPool(1) as aside:
        with standby_missing(postgres_server):
            told = aside.apply_async(served.told, ["POST", "/datasets", body, "a-wish"])
            until(lambda: waiting_commits(service_url))
            postgres_server.execute(HURRY)
            unknown = told.get(PATIENCE)
        again = served.told("POST", "/datasets", body, "a-wish")

    assert unknown._replace(position=None) == Told(503, "outcome-unknown", "1", None)
    assert again._replace(status=200) == Told(200, "", None, "4")


def test_callers_are_told_to_come_again_while_the_server_has_no_connection_left(
    postgres_server: Server, service_url: str, tmp_path: Path
):
    create_home(tmp_path / "home", ORIGIN, actor="staff:1", via="test", store=service_url)
    with serving_at(tmp_path / "home", directors_key(tmp_path / "home"), 1) as served:
        before = served.told("GET", "/datasets")
        postgres_server.execute("ALTER ROLE api CONNECTION LIMIT 0")
        try:
            end_connections(postgres_server)
            refused = [served.told("GET", "/datasets"), served.told("POST", "/organisations", ANOTHER, "a-wish")]
        finally:
            postgres_server.execute("ALTER ROLE api CONNECTION LIMIT -1")
        after = served.told("POST", "/organisations", ANOTHER, "a-wish")

    assert before == Told(200, "", None, "3")
    assert refused == 2 * [Told(503, "unavailable", "1", None)]
    assert after == Told(201, "", None, "4")
