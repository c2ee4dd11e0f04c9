"""What is found wrong, missing or pending in a packet: one thing at a time, and all at once."""

import re
import unicodedata
from datetime import UTC, date, datetime, time
from typing import Any, get_args

import pytest
from hypothesis import given

from api.packets import read_packet
from api.packets.form import Address, Form
from tests.letters import EXAMPLES, LETTERS, pdf
from tests.packet_facts import (
    AS_SHIPPED,
    MIT,
    MIXED,
    OUTSIDE,
    PENDING_OUTCOME,
    PENDING_RELIANCE,
    TODAY,
    Folder,
    anything,
    broken_tables,
    fields_of,
    found,
    steps,
    told,
)

NOT_THERE = "is not in the packet's folder"
OUTSIDE_IT = "lies outside the packet's folder"
NOBODY = "is the address of nobody who is listed under people"
NO_RESEARCHER = "malformed C1.1 researcher.person: is missing, and nothing can be recorded without the researcher"
NO_ADDRESS = "is missing, and nobody can be recorded without an address"
NO_FUNDING = 'missing C1.2 funding.source: is missing; "none" is an answer'
NO_REVIEW = "missing C1.2 peer_review.reviewed: is missing; false is an answer"
NO_SPONSOR = "missing C1.1 researcher.faculty_sponsor: is missing, and a student names one"
NO_DESCRIPTION = "missing C1.7 research.description: is missing, and no document is named in its place"
NO_HOME_BOARD = "no determination of the home institution's board covers them"
NO_OWN_BOARD = "no determination of their own institution's board covers them"
NEITHER = "neither a determination of the home institution's board covers them nor its reliance on another"
UNLISTED = {
    "Rosa": [
        f'malformed - ethics[1].covers[1]: "rosa.quill@example.edu" {NOBODY}',
        f'malformed - researcher.person: "rosa.quill@example.edu" {NOBODY}',
    ],
    "Tom": [
        f'malformed - contact.person: "tom.abara@example.edu" {NOBODY}',
        f'malformed - ethics[1].covers[2]: "tom.abara@example.edu" {NOBODY}',
    ],
    "Ines": [f'malformed - head_approval.by: "ines.calder@example.edu" {NOBODY}'],
}
DEAN = (
    "missing C1.2 head_approval.capacity: has to be that of the dean or the next above, "
    "because the researcher heads the department"
)

TEXT = "has to be text in quotes of at most 16,000 characters, control characters excluded"
LINE = "has to be text in quotes: one line of at most 300 characters, without blanks around it"
DAY = "has to be a date from 1970 to 2199 such as 2026-01-31, without quotes"
ADDRESS = 'has to be an e-mail address such as "ana@example.edu"'
FILE = 'has to be the name of a file in this folder, such as "letters/approval.pdf"'
DATA_SET = 'has to be a data set of the catalogue, such as "D-6.002x-pc"'
PROTOCOL = "has to be text in quotes: the number as the board writes it, in at most 100 plain letters, digits and signs"
ANSWER = "has to be true or false, without quotes"
CAPACITY = 'has to be "department head" or "equivalent" or "dean" or "next above"'
OUTCOME = 'has to be "approved" or "exempt" or "not human subjects" or "pending"'
AFFILIATION = 'has to be "home" or "outside" or "in doubt"'
PART = 'has to be "study group" or "personnel" or "none"'
FORM = 'has to be "identified" or "de-identified"'
PURPOSE = 'has to be "improving teaching and curriculum" or "scholarship on teaching and learning"'
BOARD = 'has to be "home", or the institution of somebody from outside as it is written there'
OTHER_BOARD = "is for the determination of another board than the home institution's"

