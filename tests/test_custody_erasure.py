"""What is erased is gone from every file when the call returns, whatever happened before or meanwhile."""

import io
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.custody import Custody, Erasure
from ledger.custody.label import Label
from ledger.custody.vault import Sealed, Vault
from ledger.errors import Busy, Malformed, Missing, StoreFull
from tests.custody_facts import (
    ANA,
    BEN,
    NOON,
    OVER_BOTH,
    PDF,
    Folder,
    a_person_and_a_document,
    checked,
    no_file_may_grow_beyond,
    outcomes,
)
from tests.stores import CAMPAIGN

PROJECT = Path(__file__).parent.parent
AT_ONCE = 0.05


@OVER_BOTH
def test_everything_of_a_subject_is_erased_and_nothing_of_others(custody: Custody, folder: Folder):
    anas = [*a_person_and_a_document(custody, ANA), *a_person_and_a_document(custody, ANA)]
    bens = a_person_and_a_document(custody, BEN)
    traces = folder.traces_of(ANA)

    assert custody.erase(ANA) == Erasure(salts=6, keys=1, values=4, documents=2)

    assert len(traces) == 1 + 6 + 6 + 2
    assert folder.found(traces) == []
    assert [type(result) for result in checked(custody, anas)] == [Missing] * 6
    assert outcomes(custody, bens) == dict.fromkeys(dict(bens))
    assert {kept.subject for kept in custody.commitments()} == {BEN}


@OVER_BOTH
def test_some_members_are_erased_and_the_others_are_not(custody: Custody, folder: Folder):
    claims = a_person_and_a_document(custody, ANA)
    newer = custody.seal(ANA, "person.details_changed", {"phone": "+1 617 253 2000", "phones": "2"})
    phones = [claims[1], (newer["phone"], "person.details_changed/phone")]
    others = [claims[0], claims[2], (newer["phones"], "person.details_changed/phones")]
    before = set(folder.traces_of(ANA))

    assert custody.erase(ANA, {"phone"}) == Erasure(salts=2, values=2)

    gone = before - set(folder.traces_of(ANA))
    assert len(gone) == 4
    assert folder.found(list(gone)) == []
    assert [type(result) for result in checked(custody, phones)] == [Missing] * 2
    assert outcomes(custody, others) == dict.fromkeys(dict(others))


@OVER_BOTH
def test_documents_are_a_member_like_others(custody: Custody, folder: Folder):
    name, phone, letter = a_person_and_a_document(custody, ANA)

    assert custody.erase(ANA, {"documents"}) == Erasure(salts=1, documents=1)

    assert list(map(type, checked(custody, [name, phone, letter]))) == [type(None), type(None), Missing]
    assert not [file for file in (folder.path / "documents").rglob("*") if file.is_file()]


@OVER_BOTH
def test_a_subjects_key_goes_with_its_last_member(custody: Custody, folder: Folder):
    a_person_and_a_document(custody, ANA)

    assert [custody.erase(ANA, {member}).keys for member in ("name", "phone", "documents")] == [0, 0, 1]
    assert folder.run("keys.db", "SELECT count(*) FROM subject_keys") == [(0,)]


@OVER_BOTH
def test_erasing_again_and_erasing_nobody_does_nothing(custody: Custody):
    claims = a_person_and_a_document(custody, BEN)
    a_person_and_a_document(custody, ANA)
    custody.erase(ANA)

    assert [custody.erase(ANA), custody.erase("person:p-unknown"), custody.erase(BEN, [])] == [Erasure()] * 3
    assert outcomes(custody, claims) == dict.fromkeys(dict(claims))


def test_the_erasure_of_what_is_no_name_is_malformed(custody: Custody):
    with pytest.raises(Malformed):
        custody.erase("")


