"""Entries that stand one after the other in the log, found by their tags and types without any index on disk."""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from threading import Lock

from eventsourcing.dcb.api import DCBQuery

from ledger.chain.entry import Entry


class Tail:
    """Entries from behind a position on, as far as they are known; it only grows, and others may read it meanwhile."""

    def __init__(self, after: int) -> None:
        self.after, self.last = after, after
        self.entries: list[Entry] = []
        self._by_tag: dict[str, dict[str, list[Entry]]] = {}
        self._by_type: dict[str, list[Entry]] = {}
        # They are sorted when somebody asks: whoever only appends need not wait for that.
        self._sorted, self._sorting = 0, Lock()

    def extend(self, entries: Iterable[Entry]) -> None:
        """Know these entries, too, which follow the last one."""
        self.entries.extend(entries)
        if self.entries:
            self.last = self.entries[-1].header.position

    def _sort(self) -> None:
        if self._sorted == len(self.entries):
            return
        with self._sorting:
            for entry in self.entries[self._sorted :]:
                header = entry.header
                type_ = header.type
                self._by_type.setdefault(type_, []).append(entry)
                for tag in header.tags:
                    self._by_tag.setdefault(tag, {}).setdefault(type_, []).append(entry)
                self._sorted += 1

    def matching(self, query: DCBQuery, after: int, until: int) -> list[Entry]:
        """Those that some item of a query matches, in order, after one position up to another."""
        self._sort()
        found: dict[int, Entry] = {}
        for item in query.items:
            types = item.types
            by_type = self._by_tag.get(item.tags[0]) if item.tags else self._by_type
            if not by_type:
                continue
            # Mostly there is nothing newer, and every item of every condition asks. Others may add types meanwhile.
            for type_ in [*by_type] if item.tags else types:
                entries = by_type.get(type_)
                if entries and entries[-1].header.position > after and (not types or type_ in types):
                    found |= _matched(item.tags, entries, after, until)
        return [found[position] for position in sorted(found)] if len(found) > 1 else [*found.values()]

    def has_any(self, types: Iterable[str], after: int) -> bool:
        """Whether there is an entry of one of these types after a position."""
        self._sort()
        for type_ in types:
            of_type = self._by_type.get(type_)
            if of_type and of_type[-1].header.position > after:
                return True
        return False


def _matched(tags: Sequence[str], entries: list[Entry], after: int, until: int) -> dict[int, Entry]:
    newer = takewhile(lambda entry: entry.header.position > after, reversed(entries))
    return {
        entry.header.position: entry
        for entry in newer
        if entry.header.position <= until and (len(tags) <= 1 or {*tags}.issubset(entry.header.tags))
    }


def matches(types: Iterable[str], tags: Iterable[str], entry: Entry) -> bool:
    """Whether an entry has one of these types, if there are any, and all of these tags."""
    header = entry.header
    # To go through the tags one by one takes longer than all the rest.
    return (not types or header.type in types) and {*tags}.issubset(header.tags)