# What is found when a field is taken away, beside what is found anyhow; an item alone says that the field is missing.
TAKEN_AWAY: dict[str, dict[str, Any]] = {
    MIT: {
        "format": [],
        "researcher": [NO_RESEARCHER],
        "researcher.person": [NO_RESEARCHER],
        "researcher.student": [],
        "researcher.heads_department": [],
        "funding": [NO_FUNDING],
        "funding.source": [NO_FUNDING],
        "peer_review": [NO_REVIEW],
        "peer_review.reviewed": [NO_REVIEW],
        "peer_review.by": "C1.2",
        "head_approval": [
            "missing C1.2 head_approval.by: is missing",
            "missing C1.2 head_approval.capacity: is missing",
            "missing C1.2 head_approval.document: is missing",
        ],
        "head_approval.by": "C1.2",
        "head_approval.capacity": "C1.2",
        "head_approval.document": "C1.2",
        "data_sets": "C1.3",
        "data_sets[1].id": "C1.3",
        "data_sets[1].form": "C1.3",
        "people": [
            *(UNLISTED["Rosa"] + UNLISTED["Tom"] + UNLISTED["Ines"]),
            "missing C1.3 people: nobody is in the study group",
        ],
        "people[3]": UNLISTED["Ines"],
        "people[1].name": "C1.1",
        "people[1].email": [*UNLISTED["Rosa"], f"malformed C1.3: {NO_ADDRESS}"],
        "people[1].institution": "C1.1",
        "people[1].department": "C1.1",
        "people[1].address": "C1.1",
        "people[1].phone": [],
        "people[1].affiliation": "C1.1",
        "people[1].part": "C1.3",
        "people[1].citi_completed": "C1.6",
        "people[1].citi_expires": "C1.6",
        "people[1].citi_document": "C1.6",
        "people[2].name": "C1.3",
        "people[2].email": [*UNLISTED["Tom"], f"malformed C1.3: {NO_ADDRESS}"],
        "people[2].institution": "C1.3",
        "people[2].affiliation": "C1.3",
        "people[2].part": "C1.3",
        "people[3].name": "C1.2",
        "people[3].email": [*UNLISTED["Ines"], f"malformed C1.6: {NO_ADDRESS}"],
        "people[3].part": [
            "missing C1.3: is missing",
            "missing C1.6 people[3].affiliation: is missing",
            "missing C1.6 people[3].institution: is missing",
        ],
        "ethics": [f"missing C1.4 people[1]: {NO_HOME_BOARD}", f"missing C1.4 people[2]: {NO_HOME_BOARD}"],
        "ethics[1].board": "C1.4",
        "ethics[1].protocol": "C1.4",
        "ethics[1].outcome": "C1.4",
        "ethics[1].on": "C1.4",
        "ethics[1].expires": "C1.4",
        "ethics[1].covers": "C1.4",
        "ethics[1].covers[2]": [f"missing C1.4 people[2]: {NO_HOME_BOARD}"],
        "ethics[1].document": "C1.4",
        "research": [NO_DESCRIPTION, "missing C1.7 research.purposes: is missing"],
        "research.purposes": "C1.7",
        "research.description": [NO_DESCRIPTION],
        "contact": ["missing C3 contact.key_file: is missing", "missing C3 contact.person: is missing"],
        "contact.person": "C3",
        "contact.key_file": "C3",
    },
    OUTSIDE: {
        "researcher.faculty_sponsor": [NO_SPONSOR],
        "people[1].institution": "C1.1",
        "people[3].name": "C1.6",
        "research.document": [NO_DESCRIPTION],
    },
    MIXED: {
        "ethics[2].reliance": "C1.5",
        "ethics[2].reliance_on": "C1.5",
        "ethics[2].reliance_document": "C1.5",
        "ethics[3].protocol": "C1.5",
        "ethics[3].covers": "C1.5",
        "people[2].institution": "C1.3",
    },
}

