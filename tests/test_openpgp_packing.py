"""A package is there whole or not at all, whatever happens while it is made, and no plain byte is ever in a file."""

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest

import ledger.openpgp
from ledger.errors import AlreadyThere, LedgerError, StoreFull, Unreachable
from ledger.openpgp import encrypt_package, examine_key, seal_nonce
from ledger.openpgp.errors import GnuPGFailed, NotAPackage, SourceChanged, WrongRecipients
from tests.keys import Owner
from tests.openpgp_facts import NOW, ana, ben, in_place_of_gpg, names_in, nothing_is_left, processes_about, ring
from tests.package_facts import MARKER, source_in, sources, target, unpacked
from tests.stores import CAMPAIGN

__all__ = ["ana", "ben", "nothing_is_left", "ring", "sources", "target"]

pytestmark = pytest.mark.needs("gpg")


def test_a_package_takes_nothings_place(ana: Owner, tmp_path: Path, target: Path):
    files = [("file", source_in(tmp_path))]
    target.write_bytes(b"yesterday's")
    link, folder = target.with_name("link"), target.with_name("folder")
    link.symlink_to("nowhere")
    folder.mkdir()

    for place in (target, link, folder):
        with pytest.raises(AlreadyThere):
            encrypt_package(files, ana.public(), place, at=NOW)
    with pytest.raises(Unreachable):
        encrypt_package(files, ana.public(), target.with_name("nowhere") / "package", at=NOW)
    assert target.read_bytes() == b"yesterday's"
    assert names_in(target.parent) == ["R-2026-0001.tar.gpg", "folder", "link"]


def test_what_appears_at_the_target_meanwhile_stays(ana: Owner, tmp_path: Path, target: Path):
    files = [("file", source_in(tmp_path))]

    with pytest.raises(AlreadyThere):
        encrypt_package(files, ana.public(), target, at=NOW, progress=Midway(lambda: target.write_bytes(b"another's")))
    assert target.read_bytes() == b"another's"
    assert names_in(target.parent) == [target.name]


class Midway:
    """Does something once, when a part of the first file is packed."""

    def __init__(self, deed: Callable[[], object]) -> None:
        self.deed, self.done = deed, False

    def __call__(self, packed: int) -> None:
        if packed and not self.done:
            self.done = True
            self.deed()


def _becomes_shorter(path: Path) -> None:
    os.truncate(path, 100_000)


