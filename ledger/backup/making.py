"""Making backups while others go on writing.

    manifest.json               what it is a backup of
    entries/000001...           the first entries of the log, each behind its length, so many to a file
    earlier/1...                the logs that this one carries on, if any, in the same form
    custody.db                  texts and records of documents, encrypted
    documents/<2>/<62>          documents, encrypted

The cut is one position. What entries commit to is kept before they are, and destroyed after the entry that says so; so
while nobody can change the vault, it holds whatever the entries up to the log's end commit to. The vault is copied in
that time, entries and documents afterwards, for they do not change. A document that somebody erased meanwhile would be
missed: then the cut is made anew.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, NamedTuple

from ledger.backup.archive import ArchiveWriter, new_for_its_owner
from ledger.backup.lapsing import last_copy_lapses, note_copy
from ledger.backup.manifest import CUSTODY, DOCUMENTS, KEY_STORE, MANIFEST, KeysManifest, Manifest, write_manifest
from ledger.chain.entry import format_time
from ledger.chain.merkle import root_of
from ledger.custody.documents import DocumentFolder
from ledger.custody.vault import Vault
from ledger.drafts import draft_beside, moved_to
from ledger.errors import Busy, Damaged, NotALedger, Unreachable
from ledger.evidence.earlier import earlier_logs
from ledger.evidence.logkeys import log_key
from ledger.evidence.stream import chunks_of, packed
from ledger.home import check_continued, check_signed, open_key_store, open_lock_store, open_log, places
from ledger.storage import Store, utc_now, without_password
from ledger.storage.port import Clock

ATTEMPTS = 5
NOT_IN_FILES = "is backed up by PostgreSQL's own means, pg_basebackup or pg_dump: POSTGRESQL.md says how"


class _Erased(Exception):
    """A document of the cut was erased before it was copied."""


class _Cut(NamedTuple):
    """The log up to a position, and what custody kept then."""

    store: Store
    size: int
    vault: Path


def back_up(path: Path, to: Path, clock: Clock = utc_now, check: Callable[[Path], None] = check_signed) -> Manifest:
    """Write a backup of the home at `path` to the new file `to`, with mode 0600, whole or not at all.

    Whoever seals or erases waits while the vault is copied. Raises `AlreadyThere`, `Busy`, `StoreFull`, and what
    opening the home raises; `Unreachable` for an office that is kept in PostgreSQL; and what `check` does for a log
    that may not be copied, as one is that the lock store contradicts, or of which it is missing.
    """
    _check_in_files(path)
    with draft_beside(to) as draft, open_log(path) as store:
        check(path)
        for attempt in range(ATTEMPTS):
            with suppress(_Erased):
                return _backed_up(path, to, store, draft / str(attempt), clock)
    raise Busy(path / DOCUMENTS, 0)


def back_up_keys(path: Path, to: Path, keep_days: int, clock: Clock = utc_now) -> KeysManifest:
    """Write a backup of the key store, still wrapped, that may be kept for so many days. Raises as `back_up` does.

    The home remembers until when; the key-encryption key is not in it.
    """
    _check_in_files(path)
    now = clock()
    kept_until = (now + timedelta(days=keep_days)).date()
    with draft_beside(to) as draft, open_log(path) as store, closing(open_key_store(path)) as keys:
        check_continued(path)
        manifest = KeysManifest(
            origin=log_key(store).name,
            made_at=format_time(now),
            kept_until=kept_until,
            last_copy_lapses=max(kept_until, last_copy_lapses(path) or kept_until),
        )
        keys.copy(draft / KEY_STORE)
        part = draft / "part"
        with _written(part) as file:
            writer = ArchiveWriter(file)
            writer.add(MANIFEST, write_manifest(manifest))
            _add_file(writer, KEY_STORE, draft / KEY_STORE)
            writer.finish()
        # First, so that nobody is told of an earlier day than the last one.
        note_copy(path, manifest)
        moved_to(to, part)
    return manifest


def _check_in_files(path: Path) -> None:
    """Raise `Unreachable` unless key store and vault are files, which can be copied."""
    at = places(path)
    for place in (at.keys, at.vault):
        if isinstance(place, str):
            raise Unreachable(without_password(place), NOT_IN_FILES)


def _backed_up(path: Path, to: Path, store: Store, draft: Path, clock: Clock) -> Manifest:
    draft.mkdir(mode=0o700)
    part = draft / "part"
    with closing(Vault.open(path / CUSTODY)) as vault:
        with vault.copied(draft / CUSTODY):
            cut = _Cut(store, store.length(), draft / CUSTODY)
        with _written(part) as file:
            manifest = _write(path, cut, vault, ArchiveWriter(file), clock)
    moved_to(to, part)
    return manifest


def _write(path: Path, cut: _Cut, vault: Vault, writer: ArchiveWriter, clock: Clock) -> Manifest:
    earlier = earlier_logs(path)
    manifest = Manifest(
        origin=log_key(cut.store).name,
        size=cut.size,
        root=root_of(cut.size, cut.store.subtree).hex(),
        made_at=format_time(clock()),
        checkpoint=_signed_over(path, cut.size),
        earlier=len(earlier),
    )
    writer.add(MANIFEST, write_manifest(manifest))
    entries = (raw for _, _, raw in cut.store.rows(0, cut.size))
    for number, part in enumerate(packed(entries), 1):
        writer.add(f"entries/{number:06}", part)
    for number, file in enumerate(earlier, 1):
        _add_file(writer, f"earlier/{number}", file)
    _add_file(writer, CUSTODY, cut.vault)
    _add_documents(DocumentFolder(path / DOCUMENTS), cut.vault, vault, writer)
    writer.finish()
    return manifest


def _signed_over(path: Path, size: int) -> str | None:
    try:
        with open_lock_store(path) as lock:
            stored = lock.at(size)
    except (Unreachable, NotALedger, Damaged):
        # Where it stands with the lock store is for `verify` to say.
        return None
    return None if stored is None else stored.note.decode(errors="replace")


def _add_documents(folder: DocumentFolder, copied: Path, vault: Vault, writer: ArchiveWriter) -> None:
    with closing(Vault.open(copied)) as then:
        addresses = sorted(then.documents())
    for address in addresses:
        file = folder.file(address)
        try:
            _add_file(writer, f"{DOCUMENTS}/{file.parent.name}/{file.name}", file)
        except FileNotFoundError as error:
            with vault.still() as kept:
                if address not in kept:
                    raise _Erased from error
            # It never came to be, for somebody who kept it was killed; or it was taken away, as `verify` says then.


def _add_file(writer: ArchiveWriter, name: str, file: Path) -> None:
    """Add the content of a file. Raises `FileNotFoundError`."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as opened:
        writer.stream(name, os.fstat(descriptor).st_size, chunks_of(opened))


@contextmanager
def _written(part: Path) -> Iterator[IO[bytes]]:
    """A new file for its owner alone, on disk when the block ends."""
    with new_for_its_owner(part) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