# What is found when a field of the complete packet has another value.
CHANGED = [
    ("format", 2, ["has to be 1, not 2"]),
    ("format", 10**12, ["has to be 1, not a number"]),
    ("format", 1 - 10**12, ["has to be 1, not -999999999999"]),
    ("format", "1", ['has to be 1, not "1"']),
    ("format", True, ["has to be 1, not true"]),
    ("people[1].emial", "x", ["is not known here; did you mean email?"]),
    ("funding.zzz", 1, ["is not known here; known here are source"]),
    ("researcher", 1, ["has to be a table under [researcher], not 1"]),
    ("researcher", [{}], ["has to be a table under [researcher], not a list"]),
    ("data_sets", {}, ["has to be tables, each under [[data_sets]], not a table"]),
    ("data_sets", ["x"], ['malformed - data_sets[1]: has to be a table under [[data_sets]], not "x"']),
    ("data_sets", 61 * [{}], ["has 61 entries, and there may be 60"]),
    ("people[2]", "Tom", [*UNLISTED["Tom"], 'has to be a table under [[people]], not "Tom"']),
    ("people[3]", "", [*UNLISTED["Ines"], "is blank"]),
    ("researcher.person", 3, [f"{LINE}, not 3"]),
    ("researcher.person", " ", [NO_RESEARCHER]),
    ("researcher.person", "ROSA.QUILL@EXAMPLE.EDU", []),
    ("researcher.person", "eve@example.edu", [f'"eve@example.edu" {NOBODY}']),
    ("researcher.student", "no", [f'{ANSWER}, not "no"']),
    ("researcher.student", True, [NO_SPONSOR]),
    ("researcher.faculty_sponsor", "Rosa.Quill@example.edu", ["is the researcher"]),
    ("researcher.faculty_sponsor", "x@y.z", [f'"x@y.z" {NOBODY}']),
    ("researcher.heads_department", True, [DEAN]),
    ("researcher.heads_department", 0, [f"{ANSWER}, not 0"]),
    ("funding.source", "None", []),
    ("funding.source", "", [NO_FUNDING]),
    ("funding.source", False, [f"{TEXT}, not false"]),
    ("funding.source", "a\0b", [rf'{TEXT}, not "a\x00b"']),
    ("funding.source", 16_000 * "x", []),
    ("funding.source", 16_001 * "x", [f'{TEXT}, not "{57 * "x"}..."']),
    ("peer_review.reviewed", False, ["malformed - peer_review.by: says who reviewed it, where it was not reviewed"]),
    ("peer_review.reviewed", "yes", [f'{ANSWER}, not "yes"']),
    ("peer_review.by", ["Ana"], [f"{TEXT}, not a list"]),
    ("head_approval.by", "ROSA.quill@example.edu", ["missing C1.2: is the researcher; somebody else has to approve"]),
    ("head_approval.by", "eve@example.edu", [f'"eve@example.edu" {NOBODY}']),
    ("head_approval.capacity", "boss", [f'{CAPACITY}, not "boss"']),
    ("head_approval.document", 5, [f"{FILE}, not 5"]),
    ("head_approval.document", "a.pdf", [f'missing C1.2: "a.pdf" {NOT_THERE}']),
    ("data_sets[1].id", "6.002x", [f'{DATA_SET}, not "6.002x"']),
    ("data_sets[1].form", "public", [f'{FORM}, not "public"']),
    (
        "data_sets[2]",
        {"id": "D-6.002x-pc", "form": "identified"},
        ['malformed - data_sets[2].id: "D-6.002x-pc" stands twice'],
    ),
    ("data_sets[2]", {"id": "D-6.002x-pc", "form": "de-identified"}, []),
    ("people[1].name", "Rosa\nQuill", [rf'{LINE}, not "Rosa\nQuill"']),
    ("people[1].name", "\u202eQuill", [rf'{LINE}, not "\u202eQuill"']),
    ("people[1].name", " Rosa", [f'{LINE}, not " Rosa"']),
    ("people[1].name", 300 * "x", []),
    ("people[1].name", 301 * "x", [f'{LINE}, not "{57 * "x"}..."']),
    ("people[1].phone", 10**40, [f"{LINE}, not a number"]),
    ("people[1].institution", 0.5, [f"{LINE}, not a number"]),
    ("people[1].department", TODAY, [f"{LINE}, not 2026-11-21"]),
    ("people[1].address", {}, [f"{TEXT}, not a table"]),
    ("people[3].email", "ines", [*UNLISTED["Ines"], f'{ADDRESS}, not "ines"']),
    (
        "people[3].email",
        "ines.calder@example.edu\n",
        [*UNLISTED["Ines"], rf'{ADDRESS}, not "ines.calder@example.edu\n"'],
    ),
    (
        "people[3].email",
        "Rosa.Quill@EXAMPLE.edu",
        [*UNLISTED["Ines"], "is the address of people[1] too; everybody is listed once"],
    ),
    ("people[1].affiliation", "MIT", [f'{AFFILIATION}, not "MIT"']),
    ("people[1].affiliation", "in doubt", [f"missing C1.5 people[1]: {NO_OWN_BOARD}"]),
    ("people[1].affiliation", "outside", [f"missing C1.5 people[1]: {NO_OWN_BOARD}"]),
    ("people[1].part", "all", [f'{PART}, not "all"']),
    ("people[1].part", "none", ['of the researcher is at least "personnel"']),
    ("people[1].part", "personnel", []),
    ("people[1].citi_completed", "2025-08-18", [f'{DAY}, not "2025-08-18"']),
    ("people[1].citi_completed", datetime(2025, 8, 18, 12, tzinfo=UTC), [f"{DAY}, not a time"]),
    ("people[1].citi_completed", time(12), [f"{DAY}, not a time"]),
    ("people[1].citi_completed", date(226, 8, 18), [f"{DAY}, not 0226-08-18"]),
    ("people[1].citi_completed", date(1970, 1, 1), []),
    ("people[1].citi_completed", date(1969, 12, 31), [f"{DAY}, not 1969-12-31"]),
    ("people[1].citi_expires", date(2199, 12, 31), []),
    ("people[1].citi_expires", date(2200, 1, 1), [f'{DAY} or "none", not 2200-01-01']),
    ("people[1].citi_completed", TODAY, []),
    ("people[1].citi_completed", date(2026, 11, 22), ["2026-11-22 is in the future"]),
    ("people[1].citi_expires", TODAY, []),
    ("people[1].citi_expires", "none", []),
    (
        "people[1].citi_expires",
        date(2026, 11, 20),
        ["missing C1.6: the certificate ended on 2026-11-20; a current one is needed"],
    ),
    (
        "people[1].citi_expires",
        date(2025, 8, 18),
        ["missing C1.6: the certificate ended on 2025-08-18; a current one is needed"],
    ),
    ("people[1].citi_expires", date(2025, 8, 17), ["2025-08-17 is before it was completed, on 2025-08-18"]),
    ("people[1].citi_expires", "never", [f'{DAY} or "none", not "never"']),
    ("people[1].citi_document", "../citi.pdf", [f'malformed C1.6: "../citi.pdf" {OUTSIDE_IT}']),
    ("ethics[1].board", "HOME", []),
    ("ethics[1].board", "MIT", [f'{BOARD}, not "MIT"']),
    (
        "ethics[1].board",
        "Massachusetts Institute of Technology",
        [f'{BOARD}, not "Massachusetts Institute of Technology"'],
    ),
    ("ethics[1].protocol", 2509001745, [f"{PROTOCOL}, not 2509001745"]),
    ("ethics[1].outcome", "ok", [f'{OUTCOME}, not "ok"']),
    ("ethics[1].outcome", "not human subjects", []),
    (
        "ethics[1].outcome",
        "pending",
        [
            "malformed - ethics[1].expires: is given, where the board has not decided yet",
            "pending C1.4: the board's decision is pending",
        ],
    ),
    ("ethics[1].on", date(2026, 11, 22), ["2026-11-22 is in the future"]),
    ("ethics[1].on", TODAY, []),
    ("ethics[1].expires", TODAY, []),
    ("ethics[1].expires", date(2026, 11, 20), ["missing C1.4: it ended on 2026-11-20; a current one is needed"]),
    ("ethics[1].expires", date(2025, 9, 22), ["missing C1.4: it ended on 2025-09-22; a current one is needed"]),
    ("ethics[1].expires", date(2025, 9, 21), ["2025-09-21 is before the decision of 2025-09-22"]),
    ("ethics[1].covers", "all", ['has to be a list in [ ], not "all"']),
    ("ethics[1].covers", ["all personnel"], []),
    ("ethics[1].covers[3]", "all personnel", ['"all personnel" stands alone, or not at all']),
    ("ethics[1].covers[3]", "Rosa.Quill@example.edu", ['"Rosa.Quill@example.edu" stands twice']),
    ("ethics[1].covers[3]", "x@y.z", [f'"x@y.z" {NOBODY}']),
    ("ethics[1].covers[3]", "", ["is blank"]),
    ("ethics[1].covers[3]", 7, [f"{LINE}, not 7"]),
    ("ethics[1].document", "a.pdf", [f'missing C1.4: "a.pdf" {NOT_THERE}']),
    ("ethics[1].reliance", "none", []),
    ("ethics[1].reliance", "elected", [OTHER_BOARD]),
    ("ethics[1].reliance", "yes", ['has to be "elected" or "pending" or "none", not "yes"']),
    ("ethics[1].reliance_on", TODAY, [OTHER_BOARD]),
    ("ethics[1].reliance_document", "citi-abara.pdf", [OTHER_BOARD]),
    ("research.purposes", 1, ["has to be a list in [ ], not 1"]),
    ("research.purposes", ["fame"], [f'malformed - research.purposes[1]: {PURPOSE}, not "fame"']),
    (
        "research.purposes[3]",
        "improving teaching and curriculum",
        ['"improving teaching and curriculum" stands twice'],
    ),
    ("research.description", " \n", [NO_DESCRIPTION]),
    ("research.document", "a.pdf", [f'missing C1.7: "a.pdf" {NOT_THERE}']),
    ("contact.person", "ines.calder@example.edu", ["is not in the study group, and will have no access"]),
    ("contact.person", 1, [f"{LINE}, not 1"]),
    ("contact.key_file", "a.asc", [f'missing C3: "a.asc" {NOT_THERE}']),
    (
        "contact.key_file",
        "citi-abara.pdf",
        ['malformed C3: "citi-abara.pdf" does not begin as a public key in ASCII armor does (gpg --armor --export)'],
    ),
]

