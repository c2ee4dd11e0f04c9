"""A ledger home: one folder with everything that a ledger on one machine consists of.

    log.db                     entries and their index
    store                      instead of it, the URL of the PostgreSQL database that holds them
    custody.db, documents/     what the log only commits to, encrypted
    keys/                      what must never be in the same backup as the rest:
        keys.db                    keys and salts of custody, wrapped
        key-encryption-key         what they are wrapped with
        log-key.pem                the key that signs for the log; log-key-*.pem are those that came after it
        lock-store                 where the lock store is, if it is elsewhere
        witnesses                  who is asked to cosign checkpoints, each a line `URL=VKEY`
    views.db                   tables made from the log, which can be thrown away
    notices.toml               by which servers notices are sent, if they are
    outbox.db                  which notices wait and what was tried, which can be thrown away
    last-use/                  the day on which each API key was last used; no fact of the log
    lock/checkpoints.db        the lock store, which must be in no backup at all
    checkpoint                 the last checkpoint that was signed, for everybody to fetch

The key that signs is encrypted when the environment had DUA_LEDGER_KEY_PASSPHRASE while the home was made, which must
then be there whenever something is signed. Folders have mode 0700 and files 0600.
"""

import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from ledger.chain.entry import check_name
from ledger.chain.note import VerifierKey, check_key_name, parse_vkey, verifier_key
from ledger.codec import Fact
from ledger.custody import LOOKUP_KEY, Custody, Erasure, Places
from ledger.custody.files import named_os_errors, new_file, new_folder, read_regular, sync_folder
from ledger.custody.keystore import KeyStore
from ledger.errors import AlreadyThere, Conflict, Damaged, Malformed, NotALedger, Unreachable
from ledger.events import DECLARED, Event, LedgerOpened, PersonErased
from ledger.events.people import Detail
from ledger.evidence.lockstore import LockStore, create_lock_store, path_in, remove_lock_store
from ledger.evidence.notary import Notary
from ledger.log import Ledger, Reading, about
from ledger.storage import (
    Store,
    create_store,
    has_password,
    is_postgres,
    open_store,
    utc_now,
    without_password,
)
from ledger.storage.port import Clock

LOG = "log.db"
STORE = "store"
VIEWS = "views.db"
KEYS = "keys"
LOG_KEY = "log-key.pem"
LOG_KEYS = "log-key*.pem"
LOCK_STORE = "lock-store"
LOCK = "lock"
LOCKED = "checkpoints.db"
PUBLISHED = "checkpoint"
UNLOCKED_BY = "DUA_LEDGER_KEY_PASSPHRASE"
WISH_KEY = "wishes"
MAX_KEY_BYTES = 65_536
SECRETS = (WISH_KEY, LOOKUP_KEY)
_SEALED_FOR_PEOPLE = tuple(event for event in DECLARED if event.sealed_for == "person")

_ORIGIN = re.compile(r"(?!.*://)[!-~]{1,150}")


class Home(NamedTuple):
    """An open ledger home."""

    path: Path
    ledger: Ledger
    custody: Custody
    notary: Notary

    @property
    def url(self) -> str:
        """Where its store is, for other processes."""
        return store_url(self.path)


def store_url(path: Path) -> str:
    """The URL of a home's store."""
    elsewhere = path / STORE
    with named_os_errors(elsewhere):
        if elsewhere.is_file():
            return os.fsdecode(elsewhere.read_bytes()).removesuffix("\n")
    return f"sqlite:///{path / LOG}"


