"""Backups: what is copied of a ledger home, and how a home is made of it again.

What opens something (keys, key-encryption key, log key) is in no backup of the rest, and the lock store is in none.

    LedgerError
    ├── NotABackup (NotALedger)     a file that is no backup of this kind
    ├── BackupAltered (Damaged)     a backup that is not as it was written
    └── Lapsed                      a backup of keys whose last day is over
"""
