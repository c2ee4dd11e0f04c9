"""Making a home on a further machine, of an office that is kept in PostgreSQL: whole or not at all."""

from pathlib import Path

from ledger.drafts import made_whole
from ledger.errors import NotALedger, Unreachable, WrongKey
from ledger.evidence.logkeys import good_for, log_keys
from ledger.evidence.witnessing import WITNESSES
from ledger.files import named_os_errors, new_file, new_folder, read_regular, sync_folder
from ledger.home.keyfiles import LOG_KEYS, MAX_KEY_BYTES, key_files
from ledger.home.layout import (
    KEY_ENCRYPTION_KEY,
    KEY_STORE,
    KEYS,
    LOCK_STORE,
    name_lock_store,
    name_shared,
    named_in,
)
from ledger.home.opening import open_home, open_log
from ledger.storage import Store, without_password


def join_home(
    path: Path, store: str, keys: Path | None = None, *, key_store: str | None = None, lock_store: str | None = None
) -> int:
    """Make a home of the office whose log is in this PostgreSQL database; gives how many entries it has.

    `keys` is a copy of the folder `keys` of another of its homes, which says where key store and lock store are, unless
    that is given too. Without, the home can read the log and verify it, and opens nothing. Raises `AlreadyThere`,
    `Malformed`, `NotALedger` where there is no office yet or the keys are another's, `WrongKey` where the log's own is
    not among them, and what opening a home raises.
    """
    named = {name: keys and named_in(keys / name) for name in (KEY_STORE, LOCK_STORE)}
    with made_whole(path) as draft:
        new_folder(draft / KEYS)
        name_shared(draft, store, key_store or named[KEY_STORE] or store)
        name_lock_store(draft, lock_store or named[LOCK_STORE] or store)
        if keys is not None:
            _take_keys(keys, draft / KEYS)
        sync_folder(draft / KEYS)
        with open_log(draft) as log:
            if log.length() == 0:
                raise NotALedger(without_password(store), "holds no office yet: `dua-ledger init --store` opens one")
            if keys is not None:
                _check_opens(draft, log)
            return log.length()


def _take_keys(source: Path, target: Path) -> None:
    with named_os_errors(source):
        if not (source / KEY_ENCRYPTION_KEY).is_file():
            raise Unreachable(source, f"has no {KEY_ENCRYPTION_KEY} in it: give a copy of another home's folder keys")
        files = [source / KEY_ENCRYPTION_KEY, *sorted(source.glob(LOG_KEYS)), source / WITNESSES]
        for file in files:
            if file.is_file():
                new_file(target / file.name, read_regular(file, MAX_KEY_BYTES)[0])


def _check_opens(draft: Path, log: Store) -> None:
    """Raise unless the keys of a home open its custody and sign for its log."""
    with open_home(draft):
        ours, signing = key_files(draft), good_for(log.length(), log_keys(log))
        missing = [key for key in signing if key.public not in ours]
        if missing:
            raise WrongKey(", ".join(file.name for file in ours.values()), ", ".join(map(str, missing)))
