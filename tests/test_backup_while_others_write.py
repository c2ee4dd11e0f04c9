"""A backup that is made while others write, erase or take things away is one cut through all of it."""

import os
from datetime import datetime
from pathlib import Path
from threading import Event

from api.cli.verifying import verify_home
from ledger.backup.making import back_up, back_up_keys
from ledger.boundary import about
from ledger.events import PersonErased, PersonRegistered
from ledger.home import KEYS, erase_person, open_home
from tests.backups import Ledger, furnished, ledger
from tests.facts import NOON, noon
from tests.signing import entries_of
from tests.stores import PATIENCE
from tests.tampering import LAPSES, LEO, SIZE, register
from tests.writers import forking

__all__ = ["furnished", "ledger"]

WRITERS = 4
EACH = 20


def write_on(path: Path, number: int, enough: Event) -> list[int]:
    """Register people, each with details and a letter, until there are enough backups; every tenth is erased again."""
    positions: list[int] = []
    with open_home(path) as home:
        while len(positions) < EACH or not enough.is_set():
            n = len(positions)
            who = f"p-{number:016x}{n:016x}"
            positions.append(register(home, who, f"Person {number} {n}", letter=os.urandom(2000)))
            if n % 10 == 9:
                erase_person(home, who, (), last_copy_lapses=LAPSES, actor="operator", via="test")
    return positions


def test_every_backup_that_is_made_while_four_processes_write_is_whole(ledger: Ledger):
    sizes: list[int] = []
    # What is signed meanwhile would make each of them one that is older than what was signed.
    (ledger.home / KEYS / "log-key.pem").unlink()
    context = forking()
    with context.Manager() as manager, context.Pool(WRITERS) as pool:
        enough = manager.Event()
        writing = pool.starmap_async(write_on, [(ledger.home, number, enough) for number in range(1, WRITERS + 1)])
        while not writing.ready():
            made = back_up(ledger.home, ledger.folder / f"{len(sizes)}.tar")
            sizes.append(made.size)
            if len({size for size in sizes if size > SIZE}) > 1:
                enough.set()
        written = writing.get(PATIENCE)
    back_up_keys(ledger.home, ledger.keys, 1, noon)

    assert min(map(len, written)) >= EACH
    assert len(entries_of(ledger.home)) == SIZE + sum(n + n // 10 for n in map(len, written))
    assert sizes == sorted(sizes)
    for number in {len(sizes) // 3, 2 * len(sizes) // 3}:
        ledger.backup, again = ledger.folder / f"{number}.tar", ledger.folder / f"again-{number}"
        # What was erased after the cut has no keys any more, and the log does not say so: a loss that has a reason.
        outcome = ledger.restore(*ledger.opened_by, "--lock-store", ledger.lock_store, "--accept-losses", to=again)
        assert outcome.code == 0
        lost = [line for line in outcome.err.splitlines() if line]
        assert all("custody has lost its" in line for line in lost)
        assert {position_of(line) for line in lost} <= erased_later(ledger.home, sizes[number])
        assert len(entries_of(again)) == sizes[number]


def position_of(line: str) -> int:
    return int(line.split("entry ")[1].split(":", maxsplit=1)[0])


def erased_later(path: Path, size: int) -> set[int]:
    """The entries up to a size whose person was erased after it."""
    with open_home(path, noon) as home:
        gone = {
            fact.event.person
            for fact in home.ledger.facts([about(PersonErased)], after=size)
            if isinstance(fact.event, PersonErased)
        }
        return {
            fact.position
            for fact in home.ledger.facts([about(PersonRegistered)], until=size)
            if isinstance(fact.event, PersonRegistered) and fact.event.person in gone
        }


def test_where_somebody_is_erased_after_the_cut_the_cut_is_made_anew(ledger: Ledger):
    asked = []

    def clock() -> datetime:
        """It is asked when the cut is made, and no document is copied yet."""
        asked.append(1)
        if len(asked) == 1:
            with open_home(ledger.home, noon) as home:
                erase_person(home, LEO, (), last_copy_lapses=LAPSES, actor="operator", via="test")
        return NOON

    made = back_up(ledger.home, ledger.backup, clock)
    back_up_keys(ledger.home, ledger.keys, 1, noon)

    assert (made.size, len(asked)) == (SIZE + 1, 2)
    assert ledger.continued().code == 0
    assert verify_home(ledger.again).findings == ()


def test_a_document_that_somebody_took_away_is_missing_from_the_backup_too_and_missed(ledger: Ledger):
    next(file for file in sorted((ledger.home / "documents").rglob("*")) if file.is_file()).unlink()
    outcome = ledger.backed_up().continued()

    assert (outcome.code, ledger.again.exists()) == (10, False)
    assert "custody has lost its documents" in outcome.out
