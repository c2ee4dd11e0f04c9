"""Threads and processes share custody: nobody's value is lost, and nobody makes a second key."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.custody import Custody
from tests.custody_facts import ANA, OVER_BOTH, Folder, a_person_and_a_document, outcomes, seal_for_ana
from tests.writers import forking

PROCESSES = 4


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(PROCESSES, mp_context=forking()) as pool:
        yield pool


def test_processes_that_seal_for_a_new_subject_at_once_make_one_key(
    custody: Custody, folder: Folder, processes: ProcessPoolExecutor
):
    done = processes.map(seal_for_ana, [str(folder.path)] * PROCESSES, [10] * PROCESSES)
    claims = [claim for claims in done for claim in claims]

    assert len(claims) == 10 * PROCESSES
    assert outcomes(custody, claims) == dict.fromkeys(dict(claims))
    assert folder.run("keys.db", "SELECT count(*) FROM subject_keys") == [(1,)]
    assert {kept.commitment for kept in custody.commitments()} == set(dict(claims))


@OVER_BOTH
def test_threads_seal_and_open_at_once(custody: Custody):
    def keep_and_check(n: int) -> list[tuple[str, str]]:
        claims = a_person_and_a_document(custody, f"person:p-{n % 3}")
        assert outcomes(custody, claims) == dict.fromkeys(dict(claims))
        return claims

    with ThreadPoolExecutor(8) as threads:
        claims = [claim for claims in threads.map(keep_and_check, range(24)) for claim in claims]

    assert outcomes(custody, claims) == dict.fromkeys(dict(claims))
    assert len(claims) == 24 * 3


def test_a_forked_process_opens_files_of_its_own(folder: Folder):
    """As a server does that loads its application before it starts its workers."""
    folder.create().close()
    program = "import sys; from tests.custody_facts import fork_and_seal; fork_and_seal(sys.argv[1])"

    subprocess.run([sys.executable, "-c", program, str(folder.path)], check=True, cwd=Path(__file__).parent.parent)

    with folder.open() as custody:
        assert len(list(custody.commitments())) == 4


def test_somebody_who_lists_does_not_hold_up_somebody_who_seals(folder: Folder):
    folder.create().close()
    with folder.open(lock_seconds=0) as custody:
        a_person_and_a_document(custody, ANA)
        listing = custody.commitments()
        next(listing)

        a_person_and_a_document(custody, ANA)

        assert len([*listing]) >= 2
