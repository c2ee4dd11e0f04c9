"""What is found in a packet when a field of it is taken away, or has another value."""

from datetime import UTC, date, datetime, time
from typing import Any

from tests.packet_facts import MIT, MIXED, OUTSIDE, PENDING_OUTCOME, PENDING_RELIANCE, TODAY

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
