"""A furnished home, its backup and keys, and what is made of them."""

import shutil
from pathlib import Path

import pytest

from ledger.backup.making import back_up, back_up_keys
from ledger.chain.entry import Entry
from ledger.home import KEYS
from tests.command_line import Outcome, dua_ledger
from tests.facts import noon
from tests.tampering import ANA, LEO, furnish

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
