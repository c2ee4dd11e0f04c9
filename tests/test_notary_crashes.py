"""Signers that are killed, and signers that meet: the checkpoints stay one line, and the next call heals the rest.

With CAMPAIGN=1 there is a kill at each of the moments when a signer asks the system to change a file, instead of one at
some of them, and more signers sign more often.
"""

import signal
import sys
from itertools import count
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from api.cli.verifying import verify_home
from ledger.evidence.report import Verdict
from ledger.home import open_home, open_lock_store
from tests.facts import noon
from tests.signing import append, assert_one_line, entries_of, locked, new_home, sign
from tests.stores import CAMPAIGN, PATIENCE, POSTGRES, WATCHING

pytest_plugins = ["tests.figures"]

TOP = Path(__file__).parents[1]
SIGNERS, TIMES = (8, 60) if CAMPAIGN else (4, 25)


def signer(home: Path, times: int, *before: str) -> "Popen[str]":
    """A process that appends and signs so many times."""
    words = [*before, sys.executable, "-m", "tests.signing", str(home), str(times)]
    return Popen(words, cwd=TOP, stdout=PIPE, text=True)


def answers_in(said: str) -> list[tuple[int, int]]:
    """Position and size of checkpoint of each answer; a line that a death cut off was not yet said."""
    whole, _, _ = said.rpartition("\n")
    return [(int(position), int(size)) for position, size in map(str.split, whole.splitlines())]


def assert_healed(home: Path, answers: list[tuple[int, int]]) -> None:
    """What was answered is signed; opening the home publishes what is signed; it can be signed forward and holds."""
    sizes = [stored.size for stored in locked(home)]
    assert {size for _, size in answers} <= set(sizes)
    assert all(position <= size for position, size in answers)
    assert sizes[-1] <= len(entries_of(home))
    with open_home(home, noon):
        assert (home / "checkpoint").read_bytes() == locked(home)[-1].note
    append(home)
    assert sign(home).size == len(entries_of(home))
    with open_lock_store(home) as lock:
        assert_one_line(home, lock)
    assert verify_home(home).verdict is Verdict.HOLDS


# strace delivers the signal when the signer makes its nth call of a kind: all moments, one by one.
EVERY = {"pwrite64": 1, "fdatasync": 1, "write": 1, "rename": 1, "unlink": 1, "ftruncate": 1}
SOME = {"pwrite64": 7, "fdatasync": 4, "write": 2, "rename": 1, "unlink": 2, "ftruncate": 1}


@pytest.mark.needs("strace")
@pytest.mark.campaign
@pytest.mark.parametrize(("call", "step"), (EVERY if CAMPAIGN else SOME).items())
def test_a_signer_killed_at_a_call_that_changes_a_file_is_healed(call, step, tmp_path, traceable, tell):
    for number in count(1, step):
        home = new_home(tmp_path / str(number))
        fatal = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}"]
        with signer(home, 3, *fatal, "-e", f"inject={call}:signal=KILL:when={number}") as killed:
            said, _ = killed.communicate(timeout=PATIENCE)
        assert_healed(home, answers_in(said))
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL
    tell(f"kills at {call}", (number - 1) // step)
    assert number > 1


STEPS = ["rename", "pwrite64", "fdatasync"]


@pytest.mark.needs("strace")
def test_signing_makes_the_calls_that_it_is_killed_at(tmp_path, traceable):
    home, trace = new_home(tmp_path / "home"), tmp_path / "trace"
    with signer(home, 1, *WATCHING, "-y", "-o", str(trace), "-e", f"trace={','.join(STEPS)}") as traced:
        said, _ = traced.communicate(timeout=PATIENCE)

    done = trace.read_text(encoding="utf-8").splitlines()
    order = [
        next(place for place, line in enumerate(done) if what in line and not line.endswith("ENOENT"))
        for what in ("log.db-wal>", "checkpoints.db-wal>", "rename(")
    ]
    synced = next(place for place, line in enumerate(done) if "fdatasync" in line and "checkpoints.db-wal>" in line)
    assert answers_in(said) == [(2, 2)]
    # The log first, then the lock store, and the published file when that is on disk.
    assert order == sorted(order)
    assert synced < order[-1]


@pytest.mark.campaign
def test_signers_that_meet_make_one_line_of_checkpoints(tmp_path, kept_at, tell):
    home = new_home(tmp_path / "home", store=kept_at)
    signers = [signer(home, TIMES) for _ in range(SIGNERS)]
    said = [one.communicate(timeout=PATIENCE)[0] for one in signers]

    answers = [answer for one in said for answer in answers_in(one)]
    assert [one.returncode for one in signers] == [0] * SIGNERS
    assert sorted(position for position, _ in answers) == list(range(2, SIGNERS * TIMES + 2))
    assert all(position <= size for position, size in answers)
    stored = locked(home)
    assert {size for _, size in answers} <= {one.size for one in stored}
    assert stored[-1].size == SIGNERS * TIMES + 1
    assert (home / "checkpoint").read_bytes() == stored[-1].note
    with open_lock_store(home) as lock:
        assert_one_line(home, lock)
    assert verify_home(home).verdict is Verdict.HOLDS
    tell("appends, checkpoints", (len(answers), len(stored)))


@pytest.mark.campaign
@pytest.mark.parametrize("kept_at", ["file", POSTGRES], indirect=True)
def test_a_signer_killed_beside_others_does_not_disturb_them(tmp_path, kept_at):
    home = new_home(tmp_path / "home", store=kept_at)
    for _ in range(10 if CAMPAIGN else 2):
        with signer(home, TIMES) as dying, signer(home, 5) as other:
            assert dying.stdout is not None
            first = dying.stdout.readline()
            dying.kill()
            said, _ = other.communicate(timeout=PATIENCE)
            assert_healed(home, answers_in(first) + answers_in(said))
        assert other.returncode == 0
