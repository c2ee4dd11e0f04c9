"""Making a home of backups: read whole, checked, erasures applied, and only then given its name.

What somebody erased after the keys were backed up, and the log knows, is destroyed before anything can open it; what
nobody committed to and belongs to somebody of whom everything was erased goes with it.
"""

import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.backup.archive import Member, read_members
from ledger.backup.erasing import Erasures
from ledger.backup.errors import BackupAltered, Lapsed, NotABackup
from ledger.backup.lapsing import note_copy
from ledger.backup.manifest import (
    CUSTODY,
    DOCUMENTS,
    KEY_STORE,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    KeysManifest,
    Kind,
    Manifest,
    read_manifest,
)
from ledger.backup.refilling import refill
from ledger.chain.checkpoint import LogKey
from ledger.chain.entry import NO_LEAF, make_entry, parse_time, read_entry
from ledger.chain.merkle import root_of
from ledger.chain.note import VerifierKey, verifier_key
from ledger.codec import SALT_BYTES, Codec, Fact
from ledger.custody.documents import DocumentFolder
from ledger.custody.keystore import KeyStore
from ledger.custody.vault import Vault
from ledger.drafts import draft_beside, moved_to
from ledger.errors import Malformed, NotALedger, Unreachable, WrongKey
from ledger.events import LedgerOpened
from ledger.events.opening import Continued
from ledger.evidence.earlier import EARLIER, entries_in, origins_of
from ledger.evidence.lockstore import create_lock_store
from ledger.evidence.logkeys import good_for, log_key, log_keys
from ledger.evidence.stream import packed, unpacked
from ledger.evidence.witnessing import WITNESSES
from ledger.files import copied_to, named_os_errors, new_file, new_folder, read_regular, sync_tree
from ledger.home import (
    KEYS,
    LOCK,
    LOG,
    LOG_KEY,
    MAX_KEY_BYTES,
    check_origin,
    keep_log_key,
    key_file,
    key_files,
    lock_store_url,
    name_lock_store,
    open_custody,
    open_log,
    open_notary,
    read_log_key,
    store_url,
)
from ledger.storage.port import Clock

KEY_ENCRYPTION_KEY = "key-encryption-key"

_ENTRIES = re.compile(r"entries/[0-9]{6,}")
_FILES = re.compile(rf"custody\.db|{EARLIER}/[1-9][0-9]{{0,3}}|{DOCUMENTS}/[0-9a-f]{{2}}/[0-9a-f]{{62}}")


class KeysKept(NamedTuple):
    """What opens custody: a backup of the key store, and the key-encryption key, which is kept apart from it."""

    backup: Path
    key_encryption_key: Path


@contextmanager
def restored(file: Path, path: Path, now: datetime, keys: KeysKept | None = None) -> Iterator[tuple[Path, Manifest]]:
    """A home made of a backup, in a folder that becomes `path` when the block ends, and is gone when it raises.

    It holds the log, whose root is the one that was backed up, custody, and with `keys` what opens it; no log key and
    no lock store. Raises `NotABackup`, `BackupAltered`, `Lapsed`, `AlreadyThere`, `Busy`, `StoreFull`.
    """
    with draft_beside(path) as draft:
        new_folder(draft / KEYS)
        new_folder(draft / DOCUMENTS)
        manifest = _unpacked(file, draft)
        if keys is not None:
            _unpack_keys(keys, draft, manifest, now)
        _apply_erasures(draft, is_open=keys is not None)
        yield draft, manifest
        sync_tree(draft)
        moved_to(path, draft)


def keys_made_at(keys: KeysKept) -> datetime:
    """When the key store was backed up: what was recorded later, it may not open. Raises `NotABackup`."""
    with named_os_errors(keys.backup), keys.backup.open("rb") as opened:
        told = _manifest(keys.backup, read_members(keys.backup, opened), KeysManifest)
    return parse_time(told.made_at)


