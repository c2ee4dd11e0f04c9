"""Programs that know nothing of this one accept what it signs, and refuse it when it was altered."""

import os
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import pytest
from eventsourcing.dcb.api import DCBEvent

from ledger.evidence.logkeys import log_key
from ledger.evidence.tiles import write_tiles
from ledger.home import open_log, open_notary
from tests.facts import noon
from tests.signing import append, entries_of, new_home, sign, signed_home
from tests.stores import CAMPAIGN

pytestmark = pytest.mark.needs("go")

SOURCE = Path(__file__).with_name("tlogcheck") / "main.go"
# Where Debian puts golang.org/x/mod.
ENVIRONMENT = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""}
REFUSED = "refused: "


@pytest.fixture(scope="session")
def tlogcheck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in tests/tlogcheck, built."""
    if not Path(ENVIRONMENT["GOPATH"], "src/golang.org/x/mod/sumdb/tlog").is_dir():
        refuse = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        refuse("needs Debian's package golang-golang-x-mod-dev, which is not installed here")
    folder = tmp_path_factory.mktemp("go")
    built = folder / "tlogcheck"
    environment = os.environ | ENVIRONMENT | {"GOCACHE": str(folder / "cache")}
    run(["go", "build", "-o", str(built), str(SOURCE)], check=True, env=environment)
    return built


def said(program: Path, *arguments: object) -> str:
    """What the program says, which begins with a word that tells whether it was content."""
    done = run([str(program), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == done.stdout.startswith(REFUSED), done
    return done.stdout


def vkey_of(path: Path) -> str:
    with open_log(path) as store:
        return str(log_key(store))


def flips(raw: bytes) -> Iterator[bytes]:
    """The bytes with one bit of each byte flipped in turn."""
    for place in range(len(raw)):
        yield raw[:place] + bytes([raw[place] ^ 1 << place % 8]) + raw[place + 1 :]


def test_go_opens_a_checkpoint_with_the_verifier_key_and_refuses_an_altered_one(tlogcheck: Path, tmp_path: Path):
    home = signed_home(tmp_path / "home", 4, 9)
    raw = (home / "checkpoint").read_bytes()
    root = raw.decode().splitlines()[2]

    assert said(tlogcheck, "note", vkey_of(home), home / "checkpoint") == f"signed: 9 {root}\n"
    altered = tmp_path / "altered"
    for flipped in flips(raw):
        altered.write_bytes(flipped)
        assert said(tlogcheck, "note", vkey_of(home), altered).startswith(REFUSED)
    other = vkey_of(new_home(tmp_path / "other"))
    assert said(tlogcheck, "note", other, home / "checkpoint").startswith(REFUSED)


def test_go_checks_every_receipt_and_refuses_an_altered_one(tlogcheck: Path, tmp_path: Path):
    home = signed_home(tmp_path / "home", 4, 11)
    receipt, entry = tmp_path / "receipt", tmp_path / "entry"
    with open_notary(home) as notary:
        receipts = [notary.receipt(position).write() for position in range(1, 12)]
    entries = [one.raw for one in entries_of(home)]
    for index, (written, raw) in enumerate(zip(receipts, entries, strict=True)):
        receipt.write_bytes(written)
        entry.write_bytes(raw)
        assert said(tlogcheck, "receipt", vkey_of(home), receipt, entry) == f"proved: {index} 11\n"
    for flipped in flips(receipts[-1]):
        receipt.write_bytes(flipped)
        assert said(tlogcheck, "receipt", vkey_of(home), receipt, entry).startswith(REFUSED)
    receipt.write_bytes(receipts[-1])
    for flipped in flips(entries[-1]):
        entry.write_bytes(flipped)
        assert said(tlogcheck, "receipt", vkey_of(home), receipt, entry).startswith(REFUSED)


def test_go_proves_every_entry_from_the_tiles_as_they_grow(tlogcheck: Path, tmp_path: Path):
    home = new_home(tmp_path / "home")
    for size in [1, 2, 255, 256, 257, 511, 512, 700, *([66_000] if CAMPAIGN else [])]:
        grow(home, size)
        export(home, tmp_path / "tiles")

        assert said(tlogcheck, "tiles", vkey_of(home), tmp_path / "tiles") == f"proved: {size}\n"


def test_go_refuses_altered_tiles_bundles_and_checkpoints(tlogcheck: Path, tmp_path: Path):
    home, folder = new_home(tmp_path / "home"), tmp_path / "tiles"
    grow(home, 700)
    export(home, folder)
    files = sorted(file for file in folder.rglob("*") if file.is_file())

    assert len(files) == 1 + 3 + 3 + 1
    for file in files:
        whole = file.read_bytes()
        for place in range(0, len(whole), max(1, len(whole) // 5)):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
            assert said(tlogcheck, "tiles", vkey_of(home), folder).startswith(REFUSED)
        file.write_bytes(whole)
    assert said(tlogcheck, "tiles", vkey_of(home), folder) == "proved: 700\n"


def grow(path: Path, size: int) -> None:
    """Append and sign until the log has so many entries."""
    with open_log(path, noon) as store:
        missing = size - store.length()
        if missing:
            store.append_entries([DCBEvent("thing.happened.v1", b"%d" % number, []) for number in range(missing)])
    sign(path)


def export(path: Path, folder: Path) -> None:
    with open_notary(path) as notary, open_log(path) as store:
        write_tiles(store, notary.checkpoint(), notary.vouched_keys(), folder)


def test_the_key_of_one_log_opens_nothing_of_another(tlogcheck: Path, tmp_path: Path):
    one, other = new_home(tmp_path / "one"), new_home(tmp_path / "other")
    append(one)
    export(one, tmp_path / "tiles")

    assert said(tlogcheck, "tiles", vkey_of(other), tmp_path / "tiles").startswith(REFUSED)
