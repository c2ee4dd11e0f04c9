"""The tables that custody consists of, as files of SQLite have them."""

from ledger.custody.erasable import Layout
from ledger.custody.rows import ErasableRows

KEY_STORE = Layout(
    what="a key store",
    application_id=0x4455416B,  # "DUAk"
    version=1,
    part="keys",
    tables=(
        """CREATE TABLE opened_by (
            wrapped BLOB NOT NULL
        ) STRICT""",
        """CREATE TABLE subject_keys (
            subject TEXT PRIMARY KEY,
            wrapped BLOB NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE salts (
            commitment BLOB PRIMARY KEY,
            subject TEXT NOT NULL,
            purpose TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            mark BLOB,
            wrapped BLOB NOT NULL
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX marks ON salts (mark) WHERE mark IS NOT NULL",
        """CREATE TABLE secrets (
            name TEXT PRIMARY KEY,
            wrapped BLOB NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
)
SUBJECT_KEYS = ErasableRows("subject_keys", ("subject", "wrapped"), ("subject",))
SALTS = ErasableRows(
    "salts", ("commitment", "subject", "purpose", "created_at", "mark", "wrapped"), texts=("subject", "purpose")
)
SECRETS = ErasableRows("secrets", ("name", "wrapped"), ("name",))

VAULT = Layout(
    what="a vault",
    application_id=0x44554176,  # "DUAv"
    version=1,
    part="custody",
    tables=(
        """CREATE TABLE sealed (
            commitment BLOB PRIMARY KEY,
            subject TEXT NOT NULL,
            purpose TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            document BLOB,
            box BLOB NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
)
SEALED = ErasableRows(
    "sealed", ("commitment", "subject", "purpose", "created_at", "document", "box"), ("subject", "purpose")
)