# The same for what boards said in the two others; first what is found no longer.
BOARDS = [
    (
        *(OUTSIDE, "ethics", []),
        [PENDING_RELIANCE],
        [f"missing C1.5 people[{one}]: {what}" for one in (1, 2) for what in (NEITHER, NO_OWN_BOARD)],
    ),
    (OUTSIDE, "ethics[1].board", "Lakeside Collage", [], [f'{BOARD}, not "Lakeside Collage"']),
    (OUTSIDE, "ethics[1].board", "lakeside  COLLEGE", [], []),
    (
        *(OUTSIDE, "ethics[1].covers", ["noor.vance@example.org"]),
        [],
        [f"missing C1.5 people[2]: {NEITHER}", f"missing C1.5 people[2]: {NO_OWN_BOARD}"],
    ),
    (
        *(OUTSIDE, "ethics[1].reliance", "none"),
        [PENDING_RELIANCE],
        [f"missing C1.5 people[1]: {NEITHER}", f"missing C1.5 people[2]: {NEITHER}"],
    ),
    (
        *(OUTSIDE, "ethics[1].reliance", "elected"),
        [PENDING_RELIANCE],
        ["missing C1.5 ethics[1].reliance_document: is missing", "missing C1.5 ethics[1].reliance_on: is missing"],
    ),
    (OUTSIDE, "ethics[1].reliance_on", TODAY, [], ['is given, where reliance is "pending"']),
    (
        *(OUTSIDE, "ethics[1].expires", date(2026, 11, 20)),
        [],
        ["missing C1.5: it ended on 2026-11-20; a current one is needed"],
    ),
    (MIXED, "ethics[2].reliance_on", date(2026, 11, 22), [], ["2026-11-22 is in the future"]),
    (
        *(MIXED, "ethics[2].expires", date(2025, 10, 19)),
        [],
        [
            "malformed - ethics[2].reliance_on: 2025-10-20 is after the end of what is relied on, 2025-10-19",
            "missing C1.5: it ended on 2025-10-19; a current one is needed",
        ],
    ),
    (
        MIXED,
        "ethics[2].expires",
        date(2025, 10, 20),
        [],
        ["missing C1.5: it ended on 2025-10-20; a current one is needed"],
    ),
    (
        *(MIXED, "ethics[3].outcome", "exempt"),
        [PENDING_OUTCOME],
        [f"missing C1.5 ethics[3].{field}: is missing" for field in ("document", "expires", "on")],
    ),
    (MIXED, "ethics[3].board", "Lakeside College", [], [f"missing C1.5 people[2]: {NO_OWN_BOARD}"]),
    (MIXED, "ethics[3].on", date(2026, 11, 1), [], []),
    (MIXED, "ethics[1].covers", ["hanna.lindqvist@example.edu"], [], [f"missing C1.4 people[2]: {NO_HOME_BOARD}"]),
    (MIXED, "ethics[3].covers", ["amal.serrano@example.org"], [], [f"missing C1.5 people[2]: {NO_OWN_BOARD}"]),
    (MIXED, "head_approval.capacity", "equivalent", [], [DEAN]),
]


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "packet")


