"""When nobody answers whether something was recorded: it is found out, or said to be unknown; never lost or doubled."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.pool import ThreadPool
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

import pytest
from eventsourcing.dcb.api import DCBAppendCondition

from api.cli.failures import TryAgain, as_sentences
from api.http.problems import problem_of
from ledger.codec import Fact
from ledger.errors import Conflict, OutcomeUnknown, Unreachable
from ledger.log import IdempotencyKey, Ledger
from ledger.storage import Store, open_store
from ledger.storage.postgres import appending, connections
from tests.facts import data_set
from tests.postgres import API, Server, as_superuser
from tests.proxies import Cut, Proxy, proxy
from tests.stores import PATIENCE, assert_holds, event, tagged

pytestmark = pytest.mark.needs("initdb")


@pytest.fixture
def way(postgres_server: Server) -> Iterator[Proxy]:
    """A way to the server that can be cut."""
    with proxy(postgres_server.folder / f".s.PGSQL.{postgres_server.port}") as started:
        yield started


@pytest.fixture
def distant(way: Proxy, service_url: str) -> Iterator[Store]:
    """A store behind it, with one entry."""
    database = urlsplit(service_url).path
    with open_store(f"postgresql://{API}@127.0.0.1:{way.port}{database}?options=-c%20lock_timeout%3D200") as store:
        store.append([event("first.v1", "a")])
        yield store


@pytest.mark.parametrize("cut", Cut)
def test_an_append_that_was_cut_off_is_there_once(cut: Cut, distant: Store, way: Proxy):
    way.cut_next(cut)

    entries = distant.append_entries([event("second.v1", "b")])

    assert [entry.position for entry in entries] == [2]
    if cut is Cut.LATE:
        assert way.deliver()
    assert list(distant.scan())[1:] == entries
    assert_holds(distant)


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
@pytest.mark.parametrize("at", [b"BEGIN", b"COPY ledger.entries", b"COPY ledger.tags", b"notify", b"COMMIT"])
def test_many_that_were_cut_off_somewhere_are_there_once(at: bytes, cut: Cut, distant: Store, way: Proxy):
    way.cut_next(cut, at)

    entries = distant.append_entries([event("second.v1", "b", data=b"%d" % n) for n in range(200)])

    assert [entry.position for entry in entries] == list(range(2, 202))
    assert list(distant.scan())[1:] == entries
    assert_holds(distant)


def test_a_commit_that_is_still_under_way_is_waited_for(distant: Store, way: Proxy):
    way.cut_next(Cut.LATE, b"COMMIT")
    with ThreadPool(1) as aside:
        appended = aside.apply_async(distant.append_entries, [[event("second.v1", "b")] * 200])
        until(lambda: way.holds_something_back)
        assert way.deliver()

        entries = appended.get(PATIENCE)
    assert list(distant.scan())[1:] == entries
    assert_holds(distant)


def test_what_comes_late_finds_that_others_were_faster(distant: Store, way: Proxy, service_url: str):
    way.cut_next(Cut.LATE, for_good=True)
    with ThreadPool(1) as aside, open_store(service_url) as near:
        appended = aside.apply_async(distant.append_entries, [[event("second.v1", "b")]])
        near.append([event("between.v1", "a")])
        way.mend()

        assert [entry.position for entry in appended.get(PATIENCE)] == [3]
        assert way.deliver()
        assert [entry.header.type for entry in near.scan()] == ["first.v1", "between.v1", "second.v1"]
        assert_holds(near)


def test_an_append_that_was_cut_off_may_not_come_behind_what_it_excludes(distant: Store, way: Proxy, service_url: str):
    way.cut_next(Cut.BEFORE, for_good=True)
    with ThreadPool(1) as aside, open_store(service_url) as near:
        appended = aside.apply_async(
            distant.append_entries, [[event("second.v1", "a")], DCBAppendCondition(tagged("a"), 1)]
        )
        near.append([event("between.v1", "a")])
        way.mend()

        with pytest.raises(Conflict):
            appended.get(PATIENCE)
        assert near.length() == 2


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
def test_when_nobody_can_be_asked_the_outcome_is_unknown_and_the_same_wish_has_it_later(
    cut: Cut, distant: Store, way: Proxy, monkeypatch
):
    monkeypatch.setattr(appending, "RESOLVE_SECONDS", 0.2)
    ledger = Ledger(distant, wish_key=bytes(32), random_bytes=secrets.token_bytes)
    key = IdempotencyKey("staff:1", "the wish", b"its body")
    fact = Fact(event=data_set(), actor="staff:1", via="test")
    reading = ledger.read(key=key)
    way.cut_next(cut, for_good=True)

    with pytest.raises(OutcomeUnknown) as unknown:
        ledger.append([fact], reading)
    way.mend()

    assert (problem_of(unknown.value).status, problem_of(unknown.value).type) == (503, "/docs#outcome-unknown")
    again = ledger.append([fact], ledger.read(key=key))
    assert (again.positions, again.again) == ([2], cut is Cut.AFTER)
    assert distant.length() == 2
    assert_holds(distant)


def test_a_connection_that_is_cut_while_reading_is_made_again(distant: Store, way: Proxy):
    way.cut_next(Cut.AFTER)

    assert distant.head().position == 1
    way.cut_next(Cut.BEFORE)
    assert [entry.header.type for entry in distant.scan()] == ["first.v1"]


def test_a_server_that_is_gone_is_unreachable_and_nothing_is_in_doubt(distant: Store, way: Proxy):
    distant.close()
    way.cut_next(Cut.BEFORE, for_good=True)

    for use in (distant.head, lambda: distant.append([event()])):
        with pytest.raises(Unreachable):
            use()


@pytest.mark.parametrize("slow", [1, 2])
def test_who_is_too_slow_under_the_lock_tries_once_more_and_is_then_told(slow: int, service_url: str, monkeypatch):
    """The server ends a session that holds others up, as a machine does that was suspended."""
    growth, slept = appending._Append._growth, iter(range(slow))

    def late(*arguments: Any) -> Any:
        if next(slept, None) is not None:
            sleep(0.5)
        return growth(*arguments)

    with open_store(f"{service_url}&options=-c%20idle_in_transaction_session_timeout%3D100") as store:
        store.append([event("first.v1")])
        monkeypatch.setattr(appending._Append, "_growth", late)
        many = [event("second.v1")] * 200
        if slow == 1:
            assert store.append(many) == 201
        else:
            with pytest.raises(Unreachable, match="ended the connection"):
                store.append(many)
            assert store.length() == 1


# A standby that does not answer.


@contextmanager
def standby_missing(server: Server) -> Iterator[None]:
    """Every commit waits for a standby that there is not."""
    server.execute("ALTER SYSTEM SET synchronous_standby_names = 'missing'", "SELECT pg_reload_conf()")
    try:
        # The server takes it up some time after it was told.
        until(lambda: held_up(server))
        yield
    finally:
        server.execute("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")


COMMIT = "SELECT pg_logical_emit_message(true, 'test', 'something')"
HURRY = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


def held_up(server: Server) -> bool:
    """Whether a commit has to wait for a standby."""
    with ThreadPool(1) as aside:
        commit = aside.apply_async(server.execute, [COMMIT])
        until(lambda: commit.ready() or waiting_commits(server.url("postgres")))
        if waits := not commit.ready():
            server.execute(HURRY)
        commit.get(PATIENCE)
    return waits


def waiting_commits(url: str) -> int:
    with connections_to(as_superuser(url)) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()"
        ).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def connections_to(url: str) -> Iterator[connections.Connection]:
    connection = connections.connect(url)
    try:
        yield connection
    finally:
        connection.close()


def until(condition) -> None:
    """Wait for a change that was made to be there."""
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline, "it never came to that"


def test_a_commit_that_waits_for_a_standby_for_too_long_is_neither_done_nor_failed(
    postgres_server: Server, service_url: str, monkeypatch
):
    monkeypatch.setattr(connections, "CLIENT_SECONDS", 1.0)
    monkeypatch.setattr(appending, "RESOLVE_SECONDS", 0.2)
    with open_store(f"{service_url}&options=-c%20lock_timeout%3D200") as store:
        store.append([event("first.v1")])
        with standby_missing(postgres_server), pytest.raises(OutcomeUnknown):
            until(lambda: store.append([event("second.v1")]) and False)
        until(lambda: not waiting_commits(service_url))

        types = [entry.header.type for entry in store.scan()]
        assert types[0] == "first.v1"
        assert set(types[1:]) == {"second.v1"}
        assert store.append([event("third.v1")]) == len(types) + 1
        assert_holds(store)


def test_a_commit_that_was_hurried_past_its_standby_is_not_called_done(postgres_server: Server, service_url: str):
    with open_store(service_url) as store, ThreadPool(1) as aside:
        store.append([event("first.v1")])
        with standby_missing(postgres_server):
            appended = aside.apply_async(lambda: until(lambda: store.append([event("second.v1")]) and False))
            until(lambda: waiting_commits(service_url))
            postgres_server.execute(HURRY)

            with pytest.raises(OutcomeUnknown, match="canceling wait for synchronous replication"):
                appended.get(PATIENCE)
        assert_holds(store)


ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


def test_what_no_standby_has_is_not_called_done_though_the_server_shows_it(postgres_server: Server, service_url: str):
    """Whoever waits for a standby can be ended, and then all see what no standby has."""
    with open_store(service_url) as store, open_store(service_url) as other, ThreadPool(1) as aside:
        store.append([event("first.v1")])
        with standby_missing(postgres_server):
            appended = aside.apply_async(store.append_entries, [[event("second.v1")]])
            for _ in range(3):
                until(lambda: waiting_commits(service_url))
                postgres_server.execute(ENDED)
            until(lambda: waiting_commits(service_url))
            assert other.length() == 2
            assert not appended.ready()

        assert [entry.position for entry in appended.get(PATIENCE)] == [2]
        assert_holds(store)


def test_what_no_standby_has_is_not_called_done_to_whom_asks_again(
    postgres_server: Server, service_url: str, monkeypatch
):
    monkeypatch.setattr(connections, "CLIENT_SECONDS", 1.0)
    monkeypatch.setattr(appending, "RESOLVE_SECONDS", 0.2)
    key, fact = IdempotencyKey("staff:1", "the wish", b"its body"), Fact(event=data_set(), actor="staff:1", via="test")
    with open_store(service_url) as store:
        ledger = Ledger(store, wish_key=bytes(32), random_bytes=secrets.token_bytes)
        store.append([event("first.v1")])
        with standby_missing(postgres_server), ThreadPool(1) as aside:
            appended = aside.apply_async(lambda: ledger.append([fact], ledger.read(key=key)))
            until(lambda: waiting_commits(service_url))
            postgres_server.execute(ENDED)
            with pytest.raises(OutcomeUnknown):
                appended.get(PATIENCE)
            until(lambda: store.length() == 2)
            with pytest.raises(OutcomeUnknown):
                ledger.read(key=key)

        again = ledger.append([fact], ledger.read(key=key))
        assert (again.positions, again.again) == ([2], True)


def test_the_command_line_says_that_it_is_not_known_and_to_try_again():
    with pytest.raises(TryAgain) as told, as_sentences():
        raise OutcomeUnknown("postgresql://db/ledger", "server closed the connection")

    assert told.value.exit_code == 4
    assert told.value.message == (
        "postgresql://db/ledger: it is not known whether this was recorded (server closed the connection): try again"
        " with the same idempotency key, or look whether it is there"
    )
