"""Backups, made while others write, and homes that are made of them: whole, verified, with erasures applied."""

import io
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.cli.backups import NEWER_KEYS
from api.cli.verifying import verify_home
from ledger.backup.archive import ArchiveWriter, read_members
from ledger.backup.errors import BackupAltered, Lapsed, NotABackup
from ledger.backup.lapsing import last_copy_lapses
from ledger.backup.making import back_up, back_up_keys
from ledger.backup.restoring import KeysKept, restored
from ledger.chain.checkpoint import Checkpoint, sign_checkpoint
from ledger.chain.entry import Entry, format_time
from ledger.chain.merkle import root_hash
from ledger.errors import AlreadyThere, Busy, StoreFull
from ledger.events import LedgerOpened, PersonErased, PersonRegistered
from ledger.events.opening import Continued
from ledger.evidence.logkeys import log_key
from ledger.evidence.report import Verdict
from ledger.evidence.witness import Witness, create_witness
from ledger.home import KEYS, OUTGOING, check_continued, erase_person, lock_store_url, open_home, open_log, read_log_key
from ledger.log import about
from tests.command_line import Outcome, dua_ledger
from tests.facts import NOON, noon
from tests.signing import append, cut, entries_of, locked, new_home, rewrite, sign, with_altered
from tests.stores import PATIENCE
from tests.tampering import ANA, BEN, LAPSES, LEO, ORIGIN, SIZE, Operator, furnish, register
from tests.test_erasure import traces
from tests.witnesses import served
from tests.writers import forking

NEW = "ir.example.edu/again"
NAMES = {ANA: "Ana Ejemplo", LEO: "Leo Ejemplo"}


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("furnished")
    furnish(folder / "home")
    return folder


