"""The last entries that a store has written, remembered: most conditions had read nearly to the end of the log."""

from collections.abc import Sequence

from eventsourcing.dcb.api import DCBQuery

from ledger.chain.entry import Entry
from ledger.storage.port import EMPTY_HEAD, Head
from ledger.storage.tail import Tail

KEPT = 256


class Recent:
    """Some hundred entries up to a head, for one thread at a time; forgotten when the log ends with another one.

    So what was added here and then not written needs not be taken out.
    """

    def __init__(self) -> None:
        self._forget(EMPTY_HEAD)

    def go_on_from(self, head: Head) -> None:
        """Remember what is there only if it leads up to this head."""
        if self._head is not head and self._head[:2] != head[:2]:
            self._forget(head)

    def add(self, entries: Sequence[Entry], head: Head) -> None:
        """Remember these, too, which follow the last one and lead up to this head."""
        self._unsorted.extend(entries)
        self._head = head
        if len(self._unsorted) > KEPT:
            # Nobody asked for so long that nobody may ever: they need not be sorted for that.
            self._forget(head)

    def reaches(self, after: int) -> bool:
        """Whether all entries after a position are remembered."""
        return after >= self._older.after

    def first_match(self, query: DCBQuery, after: int) -> Entry | None:
        """The first that matches after a position."""
        self._sort()
        tails = [tail for tail in (self._older, self._newer) if after < tail.last]
        if not query.items or any(not item.types and not item.tags for item in query.items):
            return next((tail.entries[max(after - tail.after, 0)] for tail in tails), None)
        for tail in tails:
            # Mostly there is nothing of such types, which is found out sooner than what there is of a tag.
            items = [item for item in query.items if not item.types or tail.has_any(item.types, after)]
            if items and (found := tail.matching(DCBQuery(items), after, tail.last)):
                return found[0]
        return None

    def _forget(self, head: Head) -> None:
        self._head = head
        self._older, self._newer = Tail(head.position), Tail(head.position)
        # Sorted by tag and type only when somebody asks: who is alone rarely does.
        self._unsorted: list[Entry] = []

    def _sort(self) -> None:
        if self._unsorted:
            self._newer.extend(self._unsorted)
            self._unsorted = []
        if len(self._newer.entries) > KEPT:
            self._older, self._newer = self._newer, Tail(self._newer.last)
