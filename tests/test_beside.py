"""Batches are signed by a process beside the one that appends them, and what it does not come to is made up for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.beside import Beside
from ledger.home import Home, open_home, open_lock_store
from tests.command_line import Office
from tests.facts import Clock, data_set, fact, noon
from tests.past_facts import GOOD, MAP, csv_of
from tests.signing import assert_one_line, entries_of, locked, new_home
from tests.test_signing import assert_all_signed

BATCHES, BATCH = 5, 40


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with open_home(new_home(tmp_path / "home"), noon) as opened:
        yield opened


def append_batch(home: Home, beside: Beside) -> None:
    facts = [fact(data_set(dataset=f"D-{number}")) for number in range(BATCH)]
    beside.appended(home.ledger.append(facts).entries)


def test_what_is_appended_is_signed_by_another_process(home: Home):
    with Beside(home, worth=0) as beside:
        for _ in range(BATCHES):
            append_batch(home, beside)

    stored = locked(home.path)
    assert stored[-1].size == 1 + BATCHES * BATCH
    assert beside.signed() == ()
    assert locked(home.path) == stored
    assert_all_signed(home.path)


def test_for_a_few_entries_no_process_begins_and_one_checkpoint_covers_them(home: Home):
    with Beside(home, worth=BATCHES * BATCH) as beside:
        for _ in range(BATCHES):
            append_batch(home, beside)
        assert len(locked(home.path)) == 1
        assert beside.signed() == ()

    assert [stored.size for stored in locked(home.path)] == [1, 1 + BATCHES * BATCH]
    assert_all_signed(home.path)


def test_where_nothing_is_appended_nothing_is_signed(home: Home):
    with Beside(home, worth=0) as beside:
        assert beside.signed() == ()
    assert len(locked(home.path)) == 1


def test_what_a_process_that_was_killed_has_not_signed_is_made_up_for(home: Home):
    with Beside(home, worth=0) as beside:
        for _ in range(BATCHES):
            append_batch(home, beside)
            assert beside._signer is not None
            beside._signer.process.kill()
            beside._signer.process.wait()
        assert beside.signed() == ()

    assert_all_signed(home.path)
    with open_lock_store(home.path) as lock:
        assert_one_line(home.path, lock)


def test_what_cannot_be_signed_is_recorded_and_said_once(home: Home):
    (home.path / "keys/log-key.pem").rename(home.path.with_name("kept"))
    with Beside(home, worth=0) as beside:
        for _ in range(BATCHES):
            append_batch(home, beside)
        (why,) = beside.signed()

    assert why.startswith("recorded, and NOT SIGNED yet: ")
    assert len(entries_of(home.path)) == 1 + BATCHES * BATCH
    assert len(locked(home.path)) == 1


# The commands that record one thing after another.

IMPORT = "import {register.csv} --map {map.toml}"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An office with a director, and a register to be taken in."""
    made = Office(tmp_path, Clock())
    made.make()
    made.grant_first_role()
    made.put("map.toml", MAP.encode())
    made.put("register.csv", csv_of(GOOD))
    return made


def test_a_register_is_taken_in_and_signed(office: Office):
    before = len(entries_of(office.home))
    office.done(IMPORT)

    assert len(entries_of(office.home)) > before
    assert_all_signed(office.home)


def test_a_register_that_cannot_be_signed_is_taken_in_and_that_is_said(office: Office):
    (office.home / "keys/log-key.pem").rename(office.home.with_name("kept"))
    told = office(IMPORT)

    assert told.code == 0
    assert told.err.startswith("WARNING: recorded, and NOT SIGNED yet: ")


LOOKS = ["entries --json", "bundle --range 1-2 --to {bundle.zip}"]


@pytest.mark.parametrize("line", [IMPORT, "tick", "send", *LOOKS])
def test_nothing_is_recorded_that_witnesses_would_have_to_cosign_first(office: Office, line: str):
    before = entries_of(office.home)
    told = office(f"{line} --require-witness 1")

    assert (told.code, told.out) == (1, "")
    assert told.err == f"Error: the checkpoint over {len(before)} has 0 of the 1 cosignatures required\n"
    assert entries_of(office.home) == before
    assert not (office.folder / "bundle.zip").exists()
