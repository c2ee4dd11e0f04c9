"""A ledger home: made whole or not at all, closed to others, and opened only when it is one."""

import os
import re
import resource
import shutil
import signal
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ledger.chain.note import verifier_key
from ledger.codec import Recorded
from ledger.custody import Erasure
from ledger.drafts import left_behind, made_whole
from ledger.errors import (
    AlreadyThere,
    Busy,
    Damaged,
    DoesNotFit,
    LedgerError,
    Malformed,
    NewerSchema,
    NotALedger,
    Unreachable,
)
from ledger.events import LedgerOpened, PersonErased, PersonRegistered
from ledger.evidence.lockstore import remove_lock_store
from ledger.home import Home, create_home, erase_person, lock_store_url, open_home, open_log
from ledger.storage.sqlite import SCHEMA_VERSION
from tests.command_line import dua_ledger
from tests.facts import ANA, BEN, NOON, erased, fact, noon, person
from tests.stores import CAMPAIGN

ORIGIN = "ir.example.edu/dua-ledger"
LAPSES = date(2026, 12, 21)
FOLDERS = {".", "documents", "keys", "lock"}
FILES = {
    *("checkpoint", "custody.db", "keys/key-encryption-key", "keys/keys.db", "keys/log-key.pem"),
    *("lock/checkpoints.db", "log.db"),
}


