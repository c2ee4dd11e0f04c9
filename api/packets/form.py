"""What `request.toml` may say: the checklist as a form, field by field.

Whatever is left out or left blank is None or empty; whether something is missing then is for `api.packets.checks` to
say. People are listed once, under `people`, and named everywhere else by their e-mail address.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from api.packets.problem import At
from ledger.custody import caseless
from ledger.events.catalogue import Form as DataForm
from ledger.events.ethics import Outcome
from ledger.events.ids import END
from ledger.events.people import Affiliation
from ledger.events.request import HeadCapacity, Item, Purpose

HOME = "home"
EVERYBODY = ("all personnel",)

# Control characters, separators of lines, and marks that turn writing around.
_STEERING = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
# What nobody sees beyond ASCII: control characters, blanks, blank letters, marks that turn writing around or leave no
# trace (Unicode's Default_Ignorable_Code_Point), and what stands for no character or for one of somebody's own.
_UNSEEN = (
    r"\x80-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800"
    r"\u3000\u3164\ud800-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
)
# RFC 5321 section 4.1.2, with whatever can be seen beyond ASCII (RFC 6531 section 3.3): a local part without quotes,
# and a label of a domain. What is not in them is listed.
_LOCAL = rf'[^\x00-\x20"(),:;<>@\[\\\]\x7f{_UNSEEN}]+'
_LABEL = rf"[^\x00-,./:-@\[-`{{-\x7f{_UNSEEN}]+"

Line = Annotated[
    str,
    Meta(
        pattern=rf"^(?!\s)[^{_STEERING}]{{1,300}}(?<!\s)" + END,
        description="text in quotes: one line of at most 300 characters, without blanks around it",
    ),
]
Text = Annotated[
    str,
    Meta(
        pattern=rf"^([^{_STEERING}]|[\t\r\n])*" + END,
        max_length=16_000,
        description="text in quotes of at most 16,000 characters, control characters excluded",
    ),
]
Address = Annotated[
    str,
    Meta(
        pattern=rf"^(?=.{{3,254}}$){_LOCAL}@{_LABEL}(\.{_LABEL})+" + END,
        description='an e-mail address such as "ana@example.edu"',
    ),
]
FileName = Annotated[
    str,
    Meta(
        pattern=rf"^[^{_STEERING}]{{1,255}}" + END,
        description='the name of a file in this folder, such as "letters/approval.pdf"',
    ),
]
DataSetName = Annotated[
    str, Meta(pattern="^D-[A-Za-z0-9._-]{1,80}" + END, description='a data set of the catalogue, such as "D-6.002x-pc"')
]
Protocol = Annotated[
    str,
    Meta(
        pattern="^[!-~]([ -~]{0,98}[!-~])?" + END,
        description="text in quotes: the number as the board writes it, in at most 100 plain letters, digits and signs",
    ),
]
Day = Annotated[date, Meta(description="a date from 1970 to 2199 such as 2026-01-31, without quotes")]
End = Day | Literal["none"]
Part = Literal["study group", "personnel", "none"]


class _Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the form."""


class Researcher(_Table, frozen=True, kw_only=True):
    """C1.1: who asks."""

    person: Line | None = None
    student: bool = False
    faculty_sponsor: Line | None = None
    heads_department: bool = False


class Funding(_Table, frozen=True, kw_only=True):
    """C1.2: who pays; "none" is an answer."""

    source: Text | None = None

    @property
    def none(self) -> bool:
        """Whether it says that there is none."""
        return self.source is not None and self.source.strip().casefold() == "none"


class PeerReview(_Table, frozen=True, kw_only=True):
    """C1.2: whether the proposal was reviewed by peers, and by whom."""

    reviewed: bool | None = None
    by: Text | None = None


class Approval(_Table, frozen=True, kw_only=True):
    """C1.2: the approval of the department's head or an equivalent."""

    by: Line | None = None
    capacity: HeadCapacity | None = None
    document: FileName | None = None


class DataSet(_Table, frozen=True, kw_only=True):
    """C1.3: a data set that is asked for."""

    id: DataSetName | None = None
    form: DataForm | None = None


class Person(_Table, frozen=True, kw_only=True):
    """C1.1, C1.3, C1.6: somebody involved, or who approves or sponsors, with their certificate."""

    name: Line | None = None
    email: Address | None = None
    institution: Line | None = None
    department: Line | None = None
    address: Text | None = None
    phone: Line | None = None
    affiliation: Affiliation | None = None
    part: Part | None = None
    citi_completed: Day | None = None
    citi_expires: End | None = None
    citi_document: FileName | None = None

    @property
    def member(self) -> bool:
        """Whether the person is to have access."""
        return self.part == "study group"

    @property
    def involved(self) -> bool:
        """Whether the person takes part in the research; so does, for all that is known, whose part is not said."""
        return self.part != "none"

    @property
    def from_outside(self) -> bool:
        """Whether the person is, or may be, from another institution than the home institution."""
        return self.affiliation in ("outside", "in doubt")


