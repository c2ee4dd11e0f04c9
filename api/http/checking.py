"""Tables that are to be published, looked at before they are: uploaded, checked, and forgotten."""

from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO

from api.http.call import Answer, Call
from api.http.own import request_of_publication
from api.http.problems import BadField, BadRequest
from api.http.reading_in import form_body
from api.http.shapes import Shape
from ledger.errors import Malformed
from ledger.events.ids import Size
from projections.disclosure_control import Report, Source, Wish, check

DATA = "data"


class Suspect(Shape, frozen=True, kw_only=True):
    """A place in a table that singles people out: its row (the header is row 1), its column, how many, and why."""

    kind: str
    row: int
    column: str
    where: dict[str, str]
    people: int
    why: str


class Grouped(Shape, frozen=True, kw_only=True):
    """How many share their values with how few; `k` is the size of the smallest group."""

    k: int
    groups: int
    small: int
    single: int


class Checked(Shape, frozen=True, kw_only=True):
    """What was found in a table; `findings` has the first of the `found`."""

    smallest: int
    table_rows: int
    by: tuple[str, ...]
    counts: tuple[str, ...]
    cells: int
    groups: Grouped | None
    others: tuple[str, ...]
    totals: tuple[str, ...] | None
    compared: tuple[str, ...]
    incomparable: tuple[str, ...]
    found: int
    findings: tuple[Suspect, ...]


class CheckWanted(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a table is looked at: its categories, its counts, by what people could be recognised, what it is next to.

    `count` is the column of counts, or several; `total` are rows or columns of totals, if they are not called so.
    """

    by: tuple[str, ...] = ()
    count: str | tuple[str, ...] = ()
    total: tuple[str, ...] = ()
    quasi: tuple[str, ...] = ()
    smallest: Size | None = None
    against: str | None = None


def check_table(call: Call) -> Answer:
    """Look for what singles people out in a table, a CSV file in the part `data`; nothing is recorded or kept.

    Policy says how small a cell may be, if the call does not; `against` compares it with the tables that were passed
    for a request, or for that of a publication.
    """
    said, files = form_body(call.request, CheckWanted)
    sent = files.pop(DATA, [])
    if files or len(sent) != 1:
        raise BadRequest("unprocessable", f"The form has a part {DATA!r}, the table, and one with JSON.")
    least = call.office.policy.event.smallest_cell if said.smallest is None else said.smallest
    if least < 1:
        raise _bad("smallest", "is the smallest count that may stand in a cell: 1 or more")
    content = sent[0].stream.read()
    counted = (said.count,) if isinstance(said.count, str) else tuple(dict.fromkeys(said.count))
    wish = Wish(least, said.by, counted, said.quasi, said.total)
    try:
        report = check(Source(DATA, _opener(content)), wish, _passed(call, said.against) if said.against else [])
    except Malformed as error:
        raise _bad(DATA, str(error)) from error
    return Answer(_shape(report, least))


def _bad(member: str, why: str) -> BadRequest:
    return BadRequest("unprocessable", "A table is not as it has to be.", BadField(detail=why, pointer=f"/{member}"))


def _opener(content: bytes) -> Callable[[], BinaryIO]:
    return lambda: BytesIO(content)


def _passed(call: Call, against: str) -> list[Source]:
    """The tables that were passed for a request, as far as the caller may see it."""
    request = against if against.startswith("R-") else request_of_publication(call, against)
    return [
        Source(f"{number}, table {place}", _opener(call.home.custody.read_document(commitment).content))
        for number, one in call.standing(request).publications.items()
        if one.passed and one.notified
        for place, commitment in enumerate(one.notified.event.tables, 1)
    ]


def _shape(report: Report, least: int) -> Checked:
    groups = report.groups
    return Checked(
        smallest=least,
        table_rows=report.rows,
        by=report.by,
        counts=report.counts,
        cells=report.cells,
        groups=groups and Grouped(k=groups.k, groups=groups.groups, small=groups.small, single=groups.single),
        others=report.others,
        totals=report.totals,
        compared=report.compared,
        incomparable=report.incomparable,
        found=report.found,
        findings=tuple(Suspect(**one._asdict() | {"where": dict(one.where)}) for one in report.findings),
    )
