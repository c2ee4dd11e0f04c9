"""A ledger home: one folder with everything that a ledger on one machine consists of.

    log.db                     entries and their index
    store                      instead of it, the URL of the PostgreSQL database that holds them
    custody.db, documents/     what the log only commits to, encrypted
    custody                    instead of them, the URL of the PostgreSQL database that holds it
    keys/                      what must never be in the same backup as the rest:
        keys.db                    keys and salts of custody, wrapped
        key-store                  instead of it, the URL of the PostgreSQL database that holds them
        key-encryption-key         what they are wrapped with
        log-key.pem                the key that signs for the log; log-key-*.pem are those that came after it
        lock-store                 where the lock store is, if it is elsewhere
        witnesses                  who is asked to cosign checkpoints, each a line `URL=VKEY`
    views.db                   tables made from the log, which can be thrown away
    notices.toml               by which servers notices are sent, if they are
    outbox.db                  which notices wait and what was tried, which can be thrown away
    last-use/                  the day on which each API key was last used; no fact of the log
    lock/checkpoints.db        the lock store, which must be in no backup at all
    outgoing/                  packages that wait to be fetched, each encrypted for one contact; in no backup
    moved                      where the office is now, in a home that was left for another
    checkpoint                 the last checkpoint that was signed, for everybody to fetch

The key that signs is encrypted when the environment had DUA_LEDGER_KEY_PASSPHRASE while the home was made, which must
then be there whenever something is signed. Folders have mode 0700 and files 0600.

Of an office that is kept in PostgreSQL, any number of machines have a home each. They share what the URLs name, and
have the same keys; views, `checkpoint` and what else can be thrown away are each home's own.
"""

from ledger.home.closed import open_to_others
from ledger.home.erasing import erase_person, erasures_cut_off, is_erasure_recorded
from ledger.home.joining import join_home
from ledger.home.keyfiles import (
    LOG_KEY,
    MAX_KEY_BYTES,
    UNLOCKED_BY,
    keep_log_key,
    key_file,
    key_files,
    new_log_key,
    read_log_key,
    read_log_keys,
    throw_away_key,
)
from ledger.home.layout import (
    KEYS,
    LOCK,
    LOCKED,
    LOG,
    OUTGOING,
    PUBLISHED,
    STORE,
    VIEWS,
    lock_store_url,
    name_lock_store,
    places,
    store_url,
)
from ledger.home.making import check_origin, create_home
from ledger.home.opening import (
    SECRETS,
    WISH_KEY,
    Home,
    check_continued,
    check_signed,
    open_custody,
    open_home,
    open_key_store,
    open_lock_store,
    open_log,
    open_notary,
)
from ledger.home.rewrapping import change_key_encryption_key

__all__ = [
    "KEYS",
    "LOCK",
    "LOCKED",
    "LOG",
    "LOG_KEY",
    "MAX_KEY_BYTES",
    "OUTGOING",
    "PUBLISHED",
    "SECRETS",
    "STORE",
    "UNLOCKED_BY",
    "VIEWS",
    "WISH_KEY",
    "Home",
    "change_key_encryption_key",
    "check_continued",
    "check_origin",
    "check_signed",
    "create_home",
    "erase_person",
    "erasures_cut_off",
    "is_erasure_recorded",
    "join_home",
    "keep_log_key",
    "key_file",
    "key_files",
    "lock_store_url",
    "name_lock_store",
    "new_log_key",
    "open_custody",
    "open_home",
    "open_key_store",
    "open_lock_store",
    "open_log",
    "open_notary",
    "open_to_others",
    "places",
    "read_log_key",
    "read_log_keys",
    "store_url",
    "throw_away_key",
]
