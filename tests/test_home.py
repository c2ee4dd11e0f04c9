"""A ledger home is made whole or not at all, closed to others, and over nothing that is there."""

import os
import re
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ledger.chain.note import verifier_key
from ledger.drafts import left_behind, made_whole
from ledger.errors import AlreadyThere, Busy, DoesNotFit, Malformed, Unreachable
from ledger.events import LedgerOpened
from ledger.evidence.lockstore import remove_lock_store
from ledger.home import open_home
from tests.command_line import dua_ledger
from tests.facts import ANA, noon
from tests.homes import (
    FILES,
    FOLDERS,
    ORIGIN,
    a_file,
    a_folder_with_something,
    become_nobody,
    contents_of,
    everything_in,
    home,
    in_a_process,
    is_whole,
    make,
    outcome_of,
    register,
)
from tests.office import recorded
from tests.stores import CAMPAIGN

__all__ = ["home"]


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


# Making one.


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077], ids=oct)
def test_a_home_is_closed_to_others_whatever_the_umask(tmp_path: Path, mask):
    with umask(mask):
        make(tmp_path / "home")
        made = everything_in(tmp_path / "home")
        with open_home(tmp_path / "home", noon) as home:
            register(home, ANA, name="Ana Ejemplo")
            home.custody.keep_document(f"person:{ANA}", "request.submitted", BytesIO(b"a letter"), "text/plain")
            in_use = everything_in(tmp_path / "home")

    locks = {name for name in made if name.startswith("log.db-")}
    assert made == dict.fromkeys(FOLDERS, 0o700) | dict.fromkeys(FILES | locks, 0o600)
    assert {name: mode for name, mode in in_use.items() if mode not in {0o600, 0o700}} == {}
    assert in_use.keys() >= made.keys()


def test_the_first_entry_tells_the_origin_and_the_key_that_is_kept(tmp_path: Path):
    vkey = make(tmp_path / "home")

    key = load_pem_private_key((tmp_path / "home/keys/log-key.pem").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    assert vkey == verifier_key(ORIGIN, key.public_key().public_bytes_raw())
    with open_home(tmp_path / "home") as home:
        assert list(home.ledger.facts()) == [*recorded([LedgerOpened(origin=ORIGIN, log_key=vkey)])]


def test_no_two_homes_have_a_key_in_common(tmp_path: Path):
    for name in ("one", "other"):
        make(tmp_path / name)
    one, other = (contents_of(tmp_path / name / "keys") for name in ("one", "other"))

    assert {name for name in one if one[name] == other[name]} == set()


def test_a_home_is_made_with_the_folders_above_it(tmp_path: Path):
    make(tmp_path / "srv/ir/ledger")

    assert is_whole(tmp_path / "srv/ir/ledger")
    assert [path.name for path in (tmp_path / "srv/ir").iterdir()] == ["ledger"]


def test_an_empty_folder_becomes_a_home(tmp_path: Path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o755)
    make(tmp_path / "home")

    assert is_whole(tmp_path / "home")
    assert everything_in(tmp_path / "home")["."] == 0o700


@pytest.mark.parametrize("there", [True, False], ids=["to an empty folder", "to nowhere"])
def test_where_a_link_points_to_becomes_a_home(tmp_path: Path, there):
    if there:
        (tmp_path / "disk").mkdir()
    (tmp_path / "home").symlink_to("disk")
    make(tmp_path / "home")

    assert is_whole(tmp_path / "home")
    assert (tmp_path / "home").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "home"]


