"""Writers by the dozen, servers that are killed, disks that are full, standbys that take over: nothing lost or doubled.

With CAMPAIGN=1 the load is what the project promises to bear, and servers are killed ten times.
"""

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import run
from time import monotonic

import pytest

from api.cli.verifying import verify_home
from ledger.chain.merkle import consistency_path, root_of, verify_consistency
from ledger.errors import StoreFull, Unavailable, Unreachable
from ledger.evidence.verify import verify_log
from ledger.home import create_home, open_home
from ledger.storage import Store, open_store
from tests import pairs, postgres
from tests.facts import noon
from tests.load import PROCESSES, THREADS, assert_carried, load
from tests.pairs import Pair
from tests.postgres import Server
from tests.stores import CAMPAIGN, PATIENCE, assert_holds, event
from tests.tampering import ANA, BEN, register

pytest_plugins = ["tests.figures"]
pytestmark = [pytest.mark.needs("initdb"), pytest.mark.campaign]

APPENDS = 20_000 // (PROCESSES * THREADS) if CAMPAIGN else 25
KILLS = 10 if CAMPAIGN else 1
PER_KILL = 150 if CAMPAIGN else 40
PER_TAKEOVER = 100 if CAMPAIGN else 25


def wait_for_length(store: Store, length: int) -> None:
    """Wait until the log is so long, whatever is wrong with the server meanwhile."""
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline:
        with suppress(Unavailable):
            if store.length() >= length:
                return
    raise AssertionError(f"the log never had {length} entries")


def test_sixteen_writers_leave_no_gap_and_no_follower_misses_anything(service_url: str, tell):
    begun = monotonic()
    with load(service_url, APPENDS) as end:
        carried = end()
    tell("appends in seconds", (len(carried.acknowledged), round(monotonic() - begun, 1)))

    assert (carried.unknown, carried.refused) == (0, 0)
    with open_store(service_url) as store:
        assert_carried(store, carried)


@pytest.fixture
def careful_server() -> Iterator[Server]:
    """A server that waits for its disk, as one should."""
    with postgres.server() as started:
        yield started


def test_a_server_that_is_killed_loses_and_doubles_nothing(careful_server: Server, tell):
    with careful_server.served() as url, open_store(url) as store:
        with load(url, max(APPENDS, KILLS * PER_KILL // 16 + 25)) as end:
            for kill in range(1, KILLS + 1):
                wait_for_length(store, kill * PER_KILL)
                careful_server.kill()
                careful_server.start()
            carried = end()
        tell("kills, appends, unknown", (KILLS, len(carried.acknowledged), carried.unknown))

        assert_carried(store, carried)


# A standby takes over.


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A primary, and a standby that has everything before it counts, made as the manual says."""
    with pairs.pair() as made:
        yield made


@pytest.mark.parametrize("time", range(KILLS))
def test_when_a_standby_takes_over_the_log_goes_on_by_itself(pair: Pair, time: int, tell):
    with open_store(pair.url) as store, load(pair.url, PER_TAKEOVER) as end:
        wait_for_length(store, 100)
        size = store.length()
        root = root_of(size, store.subtree)
        pair.primary.kill()

        # While there is none to write to, what the standby has is read, with its position; writing is refused.
        assert store.head().position >= size
        assert_holds(store)
        with pytest.raises(Unreachable):
            store.append([event("refused.v1")])
        pair.promote()
        carried = end()
        tell("appends, refused meanwhile, unknown", (len(carried.acknowledged), carried.refused, carried.unknown))

        assert_carried(store, carried)
        end_size = store.length()
        path = consistency_path(size, end_size, store.subtree)
        verify_consistency(size, end_size, path, root, root_of(end_size, store.subtree))


def test_when_a_standby_takes_over_an_office_has_all_that_it_sealed_and_signed(pair: Pair, tmp_path: Path):
    create_home(tmp_path / "home", "log.example.com", actor="staff:1", via="test", clock=noon, store=pair.url)
    with open_home(tmp_path / "home", noon) as home:
        positions = [register(home, ANA, "Ana Ejemplo", b"a letter")]
        signed = home.notary.checkpoint()
        pair.wait_for_standby(signed.size)
        pair.primary.kill()

        # What the standby has is read; nothing can be sealed, signed or erased.
        assert [kept.subject for kept in home.custody.commitments()] == [f"person:{ANA}"] * 4
        assert not any(home.custody.strays())
        for refused in (lambda: register(home, BEN, "Ben"), lambda: home.custody.erase(f"person:{ANA}")):
            with pytest.raises(Unavailable):
                refused()
        pair.promote()
        positions.append(register(home, BEN, "Ben Muster", b"another letter"))
        assert (positions, home.notary.checkpoint().size) == ([2, 3], 3)
    assert verify_home(tmp_path / "home").findings == ()


def test_auditors_read_and_verify_on_a_standby(pair: Pair):
    with open_store(pair.url) as store:
        store.append([event("t", "a")] * 70)
        head = store.head()
        pair.wait_for_standby(head.position)
        with open_store(pair.standby_url) as node:
            assert node.head() == head
            assert verify_log(node).findings == ()
            with pytest.raises(Unreachable, match="is a standby, which can be read but not written"):
                node.append([event()])
            with node.subscribe(after=69) as following:
                assert next(following).position == 70
                store.append([event()])
                assert next(following).position == 71


# A full disk.


def test_on_a_full_disk_nothing_is_lost_and_with_room_it_goes_on(postgres_server: Server):
    disk = postgres_server.folder / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=777", "tmpfs", str(disk)]
    if run(mount, check=False, capture_output=True).returncode:
        pytest.skip("may not mount a small disk here")
    try:
        place = disk / "place"
        postgres_server.run("mkdir", place)
        postgres_server.execute(
            f"CREATE TABLESPACE small LOCATION '{place}'",
            f"CREATE DATABASE small TEMPLATE {postgres.MADE} TABLESPACE small",
        )
        with open_store(postgres_server.url("small", postgres_server.service())) as store:
            acknowledged = append_until_full(store)
            run(["mount", "-o", "remount,size=48m", disk], check=True)
            # While there is no room, the server may have none to put a page back that it needs the place of.
            assert [(entry.position, entry.leaf) for entry in store.scan()] == acknowledged
            assert store.append([event()] * 200) == len(acknowledged) + 200
            assert_holds(store)
    finally:
        postgres_server.execute("DROP DATABASE IF EXISTS small WITH (FORCE)", "DROP TABLESPACE IF EXISTS small")
        run(["umount", disk], check=True)


def append_until_full(store: Store) -> list[tuple[int, bytes]]:
    """Append large entries until there is no room for one; gives what was acknowledged."""
    acknowledged: list[tuple[int, bytes]] = []
    noise = random.Random(7)
    with suppress(StoreFull):
        while len(acknowledged) < 10_000:
            # What is random cannot be made smaller.
            entries = store.append_entries([event("t", "a", data=noise.randbytes(20_000)) for _ in range(20)])
            acknowledged += [(entry.position, entry.leaf) for entry in entries]
    assert 0 < len(acknowledged) < 10_000
    return acknowledged