@OVER_BOTH
def test_somebody_erased_can_come_back_under_new_keys(custody: Custody):
    old = a_person_and_a_document(custody, ANA)
    custody.erase(ANA)

    new = a_person_and_a_document(custody, ANA)

    assert list(map(type, checked(custody, [*old, *new]))) == [Missing] * 3 + [type(None)] * 3


@OVER_BOTH
def test_what_was_altered_can_be_erased_all_the_same(custody: Custody, folder: Folder):
    a_person_and_a_document(custody, ANA)
    folder.run("custody.db", "UPDATE sealed SET box = x'00', purpose = '', document = x'00' WHERE document IS NULL")
    folder.run("keys.db", "UPDATE salts SET wrapped = x'00', commitment = x'00' WHERE purpose LIKE '%name'")

    custody.erase(ANA)

    assert list(custody.commitments()) == []


@pytest.mark.campaign
def test_no_trace_is_left_over_many_rounds_of_sealing_and_erasing(custody: Custody, folder: Folder):
    """Rows of every length make pages split and merge, which is when copies are left in free space."""
    dice = random.Random(20261121)
    there: list[str] = []
    traces: list[bytes] = []
    for n in range(150 if CAMPAIGN else 30):
        for m in range(dice.randrange(1, 12)):
            subject = dice.choice(there) if there and dice.random() < 0.3 else f"person:p-{n}-{m}"
            notes = {f"m{k}": "x" * min(5_000, int(10 * dice.paretovariate(0.6))) for k in range(dice.randrange(1, 7))}
            custody.seal(subject, "person.registered", notes)
            if dice.random() < 0.1:
                custody.keep_document(subject, "request.submitted", io.BytesIO(dice.randbytes(300)), PDF)
            if subject not in there:
                there.append(subject)
        for _ in range(min(len(there), dice.randrange(0, 8))):
            subject = there.pop(dice.randrange(len(there)))
            gone = folder.traces_of(subject)
            custody.erase(subject)
            assert folder.found(gone) == []
            traces += gone
    assert len(traces) > 300
    assert folder.found(traces) == []


# While somebody reads