def create_home(
    path: Path,
    origin: str,
    *,
    actor: str,
    via: str,
    clock: Clock = utc_now,
    lock_store: str | None = None,
    store: str | None = None,
) -> str:
    """Make a ledger home with its first entry, signed, whole or not at all; gives the log's verifier key.

    With `lock_store` the lock store is made there, not in the home. With `store` the log is in the PostgreSQL database
    at this URL, which holds an empty ledger; its first entry is written last of all, and stays when it is the signing
    that fails. Raises `AlreadyThere` when something is at `path` (an empty folder is nothing) or there, `Malformed` for
    an unusable origin or URL, `Unreachable` or `StoreFull` when there can be no folder at `path`.
    """
    check_origin(origin)
    if store is not None:
        _check_store(store)
    key = Ed25519PrivateKey.generate()
    vkey = verifier_key(origin, key.public_key().public_bytes_raw())
    opened = Fact(event=LedgerOpened(origin=origin, log_key=vkey), actor=actor, via=via)
    with _lock_store_at(lock_store), _draft_of(path) as draft:
        _furnish(draft, key, clock, lock_store, store)
        with open_home(draft, clock) as home:
            _open_log_with(home.ledger, opened)
            home.notary.checkpoint()
    return vkey


def _check_store(url: str) -> None:
    """Raise unless the database at this URL holds an empty ledger, and anybody may read the URL."""
    if not is_postgres(url):
        raise Malformed("store", url, "is not postgresql://...: without --store the log is in the home, on SQLite")
    if has_password(url):
        raise Malformed("store", without_password(url), "has a password in it, which belongs in libpq's password file")
    with open_store(url) as store:
        if store.length():
            raise AlreadyThere(without_password(url), "has a ledger in it already")


def _open_log_with(ledger: Ledger, opened: Fact) -> None:
    """Record the first entry, unless somebody else has."""
    nothing = Reading((), 0, DCBQuery([DCBQueryItem()]), None)
    try:
        ledger.append([opened], nothing)
    except Conflict as error:
        raise AlreadyThere("the database", "has a ledger in it already") from error


def check_origin(origin: str) -> None:
    """Raise `Malformed` for what no log can be called."""
    check_key_name(origin)
    if not _ORIGIN.fullmatch(origin):
        why = "is not a URL without scheme of at most 150 ASCII letters, such as ir.example.edu/dua-ledger"
        raise Malformed("origin", origin, why)


@contextmanager
def _draft_of(path: Path) -> Iterator[Path]:
    """A new folder beside `path`, which takes its place when the block ends well and is removed when it does not."""
    # What a link names is made where the link points to.
    path = Path(os.path.realpath(path))
    with named_os_errors(path):
        if not _is_free(path):
            raise AlreadyThere(path)
        made = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield draft
        with named_os_errors(path):
            draft.rename(path)
        sync_folder(path.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def _lock_store_at(url: str | None) -> Iterator[None]:
    """A new lock store outside the home, if there is to be one, which is removed when the block does not end well."""
    if url is None:
        yield
        return
    create_lock_store(url)
    try:
        yield
    except BaseException:
        remove_lock_store(url)
        raise


def _is_free(path: Path) -> bool:
    """Whether nothing is at `path`, or an empty folder. Raises `OSError` where nothing can be."""
    try:
        path.stat()
    except FileNotFoundError:
        return True
    return path.is_dir() and not any(path.iterdir())


def _furnish(folder: Path, log_key: Ed25519PrivateKey, clock: Clock, lock_store: str | None, store: str | None) -> None:
    new_folder(folder / KEYS)
    keep_log_key(folder, log_key)
    Custody.create(_places(folder), clock, secrets=SECRETS).close()
    if store is None:
        create_store(store_url(folder))
    else:
        new_file(folder / STORE, os.fsencode(f"{store}\n"))
    if lock_store is None:
        new_folder(folder / LOCK)
        create_lock_store(lock_store_url(folder))
    else:
        name_lock_store(folder, lock_store)
    sync_folder(folder / KEYS)


def keep_log_key(folder: Path, log_key: Ed25519PrivateKey) -> None:
    """Write the key that signs for the log of a home. Raises `AlreadyThere`."""
    new_file(folder / KEYS / LOG_KEY, _pem(log_key))


def _passphrase() -> bytes | None:
    return os.environb.get(UNLOCKED_BY.encode()) or None


def _encryption() -> KeySerializationEncryption:
    passphrase = _passphrase()
    return BestAvailableEncryption(passphrase) if passphrase else NoEncryption()


def read_log_key(path: Path) -> Ed25519PrivateKey:
    """The private key that signed first for the log of a home. Raises as `read_log_keys` does."""
    return _read_key(path / KEYS / LOG_KEY)


def read_log_keys(path: Path) -> list[Ed25519PrivateKey]:
    """The private keys that are in a home. Raises `Unreachable` for one that does not open or that others may read."""
    keys = path / KEYS
    return [_read_key(file) for file in sorted(keys.glob(LOG_KEYS))] or [_read_key(keys / LOG_KEY)]


def key_files(path: Path) -> dict[bytes, Path]:
    """The files of the private keys in a home, by their public keys. Raises as `read_log_keys` does."""
    return {_read_key(file).public_key().public_bytes_raw(): file for file in sorted((path / KEYS).glob(LOG_KEYS))}


def throw_away_key(origin: str) -> str:
    """The verifier key of a private key that nobody has: for trying what would become of a new one."""
    return verifier_key(origin, Ed25519PrivateKey.generate().public_key().public_bytes_raw())


def new_log_key(path: Path, origin: str) -> str:
    """A further private key beside those in a home, on disk when this returns; gives its verifier key."""
    key = Ed25519PrivateKey.generate()
    vkey = parse_vkey(verifier_key(origin, key.public_key().public_bytes_raw()))
    new_file(key_file(path, vkey), _pem(key))
    sync_folder(path / KEYS)
    return str(vkey)


def key_file(path: Path, key: VerifierKey) -> Path:
    """Where a key that came later stands in a home."""
    return path / KEYS / f"log-key-{key.key_id.hex()}.pem"


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _encryption())


