"""Which commitments a log names, for telling what custody keeps that no entry names.

Whatever stands as 64 hex digits in a payload counts: among the documents of an entry, in a member of its event however
deep, in the wish that was judged, and in an event of a newer program too. What is no commitment finds nothing.
"""

import re
import sqlite3
from binascii import unhexlify
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from ledger.sqlite import named_errors
from ledger.storage import Store

# Ours are written as canonical JSON, in which a digit is never spelled otherwise.
_COMMITMENT = re.compile(rb'"([0-9a-f]{64})"')


@contextmanager
def named_commitments(store: Store) -> Iterator[Callable[[str], bool]]:
    """Whether an entry names a commitment, for all entries that there are now.

    They are noted in a temporary file, so memory stays flat. Raises `Damaged` for a log that cannot be read, and
    `StoreFull` without room for the file.
    """
    # A database without a name lies in a file that is gone when it is closed.
    with closing(sqlite3.connect("", isolation_level=None)) as notes:
        with named_errors("the temporary file"):
            notes.execute("CREATE TABLE named (commitment BLOB NOT NULL) STRICT")
            notes.execute("BEGIN")
            notes.executemany("INSERT INTO named VALUES (?)", _named(store))
            # Made at the end, it is sorted once, which is much faster than to keep it in order.
            notes.execute("CREATE INDEX by_commitment ON named (commitment)")
            notes.execute("COMMIT")

        def is_named(commitment: str) -> bool:
            query = "SELECT 1 FROM named WHERE commitment = ?"
            return notes.execute(query, (unhexlify(commitment),)).fetchone() is not None

        yield is_named


def _named(store: Store) -> Iterator[tuple[bytes]]:
    for _, _, raw in store.rows(0, store.length()):
        # The header names the leaf before, which is no commitment.
        for commitment in _COMMITMENT.findall(raw, raw.find(b"\n")):
            yield (unhexlify(commitment),)
