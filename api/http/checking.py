"""Tables that are to be published, looked at before they are: uploaded, checked, and forgotten."""

from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO

from api.http.after_shapes import Checked, CheckWanted, Grouped, Suspect
from api.http.call import Answer, Call, not_found
from api.http.problems import BadField, BadRequest
from api.http.reading_in import form_body
from ledger.errors import Malformed
from projections.acts import of_publication
from projections.disclosure_control import Report, Source, Wish, check
from projections.standing import Standing

DATA = "data"


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
    wish = Wish(least, said.by, said.count, said.quasi)
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
    request = against if against.startswith("R-") else _request_of(call, against)
    return [
        Source(f"{number}, table {place}", _opener(call.home.custody.read_document(commitment).content))
        for number, one in call.standing(request).publications.items()
        if one.passed and one.notified
        for place, commitment in enumerate(one.notified.event.tables, 1)
    ]


def _request_of(call: Call, publication: str) -> str:
    try:
        found = Standing(call.ledger.facts([of_publication(publication)])).publication(publication).notified
    except Malformed:
        found = None
    if found is None:
        raise not_found()
    return found.event.request


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
        compared=report.compared,
        incomparable=report.incomparable,
        found=report.found,
        findings=tuple(Suspect(**one._asdict() | {"where": dict(one.where)}) for one in report.findings),
    )
