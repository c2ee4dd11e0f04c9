"""A home in which nothing can be written, as an auditor mounts a snapshot: it is read whole, or not at all."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from api.cli.verifying import verify_home
from ledger.errors import Unreachable
from ledger.evidence.report import Verdict
from ledger.home import create_home, open_home
from ledger.storage import create_store
from ledger.storage.connections import FileConnections
from ledger.storage.sqlite import LENGTH, SETTINGS
from tests.command_line import EXAMPLES, Outcome, dua_ledger
from tests.disks import Disk, mounted, rights_of_nobody
from tests.facts import REQUEST, fact, noon, version_added
from tests.stores import event
from tests.writers import append_each

COURSE = "course-v1:MITx+6.002x+2012_Spring"
DATA_SETS = ("D-6.002x-pc", "D-6.002x-forum")
SIZE = 15
NOBODY = 65534

QUESTIONS = (
    "verify --processes 2",
    "entries",
    "show 2",
    "checkpoint",
    "receipt 2",
    "inbox",
    f"request {REQUEST}",
)
LOOKING = (
    f"history {REQUEST}",
    "entries --json",
    f"bundle --request {REQUEST} --details --documents --to {{}}/R.zip",
)
RECORDING = (
    "register-organisation Lakeside",
    "tick",
    "rotate-key",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that nobody has open, with a request, details and documents."""
    home = tmp_path_factory.mktemp("made") / "home"
    create_home(home, "log.example.com", actor="staff:1", via="command line", clock=noon)
    lines = [
        "grant-role staff:1 director --from 2026-01-01",
        *(f"register-dataset {name} --course-run {COURSE} --kind forum" for name in DATA_SETS),
        f"submit {EXAMPLES}/mit-researcher",
    ]
    assert [typed(home, line).code for line in lines] == [0] * len(lines)
    return home


@pytest.fixture(scope="module")
def answers(made: Path) -> list[Outcome]:
    """What everybody is told."""
    found = [typed(made, line) for line in QUESTIONS]
    assert [one.code for one in found] == [0] * len(QUESTIONS)
    return found


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with mounted(tmp_path / "disk", "4m") as found:
        yield found


def typed(home: Path, line: str) -> Outcome:
    """What comes of a command at noon."""
    return dua_ledger(*line.split(), home=home, clock=noon, DUA_LEDGER_ACTOR="staff:1")


def everything_in(folder: Path) -> dict[Path, bytes]:
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that everybody may use, in none that is somebody's own."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@contextmanager
def on_a_medium(home: Path, disk: Disk) -> Iterator[Path]:
    """A copy of a home on a disk that is mounted to be read."""
    copied = Path(shutil.copytree(home, disk.path / "home"))
    with disk.only_read():
        yield copied


@contextmanager
def by_rights(home: Path, disk: Disk) -> Iterator[Path]:
    """A copy of a home that whoever looks may read and not write."""
    del disk
    with open_folder() as folder:
        copied = Path(shutil.copytree(home, folder / "home"))
        for one in (copied, *copied.rglob("*")):
            one.chmod(0o500 if one.is_dir() else 0o400)
            if os.geteuid() == 0:
                os.chown(one, NOBODY, NOBODY)
        with rights_of_nobody():
            yield copied
        for one in copied.rglob("*"):
            one.chmod(0o700)


@pytest.mark.parametrize("only_read", [on_a_medium, by_rights])
def test_whoever_can_only_read_a_home_is_told_what_everybody_is(only_read, made: Path, answers, disk: Disk):
    with only_read(made, disk) as home:
        before = everything_in(home)

        assert [typed(home, line) for line in QUESTIONS] == answers
        assert everything_in(home) == before


@pytest.mark.parametrize("only_read", [on_a_medium, by_rights])
def test_where_nothing_can_be_recorded_whoever_looks_is_told_that_it_is_on_no_record(only_read, made: Path, disk: Disk):
    with open_folder() as elsewhere, only_read(made, disk) as home:
        told = [typed(home, line.format(elsewhere)) for line in LOOKING]

        assert dua_ledger("verify", f"{elsewhere}/R.zip").code == 0
    warning = f"WARNING: {home} can only be read here: that you looked is on no record\n"
    assert [(one.code, one.err) for one in told] == [(0, warning)] * len(LOOKING)
    assert (told[0].lines[-1], len(told[1].lines)) == (f"This holds for position {SIZE}.", SIZE)


def test_whoever_may_not_look_may_not_where_nothing_can_be_recorded_either(made: Path, disk: Disk):
    with on_a_medium(made, disk) as home:
        told = [typed(home, f"{line} --actor server:notebooks") for line in LOOKING[:2]]

    assert [(one.code, one.out) for one in told] == [(3, "")] * 2


