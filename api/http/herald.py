"""The herald: publishes checkpoints and has them witnessed, beside the calls that they came of.

No call waits for it. While it is about one checkpoint, and for a moment after that, others may be signed, and it goes
on with the last of them. When it begins, it signs what a crash has left unsigned.
"""

import logging
from pathlib import Path
from threading import Event, Thread
from typing import Self

from api.signing import ALARM, have_witnessed
from ledger.errors import LedgerError
from ledger.evidence.notary import Notary
from ledger.home import open_notary

LOG = logging.getLogger("dua_ledger.http")
# How long witnesses may take to answer, all together; and how long whoever stops it waits for it beyond that.
WITNESS_SECONDS = 10.0
LAST_SECONDS = 5.0
# How long it rests: who records much shares the process, and the disk, with it.
REST_SECONDS = 0.2


class Herald:
    """Tells the world of the checkpoints of a home, from a thread and on connections of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._news, self._stopped = Event(), Event()
        self._news.set()
        self._said: tuple[str, ...] = ()
        self._thread = Thread(target=self._run, name="herald", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopped.set()
        self._news.set()
        self._thread.join(WITNESS_SECONDS + LAST_SECONDS)

    def announce(self) -> None:
        """Tell of the last checkpoint, soon."""
        self._news.set()

    def _run(self) -> None:
        with open_notary(self._path) as notary:
            while True:
                self._news.wait()
                self._news.clear()
                # Read before: whoever stops it has said all that there is to tell.
                last = self._stopped.is_set()
                self._tell(notary)
                if last:
                    return
                self._stopped.wait(REST_SECONDS)

    def _tell(self, notary: Notary) -> None:
        try:
            notary.checkpoint()
            warnings = have_witnessed(notary, self._path, WITNESS_SECONDS)
        except LedgerError as error:
            warnings = (f"NOT SIGNED or not published: {error}",)
        # The same again would only hide what is new.
        if warnings != self._said:
            self._said = warnings
            for warning in warnings:
                level = logging.CRITICAL if warning.startswith(ALARM) else logging.WARNING
                LOG.log(level, "evidence", extra={"said": {"warning": warning}})