def make(
    path: Path,
    origin: str = ORIGIN,
    actor: str = "staff:1",
    via: str = "command line",
    lock_store: str | None = None,
) -> str:
    return create_home(path, origin, actor=actor, via=via, clock=noon, lock_store=lock_store)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a new home is."""
    make(tmp_path / "home")
    return tmp_path / "home"


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def everything_in(folder: Path) -> dict[str, int]:
    """Each file and folder below this one, itself included, with its mode."""
    found = [folder, *folder.rglob("*")]
    return {str(one.relative_to(folder)): stat.S_IMODE(one.lstat().st_mode) for one in found}


def contents_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


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
        assert list(home.ledger.facts()) == [
            Recorded(
                position=1,
                recorded_at=NOON,
                type="ledger.opened.v2",
                tags=(),
                event=LedgerOpened(origin=ORIGIN, log_key=vkey),
                actor="staff:1",
                via="command line",
                on_behalf_of=None,
                cause=None,
                documents=(),
                occurred_at=NOON,
                precision="instant",
                judged=None,
            )
        ]


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


def a_file(path: Path) -> None:
    path.write_bytes(b"somebody's thesis")


def a_folder_with_something(path: Path) -> None:
    path.mkdir()
    (path / "thesis.tex").write_bytes(b"somebody's thesis")


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

    assert (refusal.value.what in {"origin", "key name"}, refusal.value.value) == (True, origin)
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


# Opening one.


@pytest.mark.parametrize(
    "there",
    [None, a_file, Path.mkdir, a_folder_with_something],
    ids=["nothing", "a file", "a folder", "another folder"],
)
def test_what_is_no_home_is_not_opened(tmp_path: Path, there: Callable[[Path], object] | None):
    if there is not None:
        there(tmp_path / "home")
    before = everything_in(tmp_path)

    for opened in (open_home, open_log):
        with pytest.raises(NotALedger) as refusal, opened(tmp_path / "home"):
            pass
        assert refusal.value.path == tmp_path / "home"

    assert everything_in(tmp_path) == before


def newer(path: Path) -> None:
    run(path / "log.db", f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def newer_keys(path: Path) -> None:
    run(path / "keys/keys.db", "PRAGMA user_version = 99")


def of_something_else(path: Path) -> None:
    run(path / "log.db", "PRAGMA application_id = 7")


def no_database(path: Path) -> None:
    (path / "log.db").write_bytes(4096 * b"x")


def an_empty_file(path: Path) -> None:
    (path / "log.db").write_bytes(b"")


def half_a_database(path: Path) -> None:
    (path / "keys/keys.db").write_bytes((path / "keys/keys.db").read_bytes()[:5000])


def keys_for_all(path: Path) -> None:
    (path / "keys/key-encryption-key").chmod(0o644)


def keys_for_the_group(path: Path) -> None:
    (path / "keys/key-encryption-key").chmod(0o640)


def keys_of_another(path: Path) -> None:
    make(path.with_name("another"))
    shutil.copy(path.with_name("another") / "keys/key-encryption-key", path / "keys/key-encryption-key")


def no_keys(path: Path) -> None:
    shutil.rmtree(path / "keys")


def no_key_encryption_key(path: Path) -> None:
    (path / "keys/key-encryption-key").unlink()


def no_custody(path: Path) -> None:
    (path / "custody.db").unlink()


def no_documents(path: Path) -> None:
    (path / "documents").rmdir()


@pytest.mark.parametrize(
    ("spoil", "error", "where"),
    [
        (newer, NewerSchema, "log.db"),
        (newer_keys, NewerSchema, "keys/keys.db"),
        (of_something_else, NotALedger, "log.db"),
        (no_database, NotALedger, "log.db"),
        (an_empty_file, NotALedger, "log.db"),
        (half_a_database, Damaged, "keys/keys.db"),
        (keys_for_all, Unreachable, "keys/key-encryption-key"),
        (keys_for_the_group, Unreachable, "keys/key-encryption-key"),
        (keys_of_another, NotALedger, "keys/key-encryption-key"),
        (no_keys, Unreachable, "keys/key-encryption-key"),
        (no_key_encryption_key, Unreachable, "keys/key-encryption-key"),
        (no_custody, NotALedger, "custody.db"),
        (no_documents, NotALedger, "documents"),
    ],
)
def test_a_home_that_is_not_as_it_was_made_is_not_opened(home: Path, spoil, error, where):
    spoil(home)

    with pytest.raises(error) as refusal, open_home(home):
        pass

    assert type(refusal.value) is error
    assert Path(refusal.value.path) == home / where


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *(("", mode) for mode in (0o777, 0o770, 0o702)),
        *(("keys", 0o720), ("lock", 0o777), ("documents", 0o703)),
        *(("log.db", 0o620), ("custody.db", 0o602), ("lock/checkpoints.db", 0o666)),
        *(("keys/keys.db", 0o640), ("keys/keys.db", 0o604)),
    ],
)
def test_a_home_that_is_open_to_others_is_not_opened_and_verify_says_so(home: Path, name: str, mode: int):
    (home / name).chmod(mode)
    with pytest.raises(Unreachable) as refusal, open_home(home):
        pass
    verified = dua_ledger("verify", home=home)
    way_out = refusal.value.why.partition(": ")[2].split()
    (home / name).chmod(0o755 if (home / name).is_dir() else 0o600)

    assert refusal.value.path == home / name
    assert (way_out[0], way_out[2]) == ("chmod", str(home / name))
    assert f"(mode {mode:04o})" in refusal.value.why
    assert (verified.code, str(refusal.value) in verified.out) == (0, True)
    with open_home(home):
        pass


def test_a_home_of_somebody_else_is_not_opened(home: Path):
    assert in_a_process(open_as_somebody_else, home) == "Unreachable"


def open_as_somebody_else(path: Path) -> str:
    become_nobody(path, 0)

    def opened() -> None:
        with open_home(path):
            pass

    return outcome_of(opened)


# Erasing somebody.


def test_erasing_records_who_and_what_and_destroys_it(home: Path):
    with open_home(home, noon) as opened:
        register(opened, ANA, name="Ana Ejemplo", email="ana@example.edu")
        register(opened, BEN, name="Ben Ejemplo")

        erasure = erase(opened, ANA)

        assert erasure == Erasure(salts=2, keys=1, values=2, documents=0)
        assert [one.event for one in opened.ledger.facts(after=3)] == [erased(ANA, (), LAPSES)]
        assert [kept.subject for kept in opened.custody.commitments()] == [f"person:{BEN}"]


def test_erasing_some_details_leaves_the_others(home: Path):
    with open_home(home, noon) as opened:
        sealed = register(opened, ANA, name="Ana Ejemplo", email="ana@example.edu", phone="+1 617")

        erasure = erase(opened, ANA, ("email", "phone"))

        assert erasure == Erasure(salts=2, keys=0, values=2, documents=0)
        assert [one.event for one in opened.ledger.facts(after=2)] == [erased(ANA, ("email", "phone"), LAPSES)]
        assert opened.custody.unseal(sealed["name"]) == "Ana Ejemplo"


def test_erasing_again_completes_what_was_cut_off_and_records_nothing_twice(home: Path):
    with open_home(home, noon) as opened:
        register(opened, ANA, name="Ana Ejemplo")
        assert erase(opened, ANA) == Erasure(salts=1, keys=1, values=1, documents=0)
        assert erase(opened, ANA) == Erasure()

        assert [one.type for one in opened.ledger.facts(after=2)] == ["person.erased.v1"]


def test_erasing_what_was_sealed_after_an_erasure_is_recorded_too(home: Path):
    with open_home(home, noon) as opened:
        for _ in range(2):
            register(opened, ANA, name="Ana Ejemplo")
            assert erase(opened, ANA) == Erasure(salts=1, keys=1, values=1, documents=0)

        assert [type(one.event) for one in opened.ledger.facts(after=1)] == 2 * [PersonRegistered, PersonErased]


def test_erasing_more_than_before_is_recorded_too(home: Path):
    with open_home(home, noon) as opened:
        register(opened, ANA, name="Ana Ejemplo", email="ana@example.edu")
        erase(opened, ANA, ("email",))
        erase(opened, ANA)

        assert [one.event for one in opened.ledger.facts(after=2)] == [
            erased(ANA, ("email",), LAPSES),
            erased(ANA, (), LAPSES),
        ]


@pytest.mark.parametrize("who", [BEN, "p-1", "", "p-\n", "\ud800", 300 * "a"], ids=ascii)
def test_somebody_whom_the_log_does_not_know_cannot_be_erased(home: Path, who):
    with open_home(home, noon) as opened:
        register(opened, ANA, name="Ana Ejemplo")

        with pytest.raises(Malformed) as refusal:
            erase(opened, who)

        assert refusal.value.what == "person"
        assert opened.ledger.store.head().position == 2
        assert len(list(opened.custody.commitments())) == 1


def register(home: Home, who: str, **details: str) -> dict[str, str]:
    """Seal somebody's details and record that they are known; gives the commitments."""
    sealed = home.custody.seal(f"person:{who}", "person.registered", details)
    home.ledger.append([fact(person(who, **sealed))])
    return sealed


def erase(home: Home, who: str, details: tuple[Any, ...] = ()) -> Erasure:
    return erase_person(home, who, details, last_copy_lapses=LAPSES, actor="staff:1", via="command line")


def is_whole(path: Path) -> bool:
    """Whether everything of a home is there, and its first entry."""
    with open_home(path) as home:
        whole = [one.type for one in home.ledger.facts()] == ["ledger.opened.v2"]
    in_it = FOLDERS | FILES
    if lock_store_url(path) != f"sqlite:///{path}/lock/checkpoints.db":
        in_it -= {"lock", "lock/checkpoints.db"}
    return whole and everything_in(path).keys() >= in_it


def run(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(statement)


def outcome_of(action: Callable[[], object]) -> str:
    """The name of the ledger's error that this raises."""
    try:
        action()
    except LedgerError as error:
        return type(error).__name__
    return "done"


def become_nobody(path: Path, mode: int) -> None:
    """Be somebody who may do no more at this path than the mode allows its owner."""
    if os.geteuid() == 0:
        os.setuid(65534)
    else:
        path.chmod(mode)


def in_a_process(target: Callable[..., Any], *arguments: object) -> Any:
    """What a function gives in a process of its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(target, arguments)