def continue_log(
    draft: Path, lock_store: str, log_key_files: Iterable[Path], witnesses: Iterable[str]
) -> tuple[LogKey, ...]:
    """Have a restored home go on with its log: with its lock store, and the keys there are; gives those that it lacks.

    It signs with none missing. Raises `WrongKey` for one that does not sign for the log.
    """
    name_lock_store(draft, lock_store)
    with open_log(draft) as store:
        first, signing = log_key(store), good_for(store.length(), log_keys(store))
    for file in log_key_files:
        _take_log_key(draft, file, signing)
    if key_file(draft, first).exists():
        key_file(draft, first).rename(draft / KEYS / LOG_KEY)
    _appoint(draft, witnesses)
    ours = key_files(draft)
    return tuple(key for key in signing if key.public not in ours)


def _take_log_key(draft: Path, file: Path, signing: Sequence[LogKey]) -> None:
    """Have a key of the log in a home, by a name that is its own."""
    copy = draft / KEYS / LOG_KEY
    new_file(copy, _small(file))
    with _said_of({copy: file}):
        public = read_log_key(draft).public_key().public_bytes_raw()
    found = VerifierKey(signing[0].name, signing[0].type, public)
    if public not in [key.public for key in signing]:
        raise WrongKey(str(found), ", ".join(map(str, signing)))
    copy.rename(key_file(draft, found))


class Opening(NamedTuple):
    """How a log is begun that carries on another: under which origin, by whom, when, how many that one had signed."""

    origin: str
    signed: int | None
    actor: str
    via: str
    clock: Clock


def begin_anew(draft: Path, manifest: Manifest, opening: Opening, witnesses: Iterable[str]) -> str:
    """Have a restored home begin a new log that carries on its own; gives the new one's verifier key.

    The old log is kept beside. Raises `Malformed` for an origin that is none, or the old one's: a log never signs two
    histories.
    """
    check_origin(opening.origin)
    if opening.origin in {manifest.origin, *origins_of(draft)}:
        raise Malformed("origin", opening.origin, "is that of a log which is carried on: give another")
    key = Ed25519PrivateKey.generate()
    vkey = verifier_key(opening.origin, key.public_key().public_bytes_raw())
    old = _set_aside(draft, manifest)
    first = LedgerOpened(
        origin=opening.origin,
        log_key=vkey,
        continues=Continued(origin=manifest.origin, size=manifest.size, root=manifest.root, signed=opening.signed),
    )
    keep_log_key(draft, key)
    new_folder(draft / LOCK)
    create_lock_store(lock_store_url(draft))
    _appoint(draft, witnesses)
    _carry_over(draft, old, Fact(event=first, actor=opening.actor, via=opening.via), opening.clock)
    return vkey


def _unpacked(file: Path, draft: Path) -> Manifest:
    with named_os_errors(file), file.open("rb") as opened:
        members = read_members(file, opened)
        manifest = _manifest(file, members, Manifest)
        for member in members:
            if _ENTRIES.fullmatch(member.name):
                _add_entries(file, draft, member)
            elif _FILES.fullmatch(member.name):
                _add_file(draft / member.name, member)
            else:
                raise NotABackup(file, f"holds {member.name!a}, which no backup holds")
    with named_os_errors(draft):
        if not (draft / LOG).is_file() or not (draft / CUSTODY).is_file():
            raise NotABackup(file, "lacks the log, or custody")
    with open_log(draft) as store:
        found = store.length(), root_of(store.length(), store.subtree).hex(), log_key(store).name
    if found != (manifest.size, manifest.root, manifest.origin):
        raise BackupAltered(file, "its entries are not those of which it says the root")
    return manifest


def _manifest(file: Path, members: Iterator[Member], kind: type[Kind]) -> Kind:
    first = next(members, None)
    if first is None or first.name != MANIFEST or first.size > MAX_MANIFEST_BYTES:
        raise NotABackup(file, f"does not begin with {MANIFEST}")
    return read_manifest(file, b"".join(first.content), kind)