@pytest.mark.parametrize(
    "name",
    ["with space", "50% off?", "#1 & [2]", "größe", os.fsdecode(b"latin-\xe9"), "-rf", "~", "line\nend"],
    ids=ascii,
)
def test_a_home_may_be_called_anything(tmp_path: Path, name):
    make(tmp_path / name)

    assert is_whole(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_home_may_be_moved(home: Path, tmp_path: Path):
    home.rename(tmp_path / "elsewhere")

    assert is_whole(tmp_path / "elsewhere")


def test_a_relative_path_is_a_place_below_where_one_is(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(Path("home"))

    assert is_whole(tmp_path / "home")
    assert is_whole(Path("home"))


# Not making one.


def a_link_to_such_a_folder(path: Path) -> None:
    a_folder_with_something(path.with_name("other"))
    path.symlink_to("other")


@pytest.mark.parametrize("something", [a_file, a_folder_with_something, a_link_to_such_a_folder, make])
def test_nothing_is_ever_overwritten(tmp_path: Path, something):
    something(tmp_path / "home")
    before = contents_of(tmp_path)

    with pytest.raises(AlreadyThere) as refusal:
        make(tmp_path / "home")

    assert refusal.value.path == (tmp_path / "home").resolve()
    assert contents_of(tmp_path) == before


@pytest.mark.parametrize(
    "origin",
    [
        *("", " ", "ir example", "ir+example", "line\nend", "ir.example.edu\n", "lone\ud800", "ünï.example"),
        *("https://ir.example.edu/dua-ledger", "ir.example.edu/" + 200 * "a", "escape\x1b[31m"),
    ],
    ids=ascii,
)
def test_a_name_that_no_log_may_have_is_refused_and_leaves_nothing(tmp_path: Path, origin):
    with pytest.raises(Malformed) as refusal:
        make(tmp_path / "srv/home", origin=origin)

    assert (refusal.value.what, refusal.value.value) == ("origin", origin)
    assert list(tmp_path.iterdir()) == []


def test_what_fails_when_all_but_the_first_entry_is_there_leaves_nothing(tmp_path: Path):
    with pytest.raises(DoesNotFit):
        make(tmp_path / "srv/ir/home", actor="staff:1\n")

    assert list(tmp_path.iterdir()) == []


def test_what_fails_leaves_an_empty_folder_as_it_was(tmp_path: Path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o755)
    with pytest.raises(DoesNotFit):
        make(tmp_path / "home", via="")

    assert everything_in(tmp_path) == {".": everything_in(tmp_path)["."], "home": 0o755}


def test_where_there_can_be_no_folder_there_is_no_home(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "round").symlink_to("round")
    before = everything_in(tmp_path)

    for impossible in (tmp_path / "file/home", tmp_path / "round", tmp_path / (300 * "a"), Path("/proc/home")):
        with pytest.raises(Unreachable) as refusal:
            make(impossible)
        assert refusal.value.path == impossible

    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("limit", [64, 1_000, 9_000])
def test_a_home_for_which_there_is_no_room_leaves_nothing(tmp_path: Path, limit):
    assert in_a_process(make_with_little_room, tmp_path / "srv/home", limit) == "StoreFull"
    assert list(tmp_path.iterdir()) == []


def make_with_little_room(path: Path, limit: int) -> str:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return outcome_of(lambda: make(path))


def test_where_one_may_not_write_there_is_no_home(tmp_path: Path):
    assert in_a_process(make_as_somebody_else, tmp_path / "home") == "Unreachable"
    assert list(tmp_path.iterdir()) == []


def make_as_somebody_else(path: Path) -> str:
    become_nobody(path.parent, 0o500)
    return outcome_of(lambda: make(path))


@pytest.mark.skipif(sys.platform != "linux", reason="needs fork without threads")
@pytest.mark.parametrize(
    ("lock", "stride"),
    [(None, 1), ("lock.db", 1 if CAMPAIGN else 6)],
    ids=["with its lock store", "with a lock store elsewhere"],
)
def test_a_home_whose_making_is_killed_is_whole_or_not_there(lock: str | None, stride: int, tmp_path: Path):
    told = in_a_process(make_and_be_killed_at_every_step, tmp_path, lock, stride)

    assert set(told) == {"nothing", "whole"}
    assert told == sorted(told)
    assert len(told) > 20 / stride


def make_and_be_killed_at_every_step(folder: Path, lock: str | None, stride: int) -> list[str]:
    """Make home after home, each killed some steps later, until one is made; tells what was at its place."""
    found = []
    for steps in range(1, 1000, stride):
        path = folder / f"{steps}" / "home"
        path.parent.mkdir()
        url = lock and f"sqlite:///{path.with_name(lock)}"
        killed = be_killed(path, steps, url)
        found.append("whole" if path.exists() and is_whole(path) else "half" if path.exists() else "nothing")
        if found[-1] == "nothing":
            make_again(path, url)
            assert is_whole(path)
        assert not left_behind(path.parent)
        if not killed:
            return found
    raise AssertionError("this takes too many steps")


SIGNED = (
    "is the lock store of a log that has signed 1 of its entries, and belongs to that log. Only if `init` was killed "
    "before there was a home, remove it"
)


def make_again(path: Path, lock_store: str | None) -> None:
    """Make a home that was killed while it was made; where it had signed already, do what is said to be done first."""
    with suppress(AlreadyThere):
        make(path, lock_store=lock_store)
        return
    with pytest.raises(AlreadyThere, match=re.escape(SIGNED)):
        make(path, lock_store=lock_store)
    remove_lock_store(str(lock_store))
    make(path, lock_store=lock_store)


def be_killed(path: Path, steps: int, lock_store: str | None = None) -> bool:
    """Make a home in a process that is killed when it opens, makes, renames or syncs something for the nth time."""
    child = os.fork()
    if child == 0:
        left = iter(range(steps))

        def count(event: str, _: object) -> None:
            if event in {"open", "os.mkdir", "os.rename", "sqlite3.connect"} and next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        make(path, lock_store=lock_store)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_what_a_killed_making_left_is_named_until_the_home_is_made(home: Path, tmp_path: Path):
    again, draft = tmp_path / "again", tmp_path / ".again.draft"
    assert in_a_process(be_killed, again, 20)
    warning = f"WARNING: {draft} was left by a command that was killed, maybe with keys in it: remove it\n"

    assert (draft / "again" / "keys").is_dir()
    assert dua_ledger("vkey", home=home).err == warning
    made = dua_ledger("init", "--origin", ORIGIN, home=again)
    assert (made.code, made.err) == (0, "")
    assert dua_ledger("vkey", home=home).err == ""


def test_a_home_that_is_being_made_is_made_by_nobody_else(tmp_path: Path):
    with made_whole(tmp_path / "home") as draft:
        with pytest.raises(Busy):
            make(tmp_path / "home")
        assert draft.is_dir()
    assert [beside.name for beside in tmp_path.iterdir()] == ["home"]