# The packets that ship.


@pytest.mark.parametrize("example", AS_SHIPPED)
def test_a_worked_packet_lacks_what_it_says_that_it_lacks(example):
    assert told(read_packet(EXAMPLES / example, TODAY).problems) == AS_SHIPPED[example]


@pytest.mark.parametrize("name", LETTERS)
def test_a_shipped_letter_is_what_draws_it(name):
    assert (EXAMPLES / name).read_bytes() == pdf(LETTERS[name])


@pytest.mark.parametrize("name", LETTERS)
def test_the_cross_references_of_a_shipped_letter_lead_to_its_objects(name):
    content = (EXAMPLES / name).read_bytes()

    start = int(content.split(b"startxref\n")[1].split()[0])
    table = content[start:].split(b"trailer")[0].split(b"\n")[3:-1]

    assert [content[int(row[:10]) :].split(b" ")[0] for row in table] == [b"%d" % n for n in range(1, len(table) + 1)]


def test_every_file_of_a_worked_packet_is_named_in_it():
    for example in AS_SHIPPED:
        packet = read_packet(EXAMPLES / example, TODAY)
        files = {str(file.relative_to(packet.folder)) for file in packet.folder.rglob("*") if file.is_file()}

        assert files == {"request.toml", *packet.documents, *([packet.key.name] if packet.key else [])}


