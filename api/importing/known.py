"""What a ledger has of a register already."""

from collections.abc import Iterable

from api.importing.seen import Seen
from ledger.boundary import about
from ledger.events import Event, PastDataSetRecorded, PastRegisterTakenIn, PastReleaseRecorded
from ledger.log import Ledger

STRETCH = 4096


class KnownPast:
    """The rows of a register that were recorded, and the types of data of all registers, up to a position.

    What was recorded is known only by its marks. It has to be closed.
    """

    def __init__(self, ledger: Ledger, register: str) -> None:
        self._ledger, self._register = ledger, register
        self.boundaries = [
            about(PastReleaseRecorded, PastRegisterTakenIn, tags=[f"register:{register}"]),
            about(PastDataSetRecorded),
        ]
        self.position = 0
        self.marks = Seen()
        self.datasets: dict[str, str] = {}
        self.files: set[str] = set()
        try:
            self.catch_up()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Forget what was recorded."""
        self.marks.close()

    def catch_up(self) -> None:
        """Take in what was recorded since."""
        ledger, head = self._ledger, self._ledger.store.head().position
        query = ledger.query(self.boundaries)
        # A stretch at a time: a store puts what matches in all of a stretch in order before it gives the first page.
        for after in range(self.position, head, STRETCH):
            entries = ledger.store.scan(query, after, min(after + STRETCH, head))
            self.add(ledger.codec.known(entry).event for entry in entries)
        self.position = head

    def add(self, events: Iterable[Event]) -> None:
        """Take in what was recorded, in order; the first type of data with a title is the one that has it."""
        marks = []
        for event in events:
            match event:
                case PastReleaseRecorded():
                    marks.append(bytes.fromhex(event.row))
                case PastDataSetRecorded():
                    self.datasets.setdefault(event.title, event.dataset)
                case PastRegisterTakenIn():
                    self.files.add(event.file)
        self.marks.see_all(marks)


def is_introduced(ledger: Ledger, tag: str, *events: type[Event]) -> bool:
    """Whether a ledger has one of these events with this tag."""
    return next(ledger.facts([about(*events, tags=[tag])]), None) is not None
