"""Of a backup that somebody altered or made up no home is made."""

import io
from pathlib import Path

import pytest

from ledger.backup.archive import ArchiveWriter, read_members
from ledger.backup.errors import BackupAltered, NotABackup
from tests.backups import Ledger, furnished, ledger

__all__ = ["furnished", "ledger"]


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