def _becomes_longer(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _is_written_to(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"L")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


@pytest.mark.parametrize("change", [_becomes_shorter, _becomes_longer, _is_written_to])
def test_a_file_that_changes_while_it_is_packed_stops_it(
    ana: Owner, sources: list[tuple[str, Path]], target: Path, change: Callable[[Path], None]
):
    _, path = sources[0]

    with pytest.raises(SourceChanged) as caught:
        encrypt_package(sources, ana.public(), target, at=NOW, progress=Midway(lambda: change(path)))
    assert caught.value.path == path
    assert names_in(target.parent) == []


def test_a_file_that_vanishes_before_its_turn_stops_it(ana: Owner, sources: list[tuple[str, Path]], target: Path):
    _, path = sources[2]

    with pytest.raises(Unreachable) as caught:
        encrypt_package(sources, ana.public(), target, at=NOW, progress=Midway(path.unlink))
    assert caught.value.path == path
    assert names_in(target.parent) == []


def our_gpg() -> int:
    """The gpg that works for this test; what other tests have left running beside it is something else."""
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    (gpg,) = (child for child in children if Path(f"/proc/{child}/comm").read_text().strip() == "gpg")
    return int(gpg)


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_gpg_that_is_killed_midway_leaves_nothing(
    ana: Owner, sources: list[tuple[str, Path]], target: Path, by: signal.Signals
):
    with pytest.raises(GnuPGFailed):
        encrypt_package(sources, ana.public(), target, at=NOW, progress=Midway(lambda: os.kill(our_gpg(), by)))
    assert names_in(target.parent) == []


class Bored(Exception):
    """Whoever watches the progress has had enough."""


@pytest.mark.parametrize("error", [KeyboardInterrupt, BrokenPipeError, StopIteration, Bored])
def test_whatever_is_raised_midway_leaves_nothing(
    ana: Owner, sources: list[tuple[str, Path]], target: Path, error: type[BaseException]
):
    def give_up() -> None:
        raise error

    # A generator cannot raise StopIteration: Python makes a RuntimeError of it, and it is not taken for the end.
    with pytest.raises(RuntimeError if error is StopIteration else error):
        encrypt_package(sources, ana.public(), target, at=NOW, progress=Midway(give_up))
    assert names_in(target.parent) == []


def test_ctrl_c_leaves_nothing(ana: Owner, sources: list[tuple[str, Path]], target: Path):
    with pytest.raises(KeyboardInterrupt):
        encrypt_package(
            sources, ana.public(), target, at=NOW, progress=Midway(lambda: os.kill(os.getpid(), signal.SIGINT))
        )
    assert names_in(target.parent) == []


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As if the disk were full for any file beyond this size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_nothing_and_when_there_is_room_it_goes_on(
    ana: Owner, sources: list[tuple[str, Path]], target: Path
):
    key = ana.public()

    with files_of_at_most(300_000), pytest.raises(StoreFull):
        encrypt_package(sources, key, target, at=NOW)
    assert names_in(target.parent) == []
    with files_of_at_most(0), pytest.raises(GnuPGFailed):
        examine_key(key, NOW)

    encrypt_package(sources, key, target, at=NOW)
    assert names_in(target.parent) == [target.name]


def test_no_plain_byte_is_ever_in_a_file(ana: Owner, sources: list[tuple[str, Path]], target: Path, tmp_path: Path):
    seen: set[str] = set()

    def look(done: int) -> None:
        for file in [*(tmp_path / "temporary").rglob("*"), *target.parent.iterdir()]:
            if file.is_file():
                seen.add(file.parent.name + "/" + file.name[:12])
                assert MARKER[:16] not in file.read_bytes(), file
        process = Path(f"/proc/{our_gpg()}")
        assert MARKER[:16] not in (process / "cmdline").read_bytes()

    encrypt_package(sources, ana.public(), target, at=NOW, progress=look)

    assert any(name.startswith("outgoing/.dua-ledger-") for name in seen)
    assert any(name.endswith("/pubring.kbx") for name in seen)


WHEN_ENCRYPTING = 'case " $* " in *" --encrypt "*)'
LYING: dict[str, tuple[type[LedgerError], str]] = {
    "encrypts for somebody else too": (WrongRecipients, 'exec "$GPG" --recipient-file {ben} "$@"'),
    "encrypts for somebody hidden too": (WrongRecipients, 'exec "$GPG" --hidden-recipient-file {ben} "$@"'),
    "hides whom it encrypts for": (
        WrongRecipients,
        'for last; do :; done; set -- $(echo "$*" | sed \'s/--no-throw-keyids/--throw-keyids/\'); exec "$GPG" "$@"',
    ),
    "encrypts for somebody else": (
        WrongRecipients,
        'exec "$GPG" --recipient-file {ben} $(echo "$*" | sed \'s/--recipient [0-9A-F]*!//\')',
    ),
    "does not encrypt": (GnuPGFailed, 'exec "$GPG" $(echo "$*" | sed "s/--encrypt/--store/")'),
    "writes another message behind it": (NotAPackage, '"$GPG" "$@" > {out}; code=$?; cat {out} {out}; exit $code'),
    "writes something behind it": (NotAPackage, '"$GPG" "$@"; code=$?; echo; exit $code'),
    "writes nothing": (NotAPackage, '"$GPG" "$@" > /dev/null; exit'),
    "takes another cipher": (GnuPGFailed, 'exec "$GPG" $(echo "$*" | sed "s/AES256/AES128/")'),
    "fails at the end": (GnuPGFailed, '"$GPG" "$@"; exit 2'),
    "does nothing and calls it done": (GnuPGFailed, "cat; exit 0"),
    "does not read": (GnuPGFailed, "exit 0"),
}


@pytest.mark.parametrize("lie", LYING)
def test_a_gpg_that_does_something_else_is_found_out_and_leaves_nothing(
    ana: Owner,
    ben: Owner,
    sources: list[tuple[str, Path]],
    target: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lie: str,
):
    error, script = LYING[lie]
    key, theirs = ana.public(), tmp_path / "ben.asc"
    theirs.write_bytes(ben.public())
    script = script.format(ben=theirs, out=tmp_path / "out")
    in_place_of_gpg(tmp_path, monkeypatch, f"{WHEN_ENCRYPTING} {script} ;; esac")

    with pytest.raises(error) as caught:
        encrypt_package(sources, key, target, at=NOW)
    if isinstance(caught.value, WrongRecipients):
        assert caught.value.expected == (ana.subkeys()[0][-16:],)
        assert caught.value.found != caught.value.expected
        with pytest.raises(WrongRecipients):
            seal_nonce("nonce", key, NOW)
    assert names_in(target.parent) == []


def test_a_gpg_that_hangs_is_ended(
    ana: Owner, sources: list[tuple[str, Path]], target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    key = ana.public()
    in_place_of_gpg(tmp_path, monkeypatch, f"{WHEN_ENCRYPTING} exec tail -f /dev/null ;; esac")
    monkeypatch.setattr(ledger.openpgp.conversation, "PATIENCE_SECONDS", 0.2)

    with pytest.raises(GnuPGFailed, match=r"0\.2 seconds"):
        encrypt_package(sources, key, target, at=NOW)
    assert names_in(target.parent) == []


PROJECT = Path(__file__).parent.parent
PACK = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ledger.openpgp import encrypt_package

source, key, target = map(Path, sys.argv[1:])
encrypt_package([("big", source)], key.read_bytes(), target, at=datetime(2026, 11, 21, tzinfo=UTC))
status = Path("/proc/self/status").read_text()
print(status.split("VmHWM:")[1].split()[0])
"""


def peak_kilobytes(source: Path, key: Path, target: Path) -> int:
    """The most memory that a process of its own takes to make a package."""
    command = [sys.executable, "-c", PACK, str(source), str(key), str(target)]
    return int(subprocess.run(command, capture_output=True, check=True, cwd=PROJECT).stdout)


@pytest.mark.campaign
def test_a_large_file_takes_no_more_memory_than_a_small_one(ana: Owner, tmp_path: Path, target: Path):
    size = 2 * 2**30 if CAMPAIGN else 64 * 2**20
    key, small, large = tmp_path / "ana.asc", tmp_path / "small", tmp_path / "large"
    key.write_bytes(ana.public())
    small.write_bytes(MARKER)
    with large.open("wb") as file:
        file.truncate(size)

    peaks = [peak_kilobytes(source, key, target.with_name(source.name)) for source in (small, large)]

    assert target.with_name("large").stat().st_size > size
    assert peaks[1] - peaks[0] < 8 * 1024
    target.with_name("large").unlink()


PACK_WHEN_READY = f"""
import sys, tempfile
import ledger.openpgp
tempfile.tempdir = sys.argv.pop()
print("ready", flush=True)
{PACK}
"""


@pytest.mark.campaign
def test_a_ctrl_c_at_any_moment_leaves_a_whole_package_or_none(
    ana: Owner, tmp_path: Path, sources: list[tuple[str, Path]], target: Path
):
    key, temporary = tmp_path / "ana.asc", tmp_path / "temporary"
    key.write_bytes(ana.public())
    _, source = sources[0]
    command = [sys.executable, "-c", PACK_WHEN_READY, str(source), str(key), str(target), str(temporary)]
    cut, turns = 0, 300 if CAMPAIGN else 8
    # How long a package takes is learnt from those that were finished, so that the signals fall all over that time.
    quickest = 5.0

    for turn in range(2 * turns):
        if turn >= turns and cut:
            break
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=PROJECT)
        assert process.stdout is not None
        process.stdout.readline()
        began = monotonic()
        with suppress(subprocess.TimeoutExpired):
            process.wait(quickest * (1 - turn * 7919 % 997 / 997 if turn < turns else 0))
            quickest = min(quickest, monotonic() - began)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate()
        assert process.returncode in (0, -signal.SIGINT), told.decode()
        assert names_in(temporary) == [], told.decode()
        assert processes_about(temporary) == []
        assert names_in(target.parent) in ([], [target.name])
        if target.exists():
            assert unpacked(ana.decrypt(target.read_bytes())) == {"big": source.read_bytes()}
            target.unlink()
        else:
            cut += 1
    assert cut > 0