def _add_entries(file: Path, draft: Path, member: Member) -> None:
    try:
        entries = list(map(read_entry, unpacked(member.content)))
        for entry, again in refill(store_url(draft), entries):
            if entry.raw != again.raw:
                raise BackupAltered(file, f"entry {again.position} in it is not as a ledger writes it there")
    except Malformed as error:
        raise BackupAltered(file, f"{member.name}: {error}") from error


def _add_file(target: Path, member: Member) -> None:
    if not target.parent.is_dir():
        new_folder(target.parent)
    copied_to(target, member.content)


def _unpack_keys(keys: KeysKept, draft: Path, manifest: Manifest, now: datetime) -> None:
    with named_os_errors(keys.backup), keys.backup.open("rb") as opened:
        members = read_members(keys.backup, opened)
        told = _manifest(keys.backup, members, KeysManifest)
        if told.kept_until < now.date():
            raise Lapsed(keys.backup, told.kept_until)
        for member in members:
            if member.name != KEY_STORE:
                raise NotABackup(keys.backup, f"holds {member.name!a}, which no backup of keys holds")
            _add_file(draft / KEYS / KEY_STORE, member)
    if told.origin != manifest.origin:
        raise NotABackup(keys.backup, f"is of {told.origin}, and the other of {manifest.origin}")
    opens = draft / KEYS / KEY_ENCRYPTION_KEY
    new_file(opens, _small(keys.key_encryption_key))
    with _said_of({opens: keys.key_encryption_key, draft / KEYS / KEY_STORE: keys.backup}):
        KeyStore.open(draft / KEYS / KEY_STORE, opens).close()
    note_copy(draft, told)


@contextmanager
def _said_of(given: Mapping[Path, Path]) -> Iterator[None]:
    """Raise what is said of files of a draft as said of those that were given, which they are copies of."""
    try:
        yield
    except (NotALedger, Unreachable) as error:
        if type(error) not in (NotALedger, Unreachable):
            raise
        path, why = Path(error.path), error.why
        for copy, original in given.items():
            path, why = original if path == copy else path, why.replace(str(copy), str(original))
        raise type(error)(path, why) from error


def _apply_erasures(draft: Path, *, is_open: bool) -> None:
    with open_log(draft) as store:
        erasures = Erasures(store, Codec())
    if is_open:
        with open_custody(draft) as custody:
            erasures.destroy(custody)
    else:
        with closing(Vault.open(draft / CUSTODY)) as vault:
            erasures.destroy_sealed(vault, DocumentFolder(draft / DOCUMENTS))


def _small(file: Path) -> bytes:
    with named_os_errors(file):
        content, _ = read_regular(file, MAX_KEY_BYTES)
    return content


def _appoint(draft: Path, witnesses: Iterable[str]) -> None:
    lines = [f"{one}\n" for one in witnesses]
    if lines:
        new_file(draft / KEYS / WITNESSES, "".join(lines).encode())


def _set_aside(draft: Path, manifest: Manifest) -> Path:
    """Move the log of a restored home to where it is kept as an earlier one, as bytes; gives the file."""
    if not (draft / EARLIER).is_dir():
        new_folder(draft / EARLIER)
    kept = draft / EARLIER / str(manifest.earlier + 1)
    with open_log(draft) as store:
        copied_to(kept, packed(raw for _, _, raw in store.rows(0, store.length())))
    with named_os_errors(draft):
        for part in draft.glob(f"{LOG}*"):
            part.unlink()
    return kept


def _carry_over(draft: Path, old: Path, first: Fact, clock: Clock) -> None:
    """Make a log that begins with this fact, and goes on with the second entry of the old one."""
    entries = entries_in(old)
    replaced = next(entries)
    payload = Codec().encode(first, os.urandom(SALT_BYTES), clock())
    # In its place, and so at its time: the next one's is not earlier.
    tags, type_ = first.event.tags(), first.event.wire_type()
    opening = make_entry(1, NO_LEAF, replaced.recorded_at, tags, type_, payload)
    # Signed when it begins, as every log is, and when it is whole.
    for some in ([opening], entries):
        deque(refill(store_url(draft), some), maxlen=0)
        with open_notary(draft) as notary:
            notary.checkpoint()