def test_the_template_explains_every_field_and_says_nothing():
    text = (EXAMPLES.parent / "template" / "request.toml").read_text(encoding="utf-8")

    packet = read_packet(EXAMPLES.parent / "template", TODAY)

    assert [field for field in fields_of(Form) if not any(f"{field} =" in line for line in text.splitlines())] == []
    assert told(packet.of_kind("malformed")) == [f"malformed C1.6 people[1].email: {NO_ADDRESS}", NO_RESEARCHER][::-1]
    assert {problem.what for problem in packet.of_kind("missing")} >= {"is missing"}


# One thing missing or wrong at a time.


@pytest.mark.parametrize(
    ("example", "field", "said"),
    [
        pytest.param(example, field, said, id=f"{example}, {field}")
        for example, rows in TAKEN_AWAY.items()
        for field, said in rows.items()
    ],
)
def test_what_is_taken_away_is_missing(example, field, said, tmp_path):
    folder = Folder(tmp_path / "packet", example)

    folder.put(field)

    said = [f"missing {said}: is missing"] if isinstance(said, str) else said
    assert folder.problems() == sorted([*AS_SHIPPED[example], *found(field, *said)])


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [pytest.param(*row, id=f"{number}, {row[0]}") for number, row in enumerate(CHANGED)],
)
def test_what_cannot_be_so_is_named(field, value, said, folder):
    folder.put(field, value)

    assert folder.problems() == found(field, *said)