class Ethics(_Table, frozen=True, kw_only=True):
    """C1.4, C1.5: what a board determined, and whether the home board relies on it."""

    board: Line | None = None
    protocol: Protocol | None = None
    outcome: Outcome | None = None
    on: Day | None = None
    expires: End | None = None
    covers: tuple[Line, ...] = ()
    document: FileName | None = None
    reliance: Literal["elected", "pending", "none"] | None = None
    reliance_on: Day | None = None
    reliance_document: FileName | None = None

    @property
    def home(self) -> bool:
        """Whether it is the home institution's board."""
        return self.board is not None and same(self.board, HOME)

    @property
    def item(self) -> Item:
        """The checklist's item that it answers."""
        return "C1.5" if self.board is not None and not self.home else "C1.4"

    @property
    def reliance_given(self) -> bool:
        """Whether the home board is said to rely on it, were it only by a date or a letter."""
        return self.reliance == "elected" or (
            self.reliance is None and (self.reliance_on, self.reliance_document) != (None, None)
        )

    @property
    def decided(self) -> bool:
        """Whether all is said that makes it a decision."""
        said = (self.board, self.protocol, self.on, self.expires, self.covers)
        return self.outcome not in (None, "pending") and all(said)

    @property
    def pending(self) -> bool:
        """Whether it is known to lie before a board."""
        return self.outcome == "pending" and bool(self.board and self.protocol and self.covers)


class Research(_Table, frozen=True, kw_only=True):
    """C1.7: what the research is and is for, described here or in a document."""

    purposes: tuple[Purpose, ...] = ()
    description: Text | None = None
    document: FileName | None = None


class Contact(_Table, frozen=True, kw_only=True):
    """C3: the one person who will download and decrypt, and the file with their OpenPGP key."""

    person: Line | None = None
    key_file: FileName | None = None


class Form(_Table, frozen=True, kw_only=True):
    """All of `request.toml`."""

    format: Literal[1] = 1
    researcher: Researcher = Researcher()
    funding: Funding = Funding()
    peer_review: PeerReview = PeerReview()
    head_approval: Approval = Approval()
    data_sets: tuple[DataSet, ...] = ()
    people: tuple[Person, ...] = ()
    ethics: tuple[Ethics, ...] = ()
    research: Research = Research()
    contact: Contact = Contact()

    def person(self, address: str | None) -> Person | None:
        """The person with this e-mail address, if one is listed."""
        number = self.number(address)
        return None if number is None else self.people[number - 1]

    def number(self, address: str | None) -> int | None:
        """The place of the person with this e-mail address, counted from 1."""
        if address is None:
            return None
        return next((n for n, one in enumerate(self.people, 1) if one.email and same(one.email, address)), None)

    def outside_institutions(self) -> list[str | None]:
        """The institutions, None where one is not known, of those who are or may be from outside."""
        return [
            person.institution
            for person in self.people
            if person.from_outside or (person.involved and person.affiliation is None)
        ]

    def knows_board(self, determination: Ethics) -> bool:
        """Whether a board is the home institution's or may be that of somebody listed."""
        known = (HOME, *self.outside_institutions())
        return determination.board is not None and any(
            name is None or same(determination.board, name) for name in known
        )

    def may_cover(self, determination: Ethics, person: Person) -> bool:
        """Whether a determination is about a person, for all that is said."""
        if determination.covers in ((), EVERYBODY):
            return person.involved
        return any(person.email and same(person.email, named) for named in determination.covers)


class Use(msgspec.Struct, frozen=True):
    """A field that names a file, with the item that the file documents."""

    at: At
    name: str
    item: Item


def uses(form: Form) -> Iterator[Use]:
    """Every file that the form names, key files excepted."""
    for at, name, item in _files(form):
        if name is not None:
            yield Use(at, name, item)


def _files(form: Form) -> Iterator[tuple[At, str | None, Item]]:
    yield ("head_approval", "document"), form.head_approval.document, "C1.2"
    for number, one in enumerate(form.ethics, 1):
        yield ("ethics", number, "document"), one.document, one.item
        yield ("ethics", number, "reliance_document"), one.reliance_document, "C1.5"
    for number, person in enumerate(form.people, 1):
        yield ("people", number, "citi_document"), person.citi_document, "C1.6"
    yield ("research", "document"), form.research.document, "C1.7"


def same(one: str, other: str) -> bool:
    """Whether two addresses or institutions are the same, as custody finds them."""
    return caseless(one) == caseless(other)
