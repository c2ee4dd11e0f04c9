"""What was seen before, of more than memory has room for.

Each is known by its mark, a few bytes of which nobody can tell what they are of. They stand in a temporary file without
a name, which is gone when it is closed; as long as they are few, SQLite keeps them in memory.
"""

import sqlite3
from collections.abc import Iterable

from ledger.sqlite import named_error, named_errors

# It is of this process alone, and nothing of it has to outlive a crash.
PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -4096")
TABLE = "CREATE TABLE seen (mark BLOB PRIMARY KEY, times INTEGER NOT NULL) STRICT, WITHOUT ROWID"
SEE_FIRST = "INSERT INTO seen VALUES (?, 1) ON CONFLICT DO NOTHING"
SEE_AGAIN = "UPDATE seen SET times = times + 1 WHERE mark = ? RETURNING times"
WHETHER = "SELECT 1 FROM seen WHERE mark = ?"
HOW_MANY = "SELECT COUNT(*) FROM seen"
PLACE = "a temporary file"


class Seen:
    """Marks, and how often each was seen. Raises `StoreFull` where there is no room for a temporary file."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        for pragma in PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(TABLE)
        # Nothing is ever committed: there is nobody else to see it.
        self._connection.execute("BEGIN")

    def close(self) -> None:
        """Forget all of it."""
        self._connection.close()

    def see(self, mark: bytes) -> int:
        """Take in a mark; how often it was seen by now."""
        if self._execute(SEE_FIRST, mark).rowcount:
            return 1
        ((times,),) = self._execute(SEE_AGAIN, mark).fetchall()
        return int(times)

    def see_all(self, marks: Iterable[bytes]) -> None:
        """Take in marks, each as if it were for the first time."""
        with named_errors(PLACE):
            self._connection.executemany(SEE_FIRST, ((mark,) for mark in marks))

    def __contains__(self, mark: bytes) -> bool:
        return self._execute(WHETHER, mark).fetchone() is not None

    def __len__(self) -> int:
        return int(self._connection.execute(HOW_MANY).fetchone()[0])

    def _execute(self, statement: str, mark: bytes) -> sqlite3.Cursor:
        # For each row of a register: a context manager takes as long as the statement.
        try:
            return self._connection.execute(statement, (mark,))
        except sqlite3.Error as error:
            raise named_error(error, PLACE, 0) from error