@pytest.mark.parametrize("database", ["keys.db", "custody.db"])
def test_while_somebody_reads_erasing_is_busy_and_is_completed_by_calling_again(folder: Folder, database: str):
    folder.create().close()
    with folder.open(lock_seconds=AT_ONCE) as custody:
        claims = a_person_and_a_document(custody, ANA)
        others = a_person_and_a_document(custody, BEN)
        traces = folder.traces_of(ANA)
        with closing(sqlite3.connect(folder.path / database, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_schema").fetchall()

            with pytest.raises(Busy, match=database) as caught:
                custody.erase(ANA)

            assert caught.value.seconds == AT_ONCE
            reader.execute("COMMIT")
        custody.erase(ANA)

        assert folder.found(traces) == []
        assert list(map(type, checked(custody, claims))) == [Missing] * 3
        assert outcomes(custody, others) == dict.fromkeys(dict(others))


@pytest.mark.parametrize("database", ["keys.db", "custody.db"])
def test_erasing_waits_for_a_reader_who_is_through_in_time(custody: Custody, folder: Folder, database: str):
    a_person_and_a_document(custody, ANA)
    traces = folder.traces_of(ANA)
    with (
        ThreadPoolExecutor(1) as another_thread,
        closing(sqlite3.connect(folder.path / database, isolation_level=None)) as reader,
    ):
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        erasure = another_thread.submit(custody.erase, ANA)
        # Its journal shows that the erasure has begun; it cannot end before the reader does.
        while not (folder.path / f"{database}-journal").exists():
            assert not erasure.done()
        reader.execute("COMMIT")

        assert erasure.result() == Erasure(salts=3, keys=1, values=2, documents=1)
    assert folder.found(traces) == []


def test_without_room_to_build_anew_erasing_says_so_and_is_completed_by_calling_again(custody: Custody, folder: Folder):
    a_person_and_a_document(custody, ANA)
    custody.seal(BEN, "person.registered", {f"note{n}": "x" * 60_000 for n in range(5)})
    traces = folder.traces_of(ANA)

    with no_file_may_grow_beyond(100_000), pytest.raises(StoreFull):
        custody.erase(ANA)
    custody.erase(ANA)

    assert folder.found(traces) == []


# While somebody seals


def test_what_is_erased_while_it_is_sealed_is_never_written(tmp_path: Path):
    vault = Vault.create(tmp_path / "custody.db")
    label = Label(bytes(32), ANA, "person.registered/name", 0)

    def erased() -> None:
        raise Missing("00" * 32, "erased")

    with pytest.raises(Missing):
        vault.keep([Sealed(label, None, b"box")], erased)
    with pytest.raises(Missing), vault.still_keeping(label):
        pytest.fail("its row is not there")

    assert vault.rows([label.commitment]) == [None]
    vault.close()


@OVER_BOTH
def test_sealing_and_erasing_the_same_subject_at_once_leaves_either_all_or_nothing(custody: Custody, folder: Folder):
    def keep_on_sealing(_: int) -> list[tuple[str, str]]:
        claims = []
        for _ in range(6):
            try:
                claims += a_person_and_a_document(custody, ANA)
            except Missing:
                continue
        return claims

    with ThreadPoolExecutor(4) as threads:
        sealing = [threads.submit(keep_on_sealing, n) for n in range(3)]
        while not all(one.done() for one in sealing):
            custody.erase(ANA)
        claims = [claim for one in sealing for claim in one.result()]
        custody.erase(ANA)

    assert {type(result) for result in checked(custody, claims)} <= {Missing}
    assert list(custody.commitments()) == []
    assert not [file for file in (folder.path / "documents").rglob("*") if file.is_file()]


# Killed

CALLS = ["pwrite64", "fdatasync", "fsync", "unlink", "ftruncate", "linkat", "write", "mkdir"]
"""Those that change files or wait for them."""


@dataclass
class Prepared:
    """A folder that is copied for each kill."""

    path: Path
    anas: list[tuple[str, str]]
    bens: list[tuple[str, str]]


@pytest.fixture(scope="module")
def with_ana(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    path = tmp_path_factory.mktemp("with-ana")
    with Folder(path).create() as custody:
        return Prepared(path, a_person_and_a_document(custody, ANA), a_person_and_a_document(custody, BEN))


@pytest.fixture(scope="module")
def without_ana(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    path = tmp_path_factory.mktemp("without-ana")
    with Folder(path).create() as custody:
        return Prepared(path, [], a_person_and_a_document(custody, BEN))


def _run_traced(path: Path, act: str, *strace: str) -> subprocess.CompletedProcess[str]:
    program = (
        f"import sys; sys.path.insert(0, {str(PROJECT)!r}); from tests.custody_facts import {act}; {act}(sys.argv[1])"
    )
    return subprocess.run(
        ["strace", "-f", "-o", f"{path}.trace", *strace, sys.executable, "-BIc", program, str(path)],
        check=False,
        capture_output=True,
        text=True,
    )


def _calls_of(prepared: Path, act: str, path: Path) -> list[tuple[str, int]]:
    """Every call that this act makes on custody's files, by name and number."""
    shutil.copytree(prepared, path)
    traced = _run_traced(path, act, "-y", "-e", f"trace={','.join(CALLS)}")
    assert traced.returncode == 0, traced.stderr
    seen: dict[str, int] = {}
    calls = []
    for line in Path(f"{path}.trace").read_text().splitlines():
        if match := re.match(r"\d+ +(\w+)\(", line):
            seen[match[1]] = seen.get(match[1], 0) + 1
            if str(path) in line:
                calls.append((match[1], seen[match[1]]))
    return calls


def _kill(path: Path, act: str, call: str, number: int) -> None:
    """Let a process do this act and be killed as it makes this call for this time."""
    killed = _run_traced(path, act, "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}")
    assert killed.returncode == -9, (call, number, killed)


def _names(folder: Folder) -> set[Path]:
    return {file.relative_to(folder.path) for file in folder.files()}


def _some(calls: list[tuple[str, int]]) -> list[tuple[str, int]]:
    return calls if CAMPAIGN else random.Random(len(calls)).sample(calls, 6)


@pytest.mark.campaign
@pytest.mark.needs("strace")
def test_an_erasure_that_was_killed_at_any_moment_is_completed_by_calling_again(with_ana: Prepared, tmp_path: Path):
    source, anas, bens = with_ana.path, with_ana.anas, with_ana.bens
    traces = Folder(source).traces_of(ANA)
    calls = _calls_of(source, "erase_ana", tmp_path / "traced")
    assert len(calls) > 40
    for call, number in _some(calls):
        folder = Folder(tmp_path / f"{call}-{number}")
        shutil.copytree(source, folder.path)
        _kill(folder.path, "erase_ana", call, number)

        with folder.open() as custody:
            assert outcomes(custody, bens) == dict.fromkeys(dict(bens))
            assert {type(result) for result in checked(custody, anas)} <= {Missing, type(None)}
            custody.erase(ANA)
            assert outcomes(custody, bens) == dict.fromkeys(dict(bens))
            assert {kept.subject for kept in custody.commitments()} == {BEN}
            assert custody.strays() == []
        assert folder.found(traces) == [], (call, number)


@pytest.mark.campaign
@pytest.mark.needs("strace")
@pytest.mark.parametrize("removed_by", ["sweep", "erase"])
def test_what_was_being_sealed_when_its_process_was_killed_is_removed_without_a_trace(
    without_ana: Prepared, tmp_path: Path, removed_by: str
):
    source, bens = without_ana.path, without_ana.bens
    clean = _names(Folder(source))
    calls = _calls_of(source, "keep_for_ana", tmp_path / "traced")
    assert len(calls) > 40
    for call, number in _some(calls):
        folder = Folder(tmp_path / f"{call}-{number}")
        shutil.copytree(source, folder.path)
        _kill(folder.path, "keep_for_ana", call, number)

        with folder.open() as custody:
            if removed_by == "sweep":
                custody.sweep(dict(bens).__contains__, NOON + timedelta(seconds=1))
            else:
                custody.erase(ANA)
            assert outcomes(custody, bens) == dict.fromkeys(dict(bens))
            assert sorted(kept.commitment for kept in custody.commitments()) == sorted(dict(bens))
            if removed_by == "sweep":
                # A journal that was not yet synced is no sign of anything to SQLite; the next write takes its place.
                custody.erase("person:p-anybody")
        assert _names(folder) == clean, (call, number)


@pytest.mark.needs("strace")
def test_what_is_sealed_is_on_disk_before_the_caller_hears_of_it(without_ana: Prepared, tmp_path: Path):
    """After the last change of each file or folder comes a wait for it."""
    calls = ",".join([*CALLS, "openat"])
    shutil.copytree(without_ana.path, tmp_path / "traced")
    assert _run_traced(tmp_path / "traced", "keep_for_ana", "-y", "-e", f"trace={calls}").returncode == 0
    last: dict[str, str] = {}
    for line in Path(f"{tmp_path / 'traced'}.trace").read_text().splitlines():
        if match := re.match(rf"\d+ +(\w+)\(\d+<{re.escape(str(tmp_path / 'traced'))}([^>]*)>", line):
            last[match[2]] = match[1]

    changed = {name: call for name, call in last.items() if not name.endswith("-journal")}
    assert set(changed.values()) <= {"fsync", "fdatasync"}
    assert {"/keys.db", "/custody.db", "", "/documents"} <= changed.keys()
    assert len([name for name in changed if name.endswith(".part")]) == 1
