"""Taking in a whole log in several processes at once, each of which makes the tables of a piece of it.

Put together, the pieces are what one process makes of the log. What the tables have about a fact stands by itself. A
request of which facts stand in several pieces is folded once more from all its facts, and that is shared out again.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from ledger.apart import Apart, tell
from ledger.log import Ledger
from ledger.sqlite import named_errors
from ledger.storage import Store, open_store
from ledger.storage.opening import connect
from projections.collecting import uncollected
from projections.standing import Office
from projections.views.database import new_database
from projections.views.days import Days
from projections.views.requests import Met, Requests
from projections.views.taking import READER, Views, facts_of

# To begin a process takes as long as to take in so many entries in one that has begun.
WORTH_A_PROCESS = 1 << 15

Progress = Callable[[int], None]


class Log(NamedTuple):
    """A log up to a position, as any process can read it: by the URL of its store; and the office as it is there."""

    url: str
    until: int
    office: Office

    def taken(self, path: Path, after: int, until: int) -> Met:
        """Make the tables of a piece of it in a new file; which requests were met there."""
        with self._made(path) as (ledger, connection):
            views = Views(connection, 0, facts_of(ledger, self.until), self.office)
            for page in ledger.store.pages(after, until):
                views.take(READER.read(page))
                tell(len(page))
            return views.settle()

    def folded(self, path: Path, requests: Sequence[str]) -> None:
        """Make the tables of requests, from all their facts, in a new file."""
        with self._made(path) as (ledger, connection):
            folding = Requests(connection, facts_of(ledger, self.until), Days(self.office), fresh=True)
            for request in requests:
                folding.fold_again(request)
            folding.write()

    @contextmanager
    def _made(self, path: Path) -> Iterator[tuple[Ledger, sqlite3.Connection]]:
        with (
            open_store(self.url) as store,
            named_errors(path),
            closing(new_database(path)) as connection,
            uncollected(),
        ):
            # Without the secret by which wishes are told apart: it is only read.
            yield Ledger(store, wish_key=b"", random_bytes=os.urandom), connection
            connection.execute("COMMIT")


def take_in(views: Views, store: Store, log: Log, processes: int, path: Path, progress: Progress) -> None:
    """Take the whole log into new views, in so many processes, of which this is one.

    Each of the others makes its pieces in a file beside `path`, which may be left there when something goes wrong.
    Raises `WorkLost` when one of them is killed.
    """
    (_, first), *others = pairwise(log.until * number // processes for number in range(processes + 1))
    files = [path.with_name(f"{path.name}-{number}") for number in range(1, processes)]
    with Apart(len(others)) as apart:
        pieces = [apart.begin(log.taken, file, *piece) for file, piece in zip(files, others, strict=True)]
        for page in store.pages(0, first):
            views.take(READER.read(page))
            progress(len(page) + apart.told())
        views.settle()
        for file, met in zip(files, pieces, strict=True):
            found = met.result()
            progress(apart.told())
            with _piece(file) as piece:
                views.join(piece, found)
        shares = views.requests.share(len(others))
        folded = [apart.begin(log.folded, file, share) for file, share in zip(files, shares, strict=True)]
        views.requests.write()
        for file, share, done in zip(files, shares, folded, strict=True):
            done.result()
            with _piece(file) as piece:
                views.requests.replace(piece, share)


@contextmanager
def _piece(path: Path) -> Iterator[sqlite3.Connection]:
    """What another process made, in a file that is no longer needed then; it is read once, from end to end."""
    with closing(connect(path, ("trusted_schema = OFF",))) as connection:
        yield connection
    path.unlink()
