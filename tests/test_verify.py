"""Verification holds for whatever the ledger wrote, and only for that; it says how grave a finding is."""

import multiprocessing
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from itertools import combinations, count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from eventsourcing.dcb.api import DCBEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from api.cli.verifying import Extent, home_checks, verify_home
from ledger.chain.merkle import EMPTY_ROOT, root_hash
from ledger.errors import Unreachable
from ledger.evidence.report import Finding, Report, Verdict, altered, gravest, unverified
from ledger.evidence.verify import CUT_TAIL, Check, verify_log
from ledger.home import erase_person, open_home
from ledger.storage import Store, open_store
from tests.facts import NOON, data_set, noon
from tests.stores import CAMPAIGN
from tests.tampering import LAPSES, fill_store, furnish, record, register, submit
from tests.writers import forking

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event, Semaphore

SIZES = [0, 1, 2, 3, 63, 64, 65, 4095, 4096, 4097, 8192, 8192 + 77]


def tags(number: int) -> list[str]:
    return [f"person:{number % 900}", f"request:{number // 7}"][: number % 3]


def leaves(store: Store) -> list[bytes]:
    return [entry.leaf for entry in store.scan()]


@pytest.fixture(params=SIZES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store of each size."""
    return fill_store(tmp_path / "log.db", request.param, tags=tags)


def test_a_log_of_any_size_holds_whoever_shares_the_work(url: str):
    with open_store(url) as store:
        whole = Report(store.length(), root_hash(leaves(store)).hex(), (), (CUT_TAIL,))

        assert verify_log(store) == whole
        if store.length() > 4096:
            assert verify_log(store, url=url, processes=3) == whole


def test_the_progress_that_is_told_adds_up_to_the_size(tmp_path: Path):
    url = fill_store(tmp_path / "log.db", 8192 + 77)
    with open_store(url) as store:
        for processes in (1, 2):
            told: list[int] = []
            verify_log(store, url=url, processes=processes, progress=told.append)

            assert sum(told) == 8192 + 77


def test_an_empty_log_has_the_root_of_nothing():
    with open_store("sqlite://") as store:
        assert verify_log(store) == Report(0, EMPTY_ROOT.hex(), (), (CUT_TAIL,))


def test_what_is_not_excluded_is_said_in_words():
    assert CUT_TAIL == (
        "that entries after the last one were cut off, or that everything from some entry on, be it the first, was"
        " written anew by whoever owns the database: nobody gave a checkpoint from an earlier time to compare with"
    )


# Entries of every shape


names = st.text(
    st.one_of(
        st.sampled_from("\"\\/[]{},:'abc é\u2028\ufffd\U0001f600\uffff"),
        st.characters(exclude_categories=["Cc", "Cs"]),
    ),
    min_size=1,
    max_size=60,
).filter(lambda name: len(name.encode()) <= 255)
events = st.builds(DCBEvent, names, st.binary(max_size=300), st.lists(names, max_size=10, unique=True))


@settings(max_examples=1000 if CAMPAIGN else 60, deadline=None)
@given(batches=st.lists(st.lists(events, min_size=1, max_size=40), min_size=1, max_size=5))
def test_whatever_the_store_takes_in_holds(batches: list[list[DCBEvent]]):
    with open_store("sqlite://", noon) as store:
        for batch in batches:
            store.append_entries(batch)

        assert verify_log(store) == Report(sum(map(len, batches)), root_hash(leaves(store)).hex(), (), (CUT_TAIL,))


EDGES = {
    "a long type": DCBEvent("t" * 255, b"", []),
    "a type long in bytes": DCBEvent("é" * 127, b"", ["é" * 127]),
    "as much as there may be": DCBEvent("t", b"", [f"{number:03}" + "x" * 252 for number in range(64)]),
    "many short tags": DCBEvent("t", b"", [chr(letter) for letter in range(0x21, 0x21 + 64)]),
    "quotes": DCBEvent('t"', b"", ['"', '",', '["",', '"]']),
    "backslashes": DCBEvent("t\\", b"", ["\\", "\\\\", '\\"', "\\u0041", "A"]),
    "odd spaces": DCBEvent("t", b"", [" ", "  ", "\u00a0", "\ufeff", "\U0010ffff", "null", "0"]),
    "a long payload": DCBEvent("t", b"x" * 60_000, ["x"]),
    "lines in the payload": DCBEvent("t", b"\n{}\n", ["x"]),
}


@pytest.mark.parametrize("event", EDGES.values(), ids=EDGES)
def test_an_entry_at_the_edge_of_the_format_holds(event: DCBEvent):
    with open_store("sqlite://", noon) as store:
        # Twice sixty-four, so that the index has it as well.
        for _ in range(70):
            store.append_entries([event, DCBEvent("plain.v1", b"{}", ["x"])])

        assert verify_log(store).findings == ()


@pytest.mark.parametrize("step", [timedelta(0), timedelta(microseconds=1), timedelta(days=1)])
def test_entries_of_one_time_and_of_growing_times_hold(step: timedelta):
    now = NOON

    def clock() -> datetime:
        return now

    with open_store("sqlite://", clock) as store:
        for number in range(200):
            store.append_entries([DCBEvent("plain.v1", b"{}", [str(number)])] * (1 + number % 3))
            now += step

        assert verify_log(store).findings == ()


def test_entries_under_a_clock_that_went_back_a_little_hold():
    times = iter([NOON, NOON - timedelta(minutes=1), NOON - timedelta(minutes=4), NOON + timedelta(seconds=1)])
    with open_store("sqlite://", lambda: next(times)) as store:
        for _ in range(4):
            store.append_entries([DCBEvent("plain.v1", b"{}", [])])

        assert verify_log(store).findings == ()


# Further checks


class Noting:
    """A check that answers for every entry, half of them at the end."""

    def __init__(self) -> None:
        self.late: list[int] = []

    def entry(self, position: int, type_: str, payload: bytes) -> Iterable[Finding]:
        if position % 2:
            yield unverified(position, f"{type_} {payload.decode()}")
        else:
            self.late.append(position)

    def finish(self) -> Iterable[Finding]:
        return [altered(position, "late") for position in self.late]


def noting(store: Store) -> AbstractContextManager[Sequence[Check]]:
    return nullcontext([Noting()])


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_a_further_check_sees_every_entry_once(tmp_path: Path, processes: int):
    url = fill_store(tmp_path / "log.db", 5000)
    with open_store(url) as store:
        report = verify_log(store, noting, url=url, processes=processes)

    assert sorted(report.findings, key=lambda finding: finding.position or 0) == [
        unverified(position, "thing.happened.v1 {}") if position % 2 else altered(position, "late")
        for position in range(1, 5001)
    ]
    assert report.verdict is Verdict.ALTERED


class WhoAsks:
    """A check that says at every entry which process it is asked in."""

    def entry(self, position: int, type_: str, payload: bytes) -> Iterable[Finding]:
        yield unverified(position, f"{type_} {payload.decode()} seen by {os.getpid()}")

    def finish(self) -> Iterable[Finding]:
        return ()


def who_asks(store: Store) -> AbstractContextManager[Sequence[Check]]:
    return nullcontext([WhoAsks()])


def test_the_process_that_asks_takes_part_and_not_alone(tmp_path: Path):
    url = fill_store(tmp_path / "log.db", 3 * 4096)
    with open_store(url) as store:
        report = verify_log(store, who_asks, url=url, processes=3)

    seen = {finding.what for finding in report.findings}
    assert f"thing.happened.v1 {{}} seen by {os.getpid()}" in seen
    assert len(seen) > 1


def unreachable(store: Store) -> AbstractContextManager[Sequence[Check]]:
    raise Unreachable("keys.db", "is on another disk")


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_check_raises_arrives_as_it_was_raised_also_from_another_process(tmp_path: Path, processes: int):
    url = fill_store(tmp_path / "log.db", 5000)
    with open_store(url) as store, pytest.raises(Unreachable) as caught:
        verify_log(store, unreachable, url=url, processes=processes)

    assert (caught.value.path, caught.value.why, str(caught.value)) == (
        "keys.db",
        "is on another disk",
        "keys.db: is on another disk",
    )


def test_the_log_of_one_home_does_not_hold_beside_the_custody_of_another(tmp_path: Path):
    ours, theirs = furnish(tmp_path / "ours"), furnish(tmp_path / "theirs")
    with open_store(f"sqlite:///{ours.path}/log.db") as store:
        report = verify_log(store, partial(home_checks, theirs.path, Extent.ALL))

    erased = 6  # all of Eve's
    assert {finding.verdict for finding in report.findings} == {Verdict.ALTERED}
    assert {finding.position for finding in report.findings} == {*ours.commitments().values()} - {erased}


# What cannot be told


UNKNOWN = {
    "an unknown event": DCBEvent("planet.discovered.v1", b'{"documents":["' + b"0" * 64 + b'"],"event":{}}', []),
    "an unknown version": DCBEvent("person.registered.v9", b'{"documents":[],"event":{}}', []),
    "no JSON": DCBEvent("dataset.registered.v1", b"{", []),
    "nothing": DCBEvent("dataset.registered.v1", b"", []),
    "no UTF-8": DCBEvent("person.registered.v1", b'{"documents":["\xff"],"event":{}}', []),
    "no UTF-8 in the event": DCBEvent("person.registered.v1", b'{"documents":[],"event":{"person":"\xff"}}', []),
    "no documents": DCBEvent("dataset.registered.v1", b'{"event":{}}', []),
    "a document that is no commitment": DCBEvent("dataset.registered.v1", b'{"documents":["x"],"event":{}}', []),
    "an event of another shape": DCBEvent("person.registered.v1", b'{"documents":[],"event":{"name":1}}', []),
    "nested without end": DCBEvent("dataset.registered.v1", b'{"x":' + b"[" * 60_000, []),
    "an event nested without end": DCBEvent(
        "person.registered.v1", b'{"documents":[],"event":{"person":' + b"[" * 30_000 + b"]" * 30_000 + b"}}", []
    ),
}


@pytest.mark.parametrize("event", UNKNOWN.values(), ids=UNKNOWN)
def test_what_an_entry_commits_to_cannot_be_told_when_it_cannot_be_read(tmp_path: Path, event: DCBEvent):
    home = furnish(tmp_path / "home")
    with open_store(f"sqlite:///{home.path}/log.db", noon) as store:
        (entry,) = store.append_entries([event])

    report = verify_home(home.path)

    assert [(finding.verdict, finding.position) for finding in report.findings] == [
        (Verdict.UNVERIFIED, entry.position)
    ]
    assert int(report.verdict) == 12


def test_a_log_that_does_not_begin_as_a_ledger_does_is_none_of_ours(tmp_path: Path):
    url = fill_store(tmp_path / "log.db", 3)
    home = furnish(tmp_path / "home")
    with open_store(url) as store:
        report = verify_log(store, partial(home_checks, home.path, Extent.ALL))

    assert altered(1, "is thing.happened.v1, where ledger.opened must stand") in report.findings


@pytest.mark.parametrize("verdicts", list(combinations([*Verdict, *Verdict], 3)))
def test_the_gravest_finding_decides(verdicts: tuple[Verdict, ...]):
    order = [Verdict.ALTERED, Verdict.SHORTER, Verdict.UNVERIFIED, Verdict.HOLDS]

    assert gravest(verdicts) is next(verdict for verdict in order if verdict in verdicts)


def test_without_a_finding_all_holds():
    assert gravest([]) is Verdict.HOLDS


def test_the_exit_codes_are_those_of_the_format():
    assert {verdict.name: int(verdict) for verdict in Verdict} == {
        "HOLDS": 0,
        "ALTERED": 10,
        "SHORTER": 11,
        "UNVERIFIED": 12,
    }


# While others write


# So many times something is written beside each verification; as much as can be would make the log grow without end.
EACH_TIME = 12


class Pace(NamedTuple):
    """How often a worker may go on, and whether it is to stop."""

    steps: "Semaphore"
    stop: "Event"

    def numbers(self) -> Iterator[int]:
        """1, 2, 3 and so on, each when it may go on, until told to stop or left alone."""
        parent = multiprocessing.parent_process()
        assert parent is not None
        for number in count(1):
            while not self.steps.acquire(timeout=1):
                if not parent.is_alive():
                    return
            if self.stop.is_set():
                return
            yield number

    def go_on(self) -> None:
        for _ in range(EACH_TIME):
            self.steps.release()


def keep_writing(path: Path, pace: Pace) -> None:
    """Register people, submit requests and write batches, until told to stop."""
    drawn = random.Random(4)
    with open_home(path) as home:
        for number in pace.numbers():
            person = f"p-{number:032x}"
            register(home, person, f"Person {number}", letter=b"%PDF" if number % 3 else b"")
            submit(home, f"R-2027-{number:04}", person)
            record(home, *[data_set()] * drawn.randrange(1, 90))


def keep_erasing(path: Path, pace: Pace) -> None:
    """Register people and erase them, until told to stop."""
    with open_home(path) as home:
        for number in pace.numbers():
            person = f"p-{number:032x}"
            register(home, person, f"Person {number}", letter=b"%PDF")
            record(home, *[data_set()] * 50)
            erase_person(home, person, (), last_copy_lapses=LAPSES, actor="operator", via="test")


def beside(work: Callable[[Path, Pace], None], path: Path, rounds: int, processes: int = 1) -> list[Report]:
    """What verifications find while another process works on the same home, from the moment at which it has begun."""
    context = forking()
    pace = Pace(context.Semaphore(0), context.Event())
    worker = context.Process(target=work, args=(path, pace))
    before = verify_home(path).size
    worker.start()
    try:
        pace.go_on()
        while verify_home(path).size == before:
            assert worker.is_alive()
        reports = []
        for _ in range(rounds):
            pace.go_on()
            reports.append(verify_home(path, processes))
        return reports
    finally:
        pace.stop.set()
        pace.steps.release()
        worker.join()
        assert worker.exitcode == 0


# As what is written meanwhile takes time to verify, a longer look at one home would soon come to no end.
ANEW = range(25 if CAMPAIGN else 1)


@pytest.mark.campaign
@pytest.mark.parametrize("_", ANEW)
def test_nothing_is_found_while_somebody_writes(tmp_path: Path, _: int):
    home = furnish(tmp_path / "home")

    reports = beside(keep_writing, home.path, rounds=15)

    assert [report.findings for report in reports] == [()] * len(reports)
    assert reports[0].size < reports[-1].size


@pytest.mark.campaign
@pytest.mark.parametrize("_", ANEW)
def test_nothing_is_found_by_several_processes_while_somebody_writes(tmp_path: Path, _: int):
    home = furnish(tmp_path / "home")
    with open_home(home.path) as opened:
        record(opened, *[data_set()] * 4500)

    reports = beside(keep_writing, home.path, rounds=2, processes=3)

    assert [report.findings for report in reports] == [()] * len(reports)


@pytest.mark.campaign
@pytest.mark.parametrize("_", ANEW)
def test_at_most_what_is_just_being_erased_is_found_while_somebody_erases(tmp_path: Path, _: int):
    home = furnish(tmp_path / "home")

    reports = beside(keep_erasing, home.path, rounds=15)

    assert [
        finding
        for report in reports
        for finding in report.findings
        if not re.fullmatch(r"entry \d+ says that .* but custody still holds it: erase it again", finding.what)
    ] == []
    assert verify_home(home.path).findings == ()


# How much memory it takes


PEAK = """
import resource, sys
from ledger.evidence.verify import verify_log
from ledger.storage import open_store
with open_store(sys.argv[1]) as store:
    assert verify_log(store).findings == ()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(url: str) -> int:
    """The most memory that a process needs to verify a store, in MiB."""
    done = subprocess.run([sys.executable, "-c", PEAK, url], capture_output=True, text=True, check=True)
    return int(done.stdout) // 1024


@pytest.mark.campaign
def test_a_log_many_times_as_long_takes_no_more_memory_to_verify(tmp_path: Path):
    """SQLite keeps pages in memory up to the size of its cache, so the smaller log has to be one that fills it."""
    small, large = (100_000, 1_000_000) if CAMPAIGN else (10_000, 30_000)
    tags_each, length = (3, 120) if CAMPAIGN else (6, 240)

    def tags(number: int) -> list[str]:
        return [f"{tag}:{number % 4999:0{length}}" for tag in range(tags_each)]

    one = peak(fill_store(tmp_path / "small.db", small, tags=tags))
    other = peak(fill_store(tmp_path / "large.db", large, tags=tags))

    assert other <= one + 8