@pytest.mark.parametrize("only_read", [on_a_medium, by_rights])
def test_whoever_wants_to_record_something_there_is_told_that_nothing_can_be(only_read, made: Path, disk: Disk):
    with only_read(made, disk) as home:
        told = [typed(home, line) for line in RECORDING]

        expected = Outcome(1, "", f"Error: {home}: can only be read here, and nothing can be recorded in it\n")
    assert told == [expected] * len(RECORDING)


def test_what_would_come_of_a_command_is_told_all_the_same(made: Path, disk: Disk):
    with on_a_medium(made, disk) as home:
        assert typed(home, "publish-policy --smallest-cell 10 --dry-run").code == 0


def test_what_was_altered_is_found_on_a_medium_that_is_only_read(made: Path, disk: Disk):
    altered = Path(shutil.copytree(made, disk.path / "altered"))
    with closing(sqlite3.connect(altered / "log.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER entries_never_change")
        connection.execute(
            "UPDATE entries SET entry = CAST(replace(entry, 'forum', 'furor') AS BLOB) WHERE position = 3"
        )
    with disk.only_read():
        report = verify_home(altered)

    assert (report.verdict, {one.position for one in report.findings} >= {3}) == (Verdict.ALTERED, True)


def snapshot_while_written(made: Path, disk: Path) -> Path:
    """A copy of a home as it is when somebody has just recorded something, and has not closed it."""
    home = Path(shutil.copytree(made, disk / "live"))
    with open_home(home, noon) as opened:
        opened.ledger.append([fact(version_added())])
        opened.notary.checkpoint()
        return Path(shutil.copytree(home, disk / "snapshot"))


def test_a_snapshot_of_a_home_in_use_has_all_that_was_recorded(made: Path, disk: Disk):
    home = snapshot_while_written(made, disk.path)
    with disk.only_read():
        report = verify_home(home)
        listed = typed(home, f"entries --after {SIZE}")

    assert (report.verdict, report.size) == (Verdict.HOLDS, SIZE + 1)
    assert [line.split()[2] for line in listed.lines] == ["dataset.version-added.v1"]


@pytest.mark.parametrize("name", ["log.db", "lock/checkpoints.db"])
def test_what_was_written_ahead_is_never_left_out_in_silence(name, made: Path, disk: Disk):
    home = snapshot_while_written(made, disk.path)
    (home / f"{name}-shm").unlink()
    with disk.only_read():
        told = typed(home, "checkpoint")

    assert (told.code, told.out) == (1, "")
    assert told.err.startswith(f"Error: {home / name}: somebody was writing")
    assert "copy the whole folder to such a place" in told.err
    assert typed(home, "verify").code == 0


def test_a_transaction_that_was_cut_off_in_custody_is_named(made: Path, disk: Disk):
    home = Path(shutil.copytree(made, disk.path / "home"))
    with closing(sqlite3.connect(home / "custody.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.executemany("UPDATE sealed SET box = ?", [(b"x" * 9000,)] * 9)
        shutil.copytree(home, disk.path / "snapshot")
    home = disk.path / "snapshot"
    with disk.only_read():
        report = verify_home(home)

    assert report.verdict is Verdict.UNVERIFIED
    assert "custody.db: somebody was writing" in str(report.findings)
    assert verify_home(home).verdict is Verdict.HOLDS


def test_what_another_writes_while_it_is_read_without_a_lock_does_not_count(disk: Disk, tmp_path: Path):
    create_store(disk.url)
    append_each(disk.url, [event()])
    with disk.seen_by_others(tmp_path / "seen") as seen, closing(FileConnections(seen / "log.db", SETTINGS)) as opened:
        connection = opened.take()
        assert connection.execute(LENGTH).fetchone() == (1,)
        append_each(disk.url, [event()])
        with pytest.raises(Unreachable) as refused:
            opened.give_back(connection)
        with opened.borrowed() as connection:
            assert connection.execute(LENGTH).fetchone() == (2,)

    why = "was written while it was read from where it cannot be locked: call again"
    assert vars(refused.value) == {"path": seen / "log.db", "why": why}


def test_a_home_on_a_full_disk_answers_and_records_again_when_there_is_room(made: Path, answers, disk: Disk):
    home = Path(shutil.copytree(made, disk.path / "home"))
    filler = disk.fill("filler")

    assert [typed(home, line) for line in QUESTIONS] == answers
    for line in (*LOOKING[:2], *RECORDING[:1]):
        told = typed(home, line)
        assert (told.code, told.out) == (1, "")
        assert "no room to write" in told.err
    filler.unlink()
    assert typed(home, RECORDING[0]).code == 0