class Ledger:
    """A home that is backed up into the folder that it lies in, and restored there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self.backup, self.keys, self.again = folder / "backup.tar", folder / "keys.tar", folder / "again"

    @property
    def lock_store(self) -> str:
        return f"sqlite:///{self.home}/lock/checkpoints.db"

    @property
    def opened_by(self) -> list[object]:
        return ["--keys", self.keys, "--key-encryption-key", self.home / KEYS / "key-encryption-key"]

    def backed_up(self, keep_days: int = 30) -> "Ledger":
        back_up(self.home, self.backup, noon)
        back_up_keys(self.home, self.keys, keep_days, noon)
        return self

    def restore(self, *options: object, to: Path | None = None) -> Outcome:
        return dua_ledger("restore", self.backup, *options, "--processes", 1, home=to or self.again, clock=noon)

    def continued(self, *options: object) -> Outcome:
        """Restored with all that there is of it."""
        log_key = self.home / KEYS / "log-key.pem"
        return self.restore(*self.opened_by, "--log-key", log_key, "--lock-store", self.lock_store, *options)

    def begun_anew(self, *options: object) -> Outcome:
        return self.restore(*self.opened_by, "--lock-store", self.lock_store, "--as-new-log", NEW, *options)


@pytest.fixture
def ledger(furnished: Path, tmp_path: Path) -> Ledger:
    shutil.copytree(furnished / "home", tmp_path / "home")
    return Ledger(tmp_path)


def contents(entries: list[Entry]) -> list[tuple[object, ...]]:
    """What entries say, without the leaf before."""
    return [(e.position, e.header.recorded_at, e.header.tags, e.header.type, e.payload) for e in entries]


def everything_under(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


# Made whole.


def test_a_home_that_was_restored_is_the_one_that_was_backed_up(ledger: Ledger):
    sign(ledger.home)
    outcome = ledger.backed_up().continued()

    assert (outcome.code, outcome.out, outcome.err) == (
        0,
        f"Restored {ORIGIN} in {ledger.again}, with {SIZE} entries.\n",
        "",
    )
    assert [one.raw for one in entries_of(ledger.again)] == [one.raw for one in entries_of(ledger.home)]
    assert verify_home(ledger.again).verdict is Verdict.HOLDS
    with open_home(ledger.home, noon) as before, open_home(ledger.again, noon) as after:
        kept = list(before.custody.commitments())
        assert list(after.custody.commitments()) == kept
        assert [after.custody.reveal(one.commitment) for one in kept] == [
            before.custody.reveal(one.commitment) for one in kept
        ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in ledger.again.rglob("*")} == {0o600, 0o700}


def test_what_was_restored_goes_on_where_it_was(ledger: Ledger):
    assert ledger.backed_up().continued().code == 0
    append(ledger.again)
    sign(ledger.again)

    assert [one.size for one in locked(ledger.again)] == [1, SIZE, SIZE + 1]
    assert verify_home(ledger.again).verdict is Verdict.HOLDS


def test_stock_tools_open_a_backup_and_check_its_sums(ledger: Ledger, tmp_path: Path):
    ledger.backed_up()
    for file in (ledger.backup, ledger.keys):
        folder = tmp_path / file.stem
        folder.mkdir()
        subprocess.run(["tar", "-xf", file, "-C", folder], check=True)
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_key_is_in_a_backup_nor_the_lock_store(ledger: Ledger):
    sign(ledger.home)
    ledger.backed_up()
    operator, backup, keys = Operator(ledger.home), ledger.backup.read_bytes(), ledger.keys.read_bytes()
    wrapped = [
        one
        for table in ("subject_keys", "salts", "secrets", "opened_by")
        for (one,) in operator.run("keys.db", f"SELECT wrapped FROM {table}")
        if isinstance(one, bytes)
    ]
    opens = (ledger.home / KEYS / "key-encryption-key").read_bytes().strip()
    pem = (ledger.home / KEYS / "log-key.pem").read_bytes().splitlines()[1]

    assert len(wrapped) > 10
    assert not any(one in backup for one in wrapped)
    assert all(one in keys for one in wrapped)
    assert not any(secret in file for secret in (opens, bytes.fromhex(opens.decode()), pem) for file in (backup, keys))
    assert not any(one.note in backup for one in locked(ledger.home) if one.size == 1)


def test_nothing_is_overwritten(ledger: Ledger):
    ledger.backup.write_bytes(b"precious")
    with pytest.raises(AlreadyThere):
        back_up(ledger.home, ledger.backup)
    ledger.backup.unlink()
    ledger.backed_up()
    ledger.again.mkdir()
    refused = ledger.continued()

    assert (refused.code, list(ledger.again.iterdir())) == (1, [])


def test_without_its_lock_store_a_log_is_copied_only_when_that_is_asked_for(ledger: Ledger):
    sign(ledger.home)
    cut(ledger.home, 4)
    lost = (ledger.home / "lock/checkpoints.db").rename(ledger.folder / "lost")
    told = dua_ledger("backup", ledger.backup, home=ledger.home, clock=noon)

    assert (told.code, ledger.backup.exists()) == (1, False)
    assert told.err.startswith(f"Error: {ledger.home}/lock/checkpoints.db: the lock store has to be here, and is not")
    assert dua_ledger("backup", ledger.backup, "--without-lock-store", home=ledger.home, clock=noon).code == 0
    lost.rename(ledger.home / "lock/checkpoints.db")
    again = dua_ledger("backup", ledger.folder / "2.tar", "--without-lock-store", home=ledger.home, clock=noon)
    assert (again.code, (ledger.folder / "2.tar").exists()) == (1, False)


def test_that_packages_wait_which_are_not_in_a_backup_is_said(ledger: Ledger):
    (ledger.home / OUTGOING).mkdir()
    for name in ("L-2026-0001.00.gpg", "L-2026-0002.00.gpg", ".draft"):
        (ledger.home / OUTGOING / name).write_bytes(b"encrypted")
    told = dua_ledger("backup", ledger.backup, home=ledger.home, clock=noon)

    assert (told.code, told.lines[1:]) == (0, ["Not in it: 2 packages in outgoing/, waiting to be fetched."])
    assert b"encrypted" not in ledger.backup.read_bytes()


# While others write.

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


# Cut off.


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
from ledger.custody.drafts import draft_beside
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


# Altered.


def test_every_altered_byte_of_an_archive_is_found(tmp_path: Path):
    file = tmp_path / "archive"
    with file.open("wb") as opened:
        writer = ArchiveWriter(opened)
        writer.add("manifest.json", b"{}")
        writer.stream("entries/000001", 700, [b"a" * 500, b"b" * 200])
        writer.add("custody.db", b"")
        writer.finish()
    raw = file.read_bytes()

    def read(altered: bytes) -> None:
        for member in read_members(file, io.BytesIO(altered)):
            assert b"".join(member.content) is not None

    read(raw)
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 << place % 8
        with pytest.raises((BackupAltered, NotABackup)):
            read(bytes(changed))
    for end in range(0, len(raw), 37):
        with pytest.raises((BackupAltered, NotABackup)):
            read(raw[:end])
    with pytest.raises(BackupAltered):
        read(raw + b"\0")


@pytest.mark.parametrize("part", ["entries/000001", "custody.db", "documents/", "SHA256SUMS"])
def test_of_a_backup_that_was_altered_no_home_is_made(ledger: Ledger, part: str):
    raw = bytearray(ledger.backed_up().backup.read_bytes())
    raw[raw.index(part.encode()) + 512 + 200] ^= 1
    ledger.backup.write_bytes(raw)
    outcome = ledger.continued()

    assert (outcome.code, outcome.out.partition(":")[0], ledger.again.exists()) == (10, "altered", False)


def test_a_backup_made_up_of_other_entries_with_right_sums_is_found(ledger: Ledger):
    ledger.backed_up()
    with ledger.backup.open("rb") as file:
        members = [(member.name, b"".join(member.content)) for member in read_members(ledger.backup, file)]
    with ledger.backup.open("wb") as file:
        writer = ArchiveWriter(file)
        for name, content in members:
            writer.add(name, content.replace(b'"person-course"', b'"tracking-log"').replace(b'"forum"', b'"other"'))
        writer.finish()

    assert (ledger.continued().code, ledger.begun_anew().code, ledger.again.exists()) == (10, 10, False)


@pytest.mark.parametrize("what", ["backup", "keys", "neither"])
def test_another_file_is_no_backup(ledger: Ledger, what: str):
    ledger.backed_up()
    if what == "neither":
        ledger.backup.write_bytes(b"something else" * 100)
    else:
        ledger.backup, ledger.keys = (ledger.keys, ledger.keys) if what == "keys" else (ledger.backup, ledger.backup)

    assert (ledger.continued().code, ledger.again.exists()) == (1, False)


# Older.


def test_a_backup_that_is_older_than_what_was_signed_is_no_continuation(ledger: Ledger):
    ledger.backed_up()
    append(ledger.home, 2)
    sign(ledger.home)
    outcome = ledger.continued()

    assert (outcome.code, outcome.out.partition(":")[0], ledger.again.exists()) == (11, "shorter", False)
    assert f"the log has {SIZE} entries, and {SIZE + 2} were signed" in outcome.out


def test_a_backup_that_is_older_than_what_was_witnessed_is_no_continuation(ledger: Ledger, tmp_path: Path):
    vkey = create_witness(tmp_path / "witness", "audit.example.edu/w")
    with Witness(tmp_path / "witness") as opened, open_log(ledger.home) as store:
        opened.add(log_key(store))
    with served(tmp_path / "witness") as witness:
        with_witness = ["--witness", f"{witness.url}={vkey}"]
        assert dua_ledger("checkpoint", *with_witness, home=ledger.home).code == 0
        ledger.backed_up()
        assert ledger.continued(*with_witness).code == 0
        shutil.rmtree(ledger.again)
        shutil.copytree(ledger.home / "lock", tmp_path / "lock of yesterday")
        append(ledger.home)
        assert dua_ledger("checkpoint", *with_witness, home=ledger.home).code == 0
        of_yesterday = ["--lock-store", f"sqlite:///{tmp_path}/lock of yesterday/checkpoints.db"]

        assert ledger.restore(*ledger.opened_by, *of_yesterday, to=tmp_path / "unwitnessed").code == 0
        assert ledger.restore(*ledger.opened_by, *of_yesterday, *with_witness).code == 11
        assert not ledger.again.exists()


def test_a_new_log_carries_the_entries_on_and_commits_to_the_old_one(ledger: Ledger):
    ledger.backed_up()
    append(ledger.home, 2)
    sign(ledger.home)
    outcome = ledger.begun_anew()
    before, after = entries_of(ledger.home)[:SIZE], entries_of(ledger.again)
    root = root_hash([entry.leaf for entry in before])

    assert (outcome.code, outcome.err) == (0, "")
    assert "Lost: 2 entries that had been signed.\n" in outcome.out
    assert contents(after)[1:] == contents(before)[1:]
    with open_home(ledger.again, noon) as home:
        (opened,) = (fact.event for fact in home.ledger.facts([about(LedgerOpened)]))
        assert isinstance(opened, LedgerOpened)
        assert opened.continues == Continued(origin=ORIGIN, size=SIZE, root=root.hex(), signed=SIZE + 2)
    assert str(read_log_key(ledger.again)) != str(read_log_key(ledger.home))
    assert [one.size for one in locked(ledger.again)] == [1, SIZE]
    report = verify_home(ledger.again)
    assert (report.verdict, report.findings) == (Verdict.HOLDS, ())


def test_a_new_log_that_is_backed_up_is_carried_on_again_and_its_whole_line_verifies(ledger: Ledger):
    assert ledger.backed_up().begun_anew().code == 0
    append(ledger.again)
    other = Ledger(ledger.folder / "elsewhere")
    other.folder.mkdir()
    ledger.again.rename(other.home)
    anew = [*other.backed_up().opened_by, "--as-new-log"]
    assert [other.restore(*anew, origin).code for origin in (ORIGIN, NEW, "ir.example.edu/third")] == [2, 2, 0]

    assert [file.name for file in sorted((other.again / "earlier").iterdir())] == ["1", "2"]
    assert verify_home(other.again).findings == ()
    (other.again / "earlier/1").unlink()
    (other.again / "earlier/2").rename(other.again / "earlier/1")
    assert verify_home(other.again).verdict is Verdict.UNVERIFIED


def test_what_was_carried_over_and_the_old_log_beside_it_cannot_be_altered_unnoticed(ledger: Ledger):
    assert ledger.backed_up().begun_anew().code == 0
    earlier = ledger.again / "earlier/1"
    raw = earlier.read_bytes()
    for place in range(0, len(raw), len(raw) // 15):
        earlier.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert verify_home(ledger.again).verdict is Verdict.ALTERED
    earlier.write_bytes(raw[: len(raw) // 2])
    assert verify_home(ledger.again).verdict is Verdict.ALTERED
    earlier.unlink()
    assert verify_home(ledger.again).verdict is Verdict.UNVERIFIED
    earlier.write_bytes(raw)
    assert verify_home(ledger.again).verdict is Verdict.HOLDS


def test_a_checkpoint_of_the_old_log_is_held_against_what_was_carried_on_from_it(ledger: Ledger):
    kept, later, forged = (ledger.folder / name for name in ("kept", "later", "forged"))
    kept.write_bytes(sign(ledger.home).raw)
    ledger.backed_up()
    append(ledger.home, 2)
    later.write_bytes(sign(ledger.home).raw)
    with open_log(ledger.home) as store:
        key = str(log_key(store))
    assert ledger.begun_anew().code == 0
    leaves = [entry.leaf for entry in entries_of(ledger.again)]
    other = Checkpoint(ORIGIN, SIZE, root_hash(leaves))
    forged.write_bytes(sign_checkpoint(other, [read_log_key(ledger.home)]))

    def verified(*options: object) -> tuple[int, str]:
        told = dua_ledger("verify", "--processes", 1, *options, home=ledger.again)
        return told.code, told.out.splitlines()[0].rpartition(": ")[2]

    assert verified("--checkpoint", kept)[0] == 0
    assert verified("--checkpoint", later) == (11, f"{SIZE} of them were carried on, and the others are lost")
    assert verified("--checkpoint", forged) == (11, "it was signed over other entries than were carried on")
    forged.write_bytes(sign_checkpoint(other, [Ed25519PrivateKey.generate()]))
    assert verified("--checkpoint", forged)[0] == 12
    kept.write_bytes(kept.read_bytes().replace(b"\n%d\n" % SIZE, b"\n%d\n" % (SIZE - 1)))
    assert verified("--checkpoint", kept)[0] == 12
    with open_log(ledger.again) as store:
        assert verified("--checkpoint", later, "--vkey", key, "--vkey", str(log_key(store)))[0] == 11


@pytest.mark.parametrize("origin", [ORIGIN, "https://ir.example.edu"])
def test_a_new_log_has_a_new_name(ledger: Ledger, origin: str):
    outcome = ledger.backed_up().restore(*ledger.opened_by, "--as-new-log", origin)

    assert (outcome.code, ledger.again.exists()) == (2, False)


def test_no_new_log_is_begun_from_another_history_than_was_signed(ledger: Ledger):
    sign(ledger.home)
    with_other = ledger.folder / "other"
    shutil.copytree(ledger.home, with_other / "home")
    rewrite(with_other / "home", with_altered(2))
    forged = Ledger(with_other)
    # Who forges it keeps the lock store out of the way, which would contradict it.
    (with_other / "home/lock/checkpoints.db").rename(with_other / "checkpoints.db")
    back_up(forged.home, forged.backup, noon, check_continued)
    back_up_keys(forged.home, forged.keys, 30, noon)
    outcome = forged.restore(*forged.opened_by, "--lock-store", ledger.lock_store, "--as-new-log", NEW)

    assert (outcome.code, outcome.out.partition(":")[0], forged.again.exists()) == (11, "shorter", False)


def test_with_the_key_of_another_log_none_is_continued(ledger: Ledger):
    other = new_home(ledger.folder / "other") / KEYS / "log-key.pem"
    outcome = ledger.backed_up().restore(*ledger.opened_by, "--lock-store", ledger.lock_store, "--log-key", other)

    assert (outcome.code, ledger.again.exists()) == (1, False)
    assert "the key that is here" in outcome.err


@pytest.mark.parametrize(
    ("key", "content", "why"),
    [
        ("key-encryption-key", b"junk", "is no key-encryption key: 128 hex digits and a line end"),
        ("key-encryption-key", b"%0128d\n" % 7, "is not the key-encryption key of {keys}"),
        ("log-key.pem", b"junk", "is no private key, or the passphrase is another one"),
    ],
)
def test_what_is_no_key_is_named_as_it_was_given(ledger: Ledger, key: str, content: bytes, why: str):
    junk = ledger.backed_up().folder / "junk"
    junk.write_bytes(content)
    given = {name: ledger.home / KEYS / name for name in ("key-encryption-key", "log-key.pem")} | {key: junk}
    outcome = ledger.restore(
        *("--keys", ledger.keys, "--key-encryption-key", given["key-encryption-key"]),
        *("--log-key", given["log-key.pem"], "--lock-store", ledger.lock_store),
    )

    assert (outcome.code, outcome.err) == (1, f"Error: {junk}: {why.format(keys=ledger.keys)}\n")
    assert not ledger.again.exists()


# Without keys, and with older ones.


def test_without_keys_all_is_there_but_details(ledger: Ledger):
    outcome = ledger.backed_up().restore("--lock-store", ledger.lock_store)
    report = verify_home(ledger.again)

    assert outcome.code == 0
    assert "no details can be read" in outcome.out
    assert (report.verdict, len(report.findings), report.size) == (Verdict.UNVERIFIED, 1, SIZE)
    assert dua_ledger("entries", home=ledger.again).code == 0
    assert dua_ledger("inbox", home=ledger.again).code == 1


@pytest.mark.parametrize("with_keys", [True, False])
def test_who_was_erased_after_the_keys_were_backed_up_stays_erased(ledger: Ledger, with_keys: bool):
    ledger.backed_up()
    operator = Operator(ledger.home)
    with open_home(ledger.home, noon) as home:
        left_behind = traces(operator, home, LEO, NAMES[LEO])
        still = traces(operator, home, ANA, NAMES[ANA])
        sealed = left_behind[-1]
        erase_person(home, LEO, (), last_copy_lapses=LAPSES, actor="operator", via="test")
        assert sealed not in everything_under(ledger.home)
    ledger.backup.unlink()
    # A copy of custody from before: as if the erasure had been cut off before it came to that.
    back_up(ledger.home, ledger.backup, noon)
    assert any(trace in ledger.keys.read_bytes() for trace in left_behind)
    outcome = ledger.continued() if with_keys else ledger.restore("--lock-store", ledger.lock_store)

    assert outcome.code == 0
    everything = everything_under(ledger.again)
    assert not any(trace in everything for trace in left_behind)
    assert any(trace in everything for trace in still)
    if with_keys:
        assert verify_home(ledger.again).findings == ()


def test_an_erasure_that_was_cut_off_before_the_backup_is_completed(ledger: Ledger):
    """The event is recorded, and nothing destroyed yet."""
    operator = Operator(ledger.home)
    with open_home(ledger.home, noon) as home:
        left_behind = traces(operator, home, LEO, NAMES[LEO])
    with_custody = {name: (ledger.home / name).read_bytes() for name in ("custody.db", "keys/keys.db")}
    documents = {file: file.read_bytes() for file in (ledger.home / "documents").rglob("*") if file.is_file()}
    with open_home(ledger.home, noon) as home:
        erase_person(home, LEO, (), last_copy_lapses=LAPSES, actor="operator", via="test")
    for name, content in with_custody.items():
        (ledger.home / name).write_bytes(content)
    for file, content in documents.items():
        file.write_bytes(content)
    assert verify_home(ledger.home).verdict is Verdict.ALTERED

    assert ledger.backed_up().continued().code == 0
    everything = everything_under(ledger.again)
    assert not any(trace in everything for trace in left_behind)
    assert verify_home(ledger.again).findings == ()


def test_keys_older_than_what_they_are_to_open_are_a_loss_that_has_to_be_accepted(ledger: Ledger):
    back_up_keys(ledger.home, ledger.keys, 30, noon)
    with open_home(ledger.home, noon) as home:
        position = register(home, f"p-{77:032x}", "Later Person")
    back_up(ledger.home, ledger.backup, noon)
    refused = ledger.continued()

    assert (refused.code, ledger.again.exists()) == (10, False)
    assert f"lost: entry {position}: custody has lost its name" in refused.out
    older = f"The keys in {ledger.keys} are older than the backup:"
    assert [line for line in refused.lines if not line.startswith(f"lost: entry {position}: custody has lost")] == [
        f"{older} of {format_time(NOON)}, without 3 details recorded since.",
        NEWER_KEYS,
        "Nothing was restored.",
    ]
    accepted = ledger.continued("--accept-losses")
    assert (accepted.code, accepted.err.count(f"lost: entry {position}: custody has lost")) == (0, 3)
    assert (older in accepted.err, NEWER_KEYS in accepted.err) == (True, False)


def test_what_was_altered_is_not_put_down_to_keys_that_are_older(ledger: Ledger):
    Operator(ledger.home).run(
        "keys.db", "DELETE FROM salts WHERE subject = ? AND purpose LIKE '%/name'", f"person:{LEO}"
    )

    def later() -> datetime:
        return NOON + timedelta(hours=1)

    back_up_keys(ledger.home, ledger.keys, 30, later)
    with open_home(ledger.home, later) as home:
        position = register(home, f"p-{77:032x}", "Later Person")
    back_up(ledger.home, ledger.backup, later)
    refused = ledger.continued()

    assert (refused.code, ledger.again.exists()) == (10, False)
    altered = [line for line in refused.lines if line.startswith("altered: entry ")]
    assert len(altered) == 1
    assert (refused.out.count("lost: entry "), refused.out.count(f"lost: entry {position}: ")) == (3, 3)


def test_keys_that_have_lapsed_open_nothing(ledger: Ledger):
    ledger.backed_up(keep_days=2)
    keys = KeysKept(ledger.keys, ledger.home / KEYS / "key-encryption-key")
    with restored(ledger.backup, ledger.again, NOON + timedelta(days=2), keys):
        pass
    shutil.rmtree(ledger.again)
    with pytest.raises(Lapsed) as refusal, restored(ledger.backup, ledger.again, NOON + timedelta(days=3), keys):
        pass

    assert refusal.value.kept_until == date(2026, 11, 23)
    assert not ledger.again.exists()


@pytest.mark.parametrize(("keep_days", "lapses"), [(90, "2027-02-19"), (3, "2026-12-21")])
def test_erasing_says_when_the_last_copy_of_the_keys_lapses(ledger: Ledger, keep_days: int, lapses: str):
    back_up_keys(ledger.home, ledger.keys, keep_days, noon)
    granted = ["grant-role", "staff:1", "director", "--from", "2026-01-01", "--actor", "staff:1"]
    assert dua_ledger(*granted, home=ledger.home, clock=noon).code == 0
    told = dua_ledger("erase", BEN, "--yes", "--actor", "staff:1", home=ledger.home, clock=noon)

    assert f"The last backup copy of their keys lapses on {lapses}." in told.out


def test_a_home_that_was_restored_knows_until_when_its_keys_are_kept_elsewhere(ledger: Ledger):
    for number, days in enumerate((200, 3, 20)):
        back_up_keys(ledger.home, ledger.folder / f"keys-{number}.tar", days, noon)
    back_up(ledger.home, ledger.backup, noon)
    ledger.keys = ledger.folder / "keys-2.tar"
    assert ledger.continued().code == 0

    assert last_copy_lapses(ledger.again) == (NOON + timedelta(days=200)).date()


@pytest.mark.parametrize(
    ("given", "wanting"),
    [
        ([], ["--lock-store", "--as-new-log", "--log-key"]),
        (["--keys"], ["--key-encryption-key", "--lock-store", "--as-new-log", "--log-key"]),
        (["--key-encryption-key", "--log-key"], ["--keys", "--lock-store", "--as-new-log"]),
        (["--keys", "--lock-store"], ["--key-encryption-key", "--log-key"]),
    ],
)
def test_all_that_is_wanting_is_asked_for_at_once(ledger: Ledger, given: list[str], wanting: list[str]):
    ledger.backed_up()
    there = {"--keys": ledger.keys, "--lock-store": ledger.home / "lock"}

    outcome = ledger.restore(*(word for one in given for word in (one, there.get(one, ledger.backup))))

    asked_for = outcome.err.partition("give also ")[2]
    assert (outcome.code, ledger.again.exists()) == (2, False)
    assert set(re.findall(r"(?:^|; |or )(--[a-z-]+)", asked_for)) == set(wanting)


@pytest.mark.parametrize("where", ["", "lock", "lock/checkpoints.db"])
def test_a_lock_store_is_named_by_its_file_or_folder_or_by_the_home_that_has_it(ledger: Ledger, where: str):
    sign(ledger.home)
    ledger.backed_up()
    named = os.path.relpath(ledger.home / where)

    outcome = ledger.restore("--lock-store", named)

    assert outcome.code == 0
    found, meant = (Path(url.removeprefix("sqlite:///")) for url in (lock_store_url(ledger.again), ledger.lock_store))
    assert found.samefile(meant)


@pytest.mark.parametrize("wrong", ["sqlite:/lock.db", "postgres:lock", "http://lock", "nowhere"])
def test_what_is_no_lock_store_is_none_that_a_log_goes_on_with(ledger: Ledger, wrong: str):
    ledger.backed_up()

    assert ledger.restore("--lock-store", wrong).code != 0
    assert not ledger.again.exists()


def test_what_goes_together_is_asked_for_together(ledger: Ledger):
    ledger.backed_up()

    assert ledger.restore().code == 2
    assert ledger.restore("--keys", ledger.keys, "--as-new-log", NEW).code == 2
    assert ledger.restore("--lock-store", f"sqlite:///{ledger.folder}/none", *ledger.opened_by).code == 12
    assert ledger.restore("--as-new-log", NEW, "--lock-store", f"sqlite:///{ledger.folder}/none").code == 1
    assert not ledger.again.exists()