@pytest.mark.parametrize(
    ("example", "field", "value", "settled", "said"),
    [pytest.param(*row, id=f"{number}, {row[1]}") for number, row in enumerate(BOARDS)],
)
def test_boards_are_asked_for_person_by_person(example, field, value, settled, said, tmp_path):
    folder = Folder(tmp_path / "packet", example)

    folder.put(field, value)

    assert folder.problems() == sorted({*AS_SHIPPED[example], *found(field, *said)} - set(settled))


ADDRESSES = [
    "zoë@example.edu",
    "zoe\u0308@example.edu",
    "ana@bücher.example",
    "用户@例子.广告",
    "अजय@डाटा.भारत",
    "квіточка@пошта.укр",
    "θσερ@εχαμπλε.ψομ",
    "o'neil+mitx@xn--bcher-kva.example",
]


@pytest.mark.parametrize("address", ADDRESSES, ids=ascii)
def test_an_address_may_have_letters_of_every_language(address, folder):
    folder.put("people[3].email", address)
    folder.put("head_approval.by", address.upper())

    assert folder.problems() == []


@pytest.mark.parametrize(
    "address",
    [
        "zo ë@x.de",
        "zoë@x",
        "zoë@@x.de",
        "zoë@ü..de",
        "zoë@ü_.de",
        "zoë@.de",
        "@ü.de",
        "zoë",
        '"zoë"@x.de',
        "<zoë@x.de>",
    ],
)
def test_letters_of_every_language_do_not_make_an_address(address, folder):
    folder.put("people[3].email", address)

    assert f'malformed - people[3].email: {ADDRESS}, not "{address}"' in folder.problems()


NOT_SEEN = {"Cc", "Co", "Cs", "Zl", "Zp", "Zs"}
TURNS_WRITING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
MARKS_OF_DIRECTION = {"\u061c", "\u200e", "\u200f"}
LEAVE_NO_TRACE = {"\xad", "\u034f", "\u200b", "\u200d", "\u2060", "\ufeff", "\ufe0f", "\U000e0041", "\u115f", "\u3164"}


def test_what_nobody_sees_and_what_turns_writing_around_is_in_no_address():
    unseen = {
        letter
        for letter in map(chr, range(0x110000))
        if unicodedata.category(letter) in NOT_SEEN or unicodedata.bidirectional(letter) in TURNS_WRITING
    }
    _, meta = get_args(Address)
    is_address = re.compile(meta.pattern).search

    for letter in unseen | MARKS_OF_DIRECTION | LEAVE_NO_TRACE:
        assert not is_address(f"a{letter}b@example.edu"), ascii(letter)
        assert not is_address(f"ab@ex{letter}ample.edu"), ascii(letter)


def test_a_list_may_have_sixty_entries(folder):
    folder.put("ethics[1].covers", 60 * ["rosa.quill@example.edu"])

    assert [problem.field for problem in folder.read().problems if "entries" in problem.what] == []


def test_every_field_of_the_form_is_taken_away_once_and_is_wrong_once():
    taken_away = {steps(field)[-1] for rows in TAKEN_AWAY.values() for field in rows}
    wrong = {step for field, _, said in CHANGED if said for step in steps(field)}

    assert fields_of(Form) - taken_away == set()
    assert fields_of(Form) - wrong == {"id", "form"} - wrong


