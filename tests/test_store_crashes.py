"""Writers that are killed: what was acknowledged is there, and nothing half of it.

With CAMPAIGN=1 there are 100 kills at random moments instead of 7, and one at each of the moments when a writer asks
the system to change a file, instead of one at some of them.
"""

import random
import re
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from subprocess import TimeoutExpired
from time import monotonic

import pytest

from ledger.storage import Store, create_store, is_postgres, open_store, others_at
from tests.stores import CAMPAIGN, PATIENCE, WATCHING, assert_holds, event, path_of
from tests.writers import program

pytest_plugins = ["tests.figures"]

KILLS = 100 if CAMPAIGN else 7
LONGEST = 0.3  # seconds after its first acknowledgement that a writer lives at most


def acknowledged_in(output: str) -> Iterator[tuple[int, str]]:
    """Position and leaf of what a writer printed; a line that its death cut off was not yet said."""
    whole, _, _ = output.rpartition("\n")
    for word in whole.split():
        position, leaf = word.split(":")
        yield int(position), leaf


def assert_kept(store: Store, acknowledged: Iterable[tuple[int, str]]) -> None:
    """What was acknowledged is there, every batch is there as a whole, and an auditor finds nothing wrong."""
    entries = list(store.scan())
    assert set(acknowledged) <= {(entry.position, entry.leaf.hex()) for entry in entries}
    promised = {entry.header.tags: int(entry.payload.split()[0]) for entry in entries}
    assert promised == Counter(entry.header.tags for entry in entries)
    assert_holds(store)


@pytest.mark.campaign
def test_a_writer_killed_at_any_moment_has_written_all_that_it_acknowledged_and_nothing_by_halves(shared_url, tell):
    chance = random.Random(2026)
    acknowledged: list[tuple[int, str]] = []
    unsaid = []
    for seed in range(KILLS):
        with program("acknowledge", shared_url, seed) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            with suppress(TimeoutExpired):
                writer.wait(chance.uniform(0, LONGEST))
            writer.kill()
            fresh = list(acknowledged_in(first + writer.stdout.read()))
        assert writer.returncode == -signal.SIGKILL
        acknowledged += fresh
        wait_for_the_dead(shared_url)
        with open_store(shared_url) as store:
            length = store.head().position
            unsaid.append(length - fresh[-1][0])
            assert_kept(store, acknowledged)
            # The next writer goes on.
            assert store.append([event("t", f"batch:next/{seed}", data=b"1 ")]) == length + 1
    tell("kills, entries acknowledged", (KILLS, len(acknowledged)))
    tell("kills between a write and its acknowledgement", sum(map(bool, unsaid)))


def wait_for_the_dead(url: str) -> None:
    """Wait until a server has done with what it was asked to do by somebody who was killed."""
    until = monotonic() + PATIENCE
    while is_postgres(url) and others_at(url):
        assert monotonic() < until


@pytest.mark.campaign
def test_a_writer_killed_beside_others_does_not_disturb_them(shared_url):
    with open_store(shared_url) as store:
        for seed in range(KILLS // 5):
            with (
                program("acknowledge", shared_url, seed) as dying,
                program("acknowledge", shared_url, -seed - 1) as other,
            ):
                assert dying.stdout is not None
                assert other.stdout is not None
                said = dying.stdout.readline()
                dying.kill()
                others = other.stdout.readline()
                store.append([event("t", f"batch:beside/{seed}", data=b"1 ")])
                others += other.stdout.readline()
                other.kill()
                said += dying.stdout.read()
                others += other.stdout.read()
            assert_kept(store, [*acknowledged_in(said), *acknowledged_in(others)])


# Watching every call to the system.

CALLS = ["pwrite64", "write", "fdatasync", "fsync", "ftruncate", "unlink"]
LINE = re.compile(r"""\d+ +(?P<call>\w+)\((?P<fd>\d+)<(?P<file>[^>]*)>.* = \d+""")


def calls_on(trace: Path, log: Path) -> Iterator[str]:
    """What a traced writer asked for, in order: frames written, WAL synced, folder synced, batch acknowledged."""
    names = {
        ("pwrite64", f"{log}-wal"): "frames",
        ("fdatasync", f"{log}-wal"): "sync",
        ("fsync", f"{log}-wal"): "sync",
        ("fdatasync", f"{log.parent}"): "folder",
        ("fsync", f"{log.parent}"): "folder",
    }
    for line in filter(None, map(LINE.match, trace.read_text(encoding="utf-8").splitlines())):
        call, descriptor, file = line.groups()
        if call == "write" and descriptor == "1":
            yield "acknowledged"
        elif (call, file) in names:
            yield names[call, file]


@pytest.mark.needs("strace")
def test_an_append_is_acknowledged_only_when_the_disk_has_it(file_url, tmp_path, traceable):
    trace, log = tmp_path / "trace", path_of(file_url)
    watched = [*WATCHING, "-y", "-o", str(trace), "-e", f"trace={','.join(CALLS)}"]
    with program("acknowledge", file_url, 1, 12, before=watched) as writer:
        assert len(writer.communicate(timeout=PATIENCE)[0].splitlines()) == 12

    *batches, _ = " ".join(calls_on(trace, log)).split("acknowledged")
    assert len(batches) == 12
    # The file of the write-ahead log is new: what it is called must be on disk too.
    assert re.fullmatch(r"(folder )*frames sync folder (frames )+sync ", batches[0])
    for batch in batches[1:]:
        assert re.fullmatch(r" (frames )+sync ", batch)


# strace delivers the signal when the writer makes its nth call of a kind: all moments, one by one.

EVERY = {"pwrite64": 1, "fdatasync": 1, "fsync": 1, "ftruncate": 1, "unlink": 1}
SOME = {"pwrite64": 23, "fdatasync": 5, "fsync": 1, "ftruncate": 2, "unlink": 3}


@pytest.mark.needs("strace")
@pytest.mark.campaign
@pytest.mark.parametrize(("call", "step"), (EVERY if CAMPAIGN else SOME).items())
def test_a_writer_killed_at_a_call_that_changes_a_file_leaves_nothing_by_halves(call, step, tmp_path, traceable, tell):
    for number in count(1, step):
        url = f"sqlite:///{tmp_path}/{number}.db"
        fatal = ["strace", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
        with program("acknowledge", url, 1, 4, before=fatal) as writer:
            said, _ = writer.communicate(timeout=PATIENCE)
        create_store(url)
        with open_store(url) as store:
            length = store.head().position
            assert_kept(store, acknowledged_in(said))
            assert store.append([event("t", "batch:next", data=b"1 ")]) == length + 1
            assert_holds(store)
        if writer.returncode == 0:
            break
        assert writer.returncode == -signal.SIGKILL
    tell(f"kills at {call}", (number - 1) // step)
    assert number > 1
