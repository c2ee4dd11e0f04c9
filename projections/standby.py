"""The views, for a process that asks them often: what is at the head of the log already answers at once.

A connection is kept, as long as it is of the same file, so that none has to be opened anew. Catching up takes a turn
that all processes share; where the log has not grown since, none is needed, for the connection sees what the last turn
wrote. And what was answered for a position of the log holds for that position: asked the same again before anything is
recorded, it is said again.
"""

import sqlite3
import weakref
from collections import deque
from collections.abc import Hashable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ledger.errors import Damaged, NotALedger
from ledger.files import named_os_errors
from ledger.log import Ledger
from ledger.sqlite import named_errors
from ledger.storage.opening import connect
from projections.upkeep import Answer, Question, Rows, Upkeep
from projections.views.database import SETTINGS
from projections.views.tables import REACHED

Identity = tuple[int, int]
NOTHING = (0, b"")
# So many answers are remembered.
MOST = 64


class _Kept(NamedTuple):
    """A connection, and the file that it is to."""

    connection: sqlite3.Connection
    file: Identity


class Standby:
    """The views in a file, of a ledger, with connections that are kept. Any number of threads may ask."""

    def __init__(self, path: Path, ledger: Ledger) -> None:
        self._path, self._ledger, self._upkeep = path, ledger, Upkeep(path, ledger)
        self._idle: deque[_Kept] = deque()
        # The file that was found to be of this log, this version, and written since the machine was started.
        self._good: Identity | None = None
        # The last entry up to which they were found to be of this log: entries never change.
        self._seen: tuple[int, bytes] = NOTHING
        self._said: tuple[int, dict[Hashable, Answer[Any]]] = 0, {}
        weakref.finalize(self, _close, self._idle)

    def ask(self, question: Question[Rows], name: Hashable = None, length: int | None = None) -> Answer[Rows]:
        """The answer for the log as it is now, or as somebody has seen it since.

        A question with a name is the same whenever it has the same name, and nobody changes the answer to it. Who knows
        how long the log is says so.
        """
        length = self._ledger.store.length() if length is None else length
        position, said = self._said
        if position == length and name in said:
            return said[name]
        try:
            answer = self._at_once(question, length)
        except (Damaged, NotALedger):
            answer = None
        if answer is None:
            answer = self._upkeep.ask(question)
            self._good = self._there()
        if name is not None:
            self._remember(name, answer)
        return answer

    def _remember(self, name: Hashable, answer: Answer[Any]) -> None:
        """Keep an answer, and no other but for the same position."""
        position, said = self._said
        if position != answer.position or len(said) >= MOST:
            said = {}
            self._said = answer.position, said
        said[name] = answer

    def _at_once(self, question: Question[Rows], length: int) -> Answer[Rows] | None:
        """The answer of a kept connection; None when what it is to can't be brought to the head of the log."""
        kept = self._taken()
        if kept is None:
            return None
        try:
            with named_errors(self._path):
                answer = self._said_by(kept.connection, question, length)
                if answer is None and self._caught_up(kept):
                    answer = self._said_by(kept.connection, question, length)
        except BaseException:
            kept.connection.close()
            raise
        self._idle.append(kept)
        return answer

    def _said_by(self, connection: sqlite3.Connection, question: Question[Rows], length: int) -> Answer[Rows] | None:
        """The answer, if the views hold for the log when it was so long, or longer."""
        # One moment of the tables, whatever others take in meanwhile.
        connection.execute("BEGIN")
        position, leaf, _ = connection.execute(REACHED).fetchone()
        current = position >= length and self._is_of_this_log((position, leaf))
        answer = Answer(position, question(connection)) if current else None
        connection.execute("COMMIT")
        return answer

    def _caught_up(self, kept: _Kept) -> bool:
        """Whether what is new could be taken in by a kept connection, if the file that it is to is still there."""
        with self._upkeep.turn():
            return kept.file == self._there() and self._upkeep.catch_up(kept.connection)

    def _is_of_this_log(self, last: tuple[int, bytes]) -> bool:
        if last != self._seen:
            head = self._ledger.store.head()
            if last != (head.position, head.leaf):
                return False
            self._seen = last
        return True

    def _taken(self) -> _Kept | None:
        """A connection to the file that is there now; None when nobody has looked what that is."""
        there = self._there()
        if there is None or there != self._good:
            return None
        with suppress(IndexError):
            while True:
                kept = self._idle.pop()
                if kept.file == there:
                    return kept
                kept.connection.close()
        with named_errors(self._path):
            connection = connect(self._path, SETTINGS)
        return _Kept(connection, there)

    def _there(self) -> Identity | None:
        with named_os_errors(self._path):
            try:
                found = self._path.stat()
            except FileNotFoundError:
                return None
        return found.st_dev, found.st_ino


def _close(idle: deque[_Kept]) -> None:
    for kept in idle:
        kept.connection.close()