def test_a_data_set_that_is_not_in_the_catalogue_is_named(folder):
    assert told(folder.read(catalogue={"D-6.002x-pc"}).problems) == []
    assert told(folder.read(catalogue={"D-other"}).problems) == [
        'malformed - data_sets[1].id: "D-6.002x-pc" is not in the catalogue'
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("x-1_Y", "x-1_Y"),
        ("", '""'),
        ("a b", '"a b"'),
        ("ü", '"ü"'),
        ("\x1b[2J", r'"\x1b[2J"'),
        (60 * "x", 60 * "x"),
        (61 * "x", f'"{57 * "x"}..."'),
    ],
)
def test_a_name_that_could_mislead_is_quoted(name, told, folder):
    folder.write(folder.table() | {name: 1})

    assert [problem.field for problem in folder.read().problems] == [told]


def test_one_request_names_no_more_than_an_entry_can_hold(folder):
    people = [{"email": f"p{number}@example.edu", "part": "none", "name": "P"} for number in range(54)]
    table = folder.table()
    table["people"] += people
    folder.write(table)
    assert folder.problems() == []

    table["people"] += [{"email": "one.more@example.edu", "part": "none", "name": "P"}]
    folder.write(table)
    assert folder.problems() == ["malformed - people: and data sets are 59 together, and one request can name 58"]


# All at once.


def test_everything_that_is_wrong_is_reported_at_once_in_the_order_of_the_file(folder):
    folder.edit("student = false", 'student = "no"\nteacher = true')
    folder.edit('by = "Two members', '# by = "Two members')
    folder.edit('form = "identified"', 'form = ""')
    folder.edit("citi_completed = 2025-08-18", "citi_completed = 2027-01-01")
    folder.edit('citi_document = "citi-abara.pdf"', 'citi_document = "/etc/passwd"')
    folder.edit('covers = ["rosa.quill@example.edu", "tom.abara@example.edu"]', 'covers = ["rosa.quill@example.edu"]')
    folder.edit('outcome = "exempt"', "")
    folder.edit("[contact]", "[contacts]")

    fields = "person, student, faculty_sponsor, heads_department"
    assert [str(problem) for problem in folder.read().problems] == [
        'request.toml:9 researcher.student: has to be true or false, without quotes, not "no"',
        f"request.toml:10 researcher.teacher: is not known here; known here are {fields}",
        "request.toml:18 peer_review.by: C1.2: is missing",
        "request.toml:31 data_sets[1].form: C1.3: is missing",
        "request.toml:44 people[1].citi_completed: 2027-01-01 is in the future",
        "request.toml:48 people[2]: C1.4: no determination of the home institution's board covers them",
        'request.toml:56 people[2].citi_document: C1.6: "/etc/passwd" lies outside the packet\'s folder',
        "request.toml:65 ethics[1].outcome: C1.4: is missing",
        "request.toml:85 contacts: is not known here; did you mean contact?",
        "request.toml contact.key_file: C3: is missing",
        "request.toml contact.person: C3: is missing",
    ]


# Anything at all.


@pytest.mark.campaign
@anything(200, full=20_000)
@given(broken_tables())
def test_whatever_stands_in_a_request_problems_are_told_in_order_and_nothing_is_raised(folder, table):
    folder.write(table)

    problems = folder.read().problems

    lines = folder.request.read_text(encoding="utf-8").count("\n") + 1
    told_lines = [problem.line for problem in problems if problem.line is not None]
    assert told_lines == sorted(told_lines)
    assert all(1 <= line <= lines for line in told_lines)
    assert len(set(problems)) == len(problems)
    assert all(problem.item for problem in problems if problem.kind != "malformed")
    assert all(str(problem).isprintable() for problem in problems)
