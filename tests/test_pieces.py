"""The views of a log that several processes take in: the same tables as one makes, and nothing by halves."""

import multiprocessing
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.chain.entry import NO_LEAF
from ledger.codec import Fact
from ledger.errors import Damaged, WorkLost
from ledger.events import Event
from ledger.log import Ledger
from ledger.storage import open_store
from projections.acts import of_office
from projections.standing import Standing
from projections.upkeep import Sharing, Upkeep
from projections.views.database import create_tables
from projections.views.taking import READER, Views, facts_of
from tests.event_strategies import many
from tests.facts import ANA, BEN, REQUEST, fact, ledger_on, noon, version_added
from tests.office_requests import complete
from tests.stores import PATIENCE, POSTGRES, url_of
from tests.test_views_upkeep import altered
from tests.view_facts import LATER, RELEASED, corrected, logs, mark, marks, renamed

TOP = Path(__file__).parents[1]
LIFE = [*complete(), version_added(), *RELEASED, *LATER]


def life(number: int) -> list[Event]:
    names = {one: f"{one}-{number}" for one in ("A-1", "K-1", "L-1")}
    names |= {REQUEST: f"R-2026-{number + 1000}", ANA: f"p-{number:031x}a", BEN: f"p-{number:031x}b"}
    return [renamed(event, names) for event in LIFE]


def lives() -> list[Fact]:
    """Requests whose facts stand all over the log, others whose facts stand together, and corrections of both."""
    told = [event for together in zip(*map(life, range(8)), strict=True) for event in together]
    for number in range(8, 16):
        told += life(number)
        if number % 2:
            told.append(corrected(len(told) - 4, told[-5]))
    for place in (3, len(told) // 2):
        told.append(corrected(place + 1, told[place]))
    return [*map(fact, told)]


@pytest.fixture(params=["file"])
def url(request: pytest.FixtureRequest) -> str:
    """Where there is a log of such lives."""
    found = url_of(request.param, request)
    with open_store(found, noon) as store:
        ledger_on(store).append(lives())
    return found


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with open_store(url, noon) as store:
        yield ledger_on(store)


@pytest.fixture
def views(tmp_path: Path) -> Path:
    return tmp_path / "views.db"


def whole(path: Path) -> list[str]:
    """All that is in a database, as statements that make it."""
    with closing(sqlite3.connect(path)) as connection:
        return [*connection.iterdump()]


def files(views: Path) -> list[str]:
    return sorted(one.name for one in views.parent.glob("views.db*") if "turn" not in one.name)


@pytest.mark.parametrize("url", ["file", POSTGRES], indirect=True)
def test_several_processes_make_the_tables_that_one_makes_to_the_last_byte(ledger: Ledger, url: str, tmp_path: Path):
    alone, shared, told = tmp_path / "alone.db", tmp_path / "views.db", list[int]()
    length = Upkeep(alone, ledger).rebuild()
    assert Upkeep(shared, ledger, told.append).rebuild(Sharing(3, url)) == length == len(lives()) == sum(told)
    assert whole(shared) == whole(alone)
    assert files(shared) == ["views.db"]


@given(logs(), st.lists(st.integers(1, 60), min_size=1, max_size=4))
@settings(many, max_examples=many.max_examples // 12)
def test_pieces_of_any_log_put_together_say_what_it_says_whole(facts: list[Fact], cuts: list[int]):
    with open_store("sqlite://", noon) as store:
        ledger = ledger_on(store)
        ledger.append(facts)
        ends = sorted({0, *(cut % len(facts) for cut in cuts), len(facts)})
        assert put_together(ledger, ends) == put_together(ledger, [0, len(facts)])


def put_together(ledger: Ledger, ends: Sequence[int]) -> list[str]:
    """What the tables hold, once the pieces between these positions are in them."""
    office = Standing(ledger.facts([of_office()])).office
    with ExitStack() as stack:
        made = []
        for after, until in pairwise(ends):
            connection = stack.enter_context(closing(sqlite3.connect(":memory:", isolation_level=None)))
            create_tables(connection)
            taken = Views(connection, 0, facts_of(ledger, ends[-1]), office)
            taken.take(READER.read(ledger.store.rows(after, until)))
            made.append((connection, taken, taken.settle()))
        (connection, first, _), *others = made
        for piece, _, met in others:
            first.join(piece, met)
        first.write(ends[-1], NO_LEAF, "")
        return [*connection.iterdump()]


def test_an_entry_that_cannot_be_read_elsewhere_is_named_and_the_views_stay_as_they_were(
    ledger: Ledger, url: str, views: Path, tmp_path: Path
):
    Upkeep(views, ledger).rebuild()
    mark(views)
    altered(
        tmp_path / "log.db",
        "DROP TRIGGER entries_never_change",
        "UPDATE entries SET entry = CAST(replace(entry, '\"event\":', '\"other\":') AS BLOB)"
        f" WHERE position = {len(lives())}",
    )
    with pytest.raises(Damaged, match=f"position {len(lives())}"):
        Upkeep(views, ledger).rebuild(Sharing(3, url))
    assert (marks(views), files(views)) == (1, ["views.db"])


def test_when_a_process_is_killed_that_is_said_and_the_views_stay_as_they_were(ledger: Ledger, url: str, views: Path):
    Upkeep(views, ledger).rebuild()
    mark(views)
    before = multiprocessing.active_children()

    def kill_one(entries: int) -> None:
        for child in [one for one in multiprocessing.active_children() if one not in before][:1]:
            child.kill()

    with pytest.raises(WorkLost, match="ended from outside"):
        Upkeep(views, ledger, kill_one).rebuild(Sharing(3, url))
    assert (marks(views), files(views)) == (1, ["views.db"])


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from ledger.storage import open_store
from projections.upkeep import Sharing, Upkeep
from tests.facts import ledger_on
url, views = sys.argv[1], Path(sys.argv[2])
with open_store(url) as store:
    Upkeep(views, ledger_on(store), lambda entries: os.killpg(0, signal.SIGINT)).rebuild(Sharing(3, url))
"""


def test_an_interruption_ends_all_of_them_and_leaves_the_views_as_they_were(ledger: Ledger, url: str, views: Path):
    Upkeep(views, ledger).rebuild()
    mark(views)
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, url, views],
        cwd=TOP,
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == -signal.SIGINT
    assert (done.stderr.count("Traceback"), done.stderr.split()[-1]) == (1, "KeyboardInterrupt")
    assert (marks(views), files(views)) == (1, ["views.db"])


def test_what_processes_that_were_killed_left_is_in_nobodys_way(ledger: Ledger, url: str, views: Path):
    for name in ("views.db-new", "views.db-new-1", "views.db-new-7"):
        views.with_name(name).write_bytes(b"begun, and killed")
    assert Upkeep(views, ledger).rebuild(Sharing(2, url)) == len(lives())
    assert files(views) == ["views.db"]


LEFT = """
import os, signal
from ledger.apart import Apart
with Apart(1) as apart:
    apart.begin(os.getpid).result()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_ends_with_the_one_that_began_it():
    # What it printed to is closed only when it has ended, too.
    done = subprocess.run([sys.executable, "-c", LEFT], cwd=TOP, stdout=subprocess.PIPE, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"")
