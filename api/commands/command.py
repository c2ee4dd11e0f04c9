"""What a command is, and what it is drafted with."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import msgspec

from api.desk import Circumstances
from api.packets.documents import Unusable, media_type_of, read_inside
from api.packets.reports import Keeping, Report
from ledger.boundary import Boundary
from ledger.codec import Recorded
from ledger.custody import MAX_DOCUMENT_BYTES, MAX_TEXT_BYTES, Custody, purpose_of
from ledger.custody.commitment import text_bytes
from ledger.custody.documents import Readable
from ledger.custody.kept import Document as Kept
from ledger.errors import Malformed, Missing, TooLarge
from ledger.events import Event
from ledger.log import Ledger
from projections.abstract import Abstract
from projections.acts import Act, of_office, of_request
from projections.standing import Office, RequestStanding, Standing

NOTHING_KEPT = 64 * "0"


class Document(msgspec.Struct, frozen=True):
    """A file that somebody handed in, whole."""

    name: str
    content: bytes
    media_type: str


def document_in(path: Path, media_type: str | None = None) -> Document:
    """The document in a file, known by its first bytes if it is not said what it is.

    Raises `Malformed` for one that is empty, too large, no regular file, or of a kind that is not kept.
    """
    try:
        content = read_inside(path.parent, path.name, MAX_DOCUMENT_BYTES)
        if not content:
            raise Unusable("is empty")
        return Document(path.name, content, media_type or media_type_of(content, path.name))
    except Unusable as error:
        raise Malformed("document", str(path), error.why) from error


class KeepingNothing:
    """Gives commitments to nothing, for a draft that is thrown away if it was `asked` for any."""

    def __init__(self) -> None:
        self.asked = False

    def seal(self, subject: str, wire_name: str, values: Mapping[str, str]) -> dict[str, str]:
        """As `Custody.seal`, without keeping it; what that would turn away is turned away here."""
        del subject
        self.asked = True
        for member, text in values.items():
            purpose = purpose_of(wire_name, member)
            if (size := len(text_bytes(purpose, text))) > MAX_TEXT_BYTES:
                raise TooLarge("text for", size, MAX_TEXT_BYTES, purpose)
        return dict.fromkeys(values, NOTHING_KEPT)

    def keep_document(self, subject: str, wire_name: str, stream: Readable, media_type: str) -> str:
        """As `Custody.keep_document`, without keeping it."""
        del subject, wire_name, stream, media_type
        self.asked = True
        return NOTHING_KEPT


class Acting(msgspec.Struct, frozen=True):
    """An act, what it becomes when it is done, and the documents that belong to that."""

    act: Act
    becomes: type[Event]
    documents: tuple[str, ...] = ()


Wish = Acting | Sequence[Report]


class Drafting(msgspec.Struct, frozen=True):
    """What a command is drafted with: who wishes it and how, what the ledger knows, and what keeps its texts.

    `principal` is who decides, where something is decided; the circumstances say who typed it in.
    """

    principal: str
    circumstances: Circumstances
    now: datetime
    ledger: Ledger
    custody: Custody
    keeping: Keeping

    def reports(self, *events: Event, documents: Sequence[str] = ()) -> list[Report]:
        """Reports of these events, the first of them shown by these documents."""
        first = msgspec.structs.replace(self.circumstances, documents=tuple(documents))
        return [(event, self.circumstances if number else first) for number, event in enumerate(events)]

    def standing(self, *boundaries: Boundary) -> Standing:
        """What the ledger knows now of these things, and of the office."""
        return Standing(self.ledger.facts([of_office(), *boundaries]))

    def request(self, request: str) -> RequestStanding:
        """What the ledger knows now of a request. Raises `Malformed` for one that it does not know."""
        found = self.standing(of_request(request)).request(request)
        if found.submitted is None:
            raise Malformed("request", request, "is not in this ledger")
        return found

    @property
    def office(self) -> Office:
        """The office as the ledger knows it now."""
        return self.standing().office

    @property
    def today(self) -> date:
        """The date at the office."""
        return self.office.day(self.now)

    @property
    def day(self) -> date:
        """The date at the office when what is told happened: today, if it is not said."""
        return self.office.day(self.circumstances.occurred_at or self.now)

    def sealed(self, event: type[Event], subject: str, texts: Mapping[str, str | None]) -> dict[str, str]:
        """Commitments to these texts, by the members of an event; what is None is left out.

        Raises `Malformed` for a text that says nothing.
        """
        given = {member: text for member, text in texts.items() if text is not None}
        for member, text in given.items():
            if not text.strip():
                raise Malformed(member, text, "is empty")
        return self.keeping.seal(subject, event.wire_name, given) if given else {}

    def unsealed(self, commitment: str | None) -> str | None:
        """The text behind a commitment; None where there is none, or it is gone."""
        try:
            return commitment and self.custody.unseal(commitment)
        except Missing:
            return None

    def filed(self, event: type[Event], subject: str, document: Document) -> str:
        """The commitment to a document of an event."""
        return self.keeping.keep_document(subject, event.wire_name, BytesIO(document.content), document.media_type)

    def kept(self, commitment: str) -> Kept:
        """A document that was kept before. Raises `Missing`, `Tampered`."""
        return self.custody.read_document(commitment)

    def fact(self, position: int) -> Recorded:
        """The fact at a position. Raises `Malformed` when the log does not reach so far."""
        entry = self.ledger.store.entry(position)
        if entry is None:
            raise Malformed("position", position, f"is not in this log, which has {self.ledger.store.length()} entries")
        return self.ledger.codec.decode(entry)


class Command(msgspec.Struct, metaclass=Abstract, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wishes or tells."""

    @abstractmethod
    def draft(self, at: Drafting) -> Wish:
        """The act or the reports that it comes to. Raises `Malformed` for what makes no sense by what is known."""

    def cautions(self, at: Drafting) -> Sequence[str]:
        """What whoever records it should know of it, though it is in order; asked before it is recorded."""
        del at
        return ()