def _read_key(file: Path) -> Ed25519PrivateKey:
    with named_os_errors(file):
        pem, mode = read_regular(file, MAX_KEY_BYTES)
    encrypted = b"ENCRYPTED" in pem
    if not encrypted and mode & 0o077:
        raise Unreachable(file, f"others than its owner may use it (mode {mode:04o}): chmod 600 {file}")
    passphrase = _passphrase()
    if encrypted and passphrase is None:
        raise Unreachable(file, f"is encrypted, and {UNLOCKED_BY} is not set")
    try:
        key = load_pem_private_key(pem, passphrase if encrypted else None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Unreachable(file, "is no private key, or the passphrase is another one") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Unreachable(file, "is no Ed25519 key")
    return key


@contextmanager
def open_home(path: Path, clock: Clock = utc_now) -> Iterator[Home]:
    """The ledger home at `path`, whose log continues what was signed; what is not signed yet is signed, if it can be.

    Raises `NotALedger` when it is none, `Unreachable` when nobody may look, and `NotContinued` for a log that is
    shorter than what was signed, or another.
    """
    with open_log(path, clock) as store, open_custody(path, clock) as custody, open_notary(path) as notary:
        notary.take_up()
        ledger = Ledger(store, wish_key=custody.secret(WISH_KEY), random_bytes=secrets.token_bytes, clock=clock)
        yield Home(path, ledger, custody, notary)


def open_log(path: Path, clock: Clock = utc_now) -> Store:
    """The store of a home, alone. Raises as `open_home` does."""
    with named_os_errors(path):
        if not (path / LOG).is_file() and not (path / STORE).is_file():
            raise NotALedger(path, "is no ledger home: `dua-ledger init` makes one")
    return open_store(store_url(path), clock)


def open_notary(path: Path, lock_store: str | None = None) -> Notary:
    """The notary of a home, alone, reading the log on a connection of its own. Raises as `open_home` does."""
    lock = open_lock_store(path, lock_store)
    try:
        return Notary(open_log(path), lock, lambda: read_log_keys(path), path / PUBLISHED)
    except BaseException:
        lock.close()
        raise


def check_continued(path: Path) -> None:
    """Raise `NotContinued` for a log that the lock store contradicts. One that cannot be read contradicts nothing."""
    with suppress(Unreachable, NotALedger, Damaged), open_notary(path) as notary:
        notary.check()


def open_lock_store(path: Path, url: str | None = None) -> LockStore:
    """The lock store of a home, alone, where it was made or at `url`. Raises `Unreachable` when it is not there."""
    return LockStore(url or lock_store_url(path))


def lock_store_url(path: Path) -> str:
    """The URL of a home's lock store."""
    elsewhere = path / KEYS / LOCK_STORE
    with named_os_errors(elsewhere):
        if elsewhere.is_file():
            return os.fsdecode(elsewhere.read_bytes()).removesuffix("\n")
    return f"sqlite:///{path / LOCK / LOCKED}"


def open_custody(path: Path, clock: Clock = utc_now) -> Custody:
    """The custody of a home, alone.

    Raises `Unreachable` without the keys, which may be kept elsewhere, and `NotALedger` when there are keys and nothing
    that they open.
    """
    return Custody.open(_places(path), clock)


def open_key_store(path: Path) -> KeyStore:
    """The key store of a home, alone. Raises as `open_custody` does."""
    places = _places(path)
    return KeyStore.open(places.keys, places.key_encryption_key)


def name_lock_store(path: Path, url: str) -> None:
    """Have a home know that its lock store is elsewhere. Raises `Malformed`, `AlreadyThere`."""
    new_file(path / KEYS / LOCK_STORE, b"sqlite:///%b\n" % os.fsencode(path_in(url)))


def _places(path: Path) -> Places:
    keys = path / KEYS
    return Places(keys / "keys.db", keys / "key-encryption-key", path / "custody.db", path / "documents")


def erase_person(
    home: Home, person: str, details: tuple[Detail, ...], *, last_copy_lapses: date, actor: str, via: str
) -> Erasure:
    """Record that a person's details (all, if none is named) are erased, then destroy them, keys and salts.

    The event comes first: a detail that is missing without one is tampering. So a call that was cut off, or raised
    `Busy`, is completed by calling again, which records nothing twice unless more was sealed in between. Nothing is
    judged here: whether somebody may be erased is for rules. Raises `Malformed` for a person who is not in the log.
    """
    tag = f"person:{person}"
    recorded, reading = _recorded_erasure(home, person, details)
    if not recorded:
        erased = PersonErased(person=person, details=details, last_copy_lapses=last_copy_lapses)
        home.ledger.append([Fact(event=erased, actor=actor, via=via)], reading)
    return home.custody.erase(tag, details or None)


def is_erasure_recorded(home: Home, person: str, details: tuple[Detail, ...]) -> bool:
    """Whether the log says that these details are erased, and nothing was sealed since. Raises `Malformed`."""
    return _recorded_erasure(home, person, details)[0]


def _recorded_erasure(home: Home, person: str, details: tuple[Detail, ...]) -> tuple[bool, Reading]:
    tag = f"person:{person}"
    check_name("person", tag)
    reading = home.ledger.read([about(*_SEALED_FOR_PEOPLE, PersonErased, tags=[tag])])
    known = [fact.event for fact in reading.facts]
    last_sealed = max((at for at, event in enumerate(known) if event.sealed_for), default=None)
    if last_sealed is None:
        raise Malformed("person", person, "is not in this ledger")
    since = known[last_sealed:]
    if not details:
        return any(isinstance(event, PersonErased) and not event.details for event in since), reading
    erased = [_erased_last(known, detail) for detail in details]
    return None not in erased and any(erased), reading


def _erased_last(known: Sequence[Event], detail: Detail) -> bool | None:
    """Whether a detail was erased last, and not sealed; False when it never was, and None while it is there."""
    for event in reversed(known):
        if isinstance(event, PersonErased):
            if not event.details or detail in event.details:
                return True
        elif detail in event.sealed():
            return None
    return False
