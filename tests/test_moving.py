"""A log that is copied from one store to another is the same there, byte for byte."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from api.cli import main
from ledger.chain.merkle import root_of
from ledger.errors import AlreadyThere, Damaged
from ledger.storage import open_store
from ledger.storage.moving import copy_log
from tests.stores import NOON, POSTGRES, HandSetClock, assert_holds, contents, event, path_of, url_of
from tests.tampering import guards_down


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


def fill(url: str, *sizes: int) -> None:
    """Append batches of these sizes, each at a time of its own."""
    clock = HandSetClock(NOON)
    with open_store(url, clock) as store:
        clock.turn(timedelta(seconds=store.length()))
        for size in sizes:
            store.append([event("t", "all", f"n:{n}", 'q"\\é', data=b"\x00\xff%d" % n) for n in range(size)])
            clock.turn(timedelta(seconds=1))


def untold(_: int, entries):
    return entries


@pytest.fixture(params=["file", POSTGRES])
def source(request: pytest.FixtureRequest) -> str:
    """A store of each kind with a log of some length."""
    url = url_of(request.param, request)
    fill(url, 1, 1, 70, 3, 200, 1)
    return url


@pytest.fixture(params=["file", POSTGRES])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where there is no log yet."""
    if request.param == "file":
        yield f"sqlite:///{tmp_path}/target.db"
        return
    with request.getfixturevalue("postgres_server").ledger() as url:
        yield url


def test_the_copy_holds_what_the_log_holds(source: str, target: str):
    done = run("copy", source, target)

    with open_store(source) as one, open_store(target, HandSetClock(NOON + timedelta(hours=1))) as other:
        root = root_of(276, one.subtree)
        assert (done.exit_code, done.output) == (
            0,
            f"276 entries copied; both logs have 276 entries and the root\n  {root.hex()}\n",
        )
        assert list(one.rows(0, 276)) == list(other.rows(0, 276))
        assert one.head() == other.head()
        assert list(one.scan(until=276)) == list(other.scan(until=276))
        # The copy goes on as a log of its own.
        other.append([event("t", "all")] * 130)
        other.append([event("t", "all")])
        assert_holds(other)


def test_what_was_cut_off_goes_on_where_it_ended(source: str, target: str, monkeypatch):
    monkeypatch.setattr("ledger.storage.moving.AT_ONCE", 50)

    def cut_off(_: int, entries):
        for number, entry in enumerate(entries):
            if number == 120:
                raise KeyboardInterrupt
            yield entry

    with pytest.raises(KeyboardInterrupt):
        copy_log(source, target, cut_off)
    with open_store(target) as store:
        assert store.length() == 100

    assert copy_log(source, target, untold)[:2] == (176, 276)
    assert copy_log(source, target, untold)[:2] == (0, 276)
    fill(source, 5)
    assert copy_log(source, target, untold)[:2] == (5, 281)


def test_nothing_is_copied_over_another_log(source: str, target: str):
    copy_log(source, target, untold)
    with open_store(target) as store:
        store.append([event("other.v1")])
    with open_store(target) as store:
        before = contents(store)
        with pytest.raises(AlreadyThere):
            copy_log(source, target, untold)

        fill(source, 2)
        with pytest.raises(AlreadyThere):
            copy_log(source, target, untold)
        assert contents(store) == before


@pytest.mark.parametrize("position", [2, 64, 276])
def test_a_log_that_was_altered_is_not_copied_as_if_it_held(position: int, file_url: str, tmp_path: Path):
    fill(file_url, 1, 1, 70, 3, 200, 1)
    with closing(sqlite3.connect(path_of(file_url), isolation_level=None)) as plain, guards_down(plain):
        plain.execute("UPDATE entries SET entry = CAST(entry || x'20' AS BLOB) WHERE position = ?", (position,))

    with pytest.raises(Damaged):
        copy_log(file_url, f"sqlite:///{tmp_path}/target.db", untold)


def test_the_progress_that_is_told_is_that_of_the_copy(file_url: str, tmp_path: Path):
    fill(file_url, 3, 4)
    told = []

    def tell(count: int, entries):
        told.append(count)
        for entry in entries:
            told.append(entry.position)
            yield entry

    copy_log(file_url, f"sqlite:///{tmp_path}/target.db", tell)

    assert told == [7, *range(1, 8)]
    assert all(after - before == 1 for before, after in pairwise(told[1:]))


@pytest.mark.parametrize("target", ["sqlite://", "nowhere", "sqlite:////nowhere/at/all.db"])
def test_a_target_that_cannot_be_is_named(target: str, file_url: str):
    done = run("copy", file_url, target)

    assert (done.exit_code, target.removeprefix("sqlite:///") in done.output) == (1 if "all" in target else 2, True)


@pytest.mark.parametrize("content", [None, b"", b"something else" * 100])
def test_where_there_is_no_log_to_copy_nothing_is_made(content: bytes | None, tmp_path: Path):
    typo = tmp_path / "typo.db"
    if content is not None:
        typo.write_bytes(content)
    before = [*tmp_path.iterdir()]
    done = run("copy", f"sqlite:///{typo}", f"sqlite:///{tmp_path}/litter.db")

    assert done.exit_code != 0
    assert "typo.db" in done.output
    assert [*tmp_path.iterdir()] == before
