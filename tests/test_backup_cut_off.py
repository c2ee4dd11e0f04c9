"""A backup or a restoration that is killed, or has no room, is not there and leaves nothing in the way."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.backup.archive import read_members
from ledger.backup.making import back_up
from ledger.backup.restoring import KeysKept, restored
from ledger.errors import Busy, StoreFull
from ledger.home import KEYS
from tests.backups import Ledger, furnished, ledger
from tests.command_line import dua_ledger
from tests.facts import NOON, noon
from tests.signing import sign
from tests.writers import forking

__all__ = ["furnished", "ledger"]


def in_a_process(target: Callable[..., object], *arguments: object) -> object:
    with forking().Pool(1) as pool:
        return pool.apply(target, arguments)


def killed_at_every_step(make: Callable[[Path], object], folder: Path, stride: int) -> list[str]:
    """Make something time after time, killed some steps later each time, until it is made; what was there each time."""
    found = []
    for steps in range(1, 10_000, stride):
        to = folder / f"made-{steps}"
        child = os.fork()
        if child == 0:
            left = iter(range(steps))

            def count(event: str, _: object, left: Iterator[int] = left) -> None:
                if (
                    event in {"open", "os.mkdir", "os.link", "os.rename", "sqlite3.connect"}
                    and next(left, None) is None
                ):
                    os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(count)
            make(to)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        found.append("there" if to.exists() else "nothing")
        if to.exists():
            return found
        assert os.WIFSIGNALED(status)
        make(to)
        assert not list(folder.glob(".made-*"))
    raise AssertionError("it is never made")


def kill_backups(folder: Path) -> list[str]:
    return killed_at_every_step(lambda to: back_up(folder / "home", to, noon), folder, 9)


def kill_restorations(folder: Path) -> list[str]:
    keys = KeysKept(folder / "keys.tar", folder / "home" / KEYS / "key-encryption-key")

    def make(to: Path) -> None:
        with restored(folder / "backup.tar", to, NOON, keys):
            pass

    return killed_at_every_step(make, folder, 19)


@pytest.mark.skipif(sys.platform != "linux", reason="needs fork without threads")
def test_a_backup_that_is_killed_is_not_there_and_leaves_nothing_in_the_way(ledger: Ledger):
    found = in_a_process(kill_backups, ledger.folder)

    assert isinstance(found, list)
    assert (set(found[:-1]), found[-1], len(found) > 3) == ({"nothing"}, "there", True)
    for made in ledger.folder.glob("made-*"):
        with made.open("rb") as file:
            assert next(member.name for member in read_members(made, file)) == "manifest.json"


@pytest.mark.skipif(sys.platform != "linux", reason="needs fork without threads")
def test_a_restoration_that_is_killed_makes_no_home_and_leaves_nothing_in_the_way(ledger: Ledger):
    ledger.backed_up()
    found = in_a_process(kill_restorations, ledger.folder)

    assert isinstance(found, list)
    assert (set(found[:-1]), found[-1], len(found) > 3) == ({"nothing"}, "there", True)


KILLED = """
import os, sys
from pathlib import Path
from ledger.drafts import draft_beside
with draft_beside(Path(sys.argv[1])) as draft:
    (draft / "keys").mkdir()
    print(draft, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_restoration_left_is_named_by_every_command_until_it_is_gone(ledger: Ledger):
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(ledger.again)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as restoring:
        assert restoring.stdout is not None
        draft = Path(restoring.stdout.readline().rstrip())
        assert dua_ledger("vkey", home=ledger.home).err == ""
        restoring.kill()
    warning = f"WARNING: {draft} was left by a command that was killed, maybe with keys in it: remove it\n"

    assert (draft / "keys").is_dir()
    for home in (ledger.home, ledger.again):
        assert dua_ledger("vkey", home=home).err.startswith(warning)
    sign(ledger.home)
    restored_again = ledger.backed_up().continued()
    assert (restored_again.code, restored_again.err, draft.exists()) == (0, "", False)
    assert dua_ledger("vkey", home=ledger.home).err == ""


def with_little_room(make: Callable[[], object], limit: int) -> str:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        make()
    except StoreFull:
        return "StoreFull"
    return "done"


def back_up_with_little_room(folder: Path, limit: int) -> str:
    return with_little_room(lambda: back_up(folder / "home", folder / "backup.tar", noon), limit)


def restore_with_little_room(folder: Path, limit: int) -> str:
    def make() -> None:
        with restored(folder / "backup.tar", folder / "again", NOON):
            pass

    return with_little_room(make, limit)


@pytest.mark.parametrize("limit", [100, 5_000, 60_000])
def test_a_backup_for_which_there_is_no_room_is_not_there(ledger: Ledger, limit: int):
    assert in_a_process(back_up_with_little_room, ledger.folder, limit) == "StoreFull"
    assert [file.name for file in ledger.folder.iterdir()] == ["home"]


@pytest.mark.parametrize("limit", [100, 5_000, 60_000])
def test_a_home_for_which_there_is_no_room_is_not_there(ledger: Ledger, limit: int):
    back_up(ledger.home, ledger.backup, noon)

    assert in_a_process(restore_with_little_room, ledger.folder, limit) == "StoreFull"
    assert sorted(file.name for file in ledger.folder.iterdir()) == ["backup.tar", "home"]


def test_one_process_at_a_time_makes_a_backup_of_one_name(ledger: Ledger):
    ledger.backed_up()
    with (
        restored(ledger.backup, ledger.again, NOON),
        pytest.raises(Busy),
        restored(ledger.backup, ledger.again, NOON),
    ):
        pass
