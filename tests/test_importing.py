"""Taking in a register: what becomes of its rows, and of what cannot be one."""

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, date, datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.importing.mapping import read_map
from api.importing.reading import Bytes, Register, Row
from api.importing.seen import Seen
from ledger.codec import Recorded
from ledger.errors import Malformed
from ledger.events import (
    Event,
    OrganisationRegistered,
    PastDataSetRecorded,
    PastRegisterTakenIn,
    PastReleaseRecorded,
    PersonRegistered,
)
from ledger.home import create_home, open_log
from tests.command_line import STOPPED_PROGRAM, Office
from tests.event_strategies import many
from tests.facts import Clock
from tests.past_facts import GOOD, HEADING, MAP, csv_of, row
from tests.stores import CAMPAIGN, PATIENCE

PROJECT = Path(__file__).parents[1]
EXAMPLES = PROJECT / "api" / "registers" / "examples"
TODAY = date(2026, 11, 21)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An office with a director, and the map of a register."""
    made = Office(tmp_path, Clock())
    create_home(made.home, "log.example.com", actor="staff:1", via="command line", clock=made.clock)
    made.grant_first_role()
    made.put("map.toml", MAP.encode())
    return made


def take_in(office: Office, *rows: tuple[str, ...], more: str = "") -> Any:
    office.put("register.csv", csv_of(*rows))
    return office(f"import {{register.csv}} --map {{map.toml}} {more}")


def taken(office: Office, *kinds: type[Event]) -> list[Any]:
    return [fact.event for fact in office.facts() if isinstance(fact.event, kinds or PastReleaseRecorded)]


# What becomes of rows.


def test_a_row_becomes_what_it_says_and_no_more(office: Office):
    outcome = take_in(office, GOOD)
    assert (outcome.code, outcome.err) == (0, "")

    organisation, dataset, person, release, closing_ = (fact.event for fact in office.facts()[-5:])
    assert isinstance(organisation, OrganisationRegistered)
    assert office.opened(organisation.name) == "Lakeside College"
    assert dataset == PastDataSetRecorded(dataset="D-grades", title="Grades", register="releases-2020")
    assert isinstance(person, PersonRegistered)
    assert [office.opened(one) for one in (person.name, person.email, person.institution)] == [
        "Ada Lune",
        "ada@x.org",
        "Lakeside College",
    ]
    assert isinstance(release, PastReleaseRecorded)
    assert release == PastReleaseRecorded(
        register="releases-2020",
        row=release.row,
        reference="1",
        organisation=organisation.organisation,
        person=person.person,
        dataset="D-grades",
        form="de-identified",
        agreement="NIC-1",
        agreement_version="1.2",
        basis="34 CFR 99.30",
        provided="transfer",
        on=date(2019, 3, 31),
        dated="day",
    )
    assert isinstance(closing_, PastRegisterTakenIn)
    assert (closing_.taken, closing_.left_out) == (1, 0)
    assert {(fact.actor, fact.via, fact.judged) for fact in office.facts()[-5:]} == {("staff:1", "import", None)}


def test_what_a_register_does_not_say_is_not_made_up(office: Office):
    take_in(office, row(Agreement="", Basis="", Contact="", E_mail="", Sent="", No=""))

    (release,) = taken(office)
    assert (release.person, release.agreement, release.agreement_version, release.basis) == (None, None, None, None)
    assert (release.reference, release.on, release.dated) == (None, date(2020, 12, 31), "not-later-than")
    assert taken(office, PersonRegistered) == []


@pytest.mark.parametrize(
    ("sent", "occurred_at", "precision"),
    [
        ("31/03/2019", "2019-03-31T00:00:00-04:00", "day"),
        ("2019-03", "2019-03-01T00:00:00-05:00", "month"),
        ("", "2020-12-31T23:59:59.999999-05:00", "not-later-than"),
    ],
)
def test_it_happened_as_precisely_as_the_register_says(office: Office, sent: str, occurred_at: str, precision: str):
    take_in(office, row(Sent=sent))
    fact = office.facts(PastReleaseRecorded.wire_type())[0]
    assert (fact.occurred_at.isoformat(), fact.precision) == (
        as_utc(occurred_at),
        precision,
    )


def as_utc(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()


def test_names_of_organisations_are_told_apart_letter_by_letter_and_those_of_types_of_data_too(office: Office):
    take_in(office, row(), row(No="2", Organisation="LAKESIDE COLLEGE"), row(No="3", Data="grades"), row(No="4"))

    assert len(taken(office, OrganisationRegistered)) == 2
    first, other, third, again = (one.organisation for one in taken(office))
    assert (first == third == again, first == other) == (True, False)
    assert [one.dataset for one in taken(office, PastDataSetRecorded)] != ["D-grades", "D-grades"]
    assert len({one.dataset for one in taken(office, PastDataSetRecorded)}) == 2


def test_whom_the_office_knows_already_is_found(office: Office):
    office.done("register-organisation 'Lakeside College'", "register-person 'Ada Lune' --email ADA@x.org")
    take_in(office, GOOD)

    (release,) = taken(office)
    assert [one.organisation for one in taken(office, OrganisationRegistered)] == [release.organisation]
    assert [one.person for one in taken(office, PersonRegistered)] == [release.person]


def test_without_an_address_the_same_name_at_the_same_organisation_is_the_same_person(office: Office):
    there = row(No="2", Organisation="Northfield", E_mail="")
    take_in(office, row(E_mail=""), row(No="3", E_mail="", Contact="ada  LUNE"), there)
    first, again, elsewhere = (one.person for one in taken(office))
    assert (first == again, first == elsewhere) == (True, False)


def test_a_data_set_of_the_catalogue_is_named_by_the_map(office: Office):
    office.done("register-dataset D-1 --course-run course-v1:MITx+1+2 --kind survey")
    office.put("map.toml", MAP.replace('column = "Data"', 'column = "Data"\nvalues = { "Grades" = "D-1" }').encode())
    take_in(office, GOOD)
    assert ([one.dataset for one in taken(office)], taken(office, PastDataSetRecorded)) == (["D-1"], [])


def test_a_data_set_of_the_map_that_nobody_knows_is_refused(office: Office):
    office.put("map.toml", MAP.replace('column = "Data"', 'column = "Data"\nvalues = { "Grades" = "D-1" }').encode())
    with office.nothing_happens():
        outcome = take_in(office, GOOD)
    assert (outcome.code, "'D-1'" in outcome.err) == (2, True)


def test_two_rows_that_are_alike_are_two_releases(office: Office):
    take_in(office, GOOD, GOOD)
    assert len({one.row for one in taken(office)}) == 2


# Again.


def test_a_register_that_is_taken_in_again_adds_nothing(office: Office):
    take_in(office, GOOD, GOOD, row(No="2"))
    with office.nothing_happens():
        assert take_in(office, GOOD, GOOD, row(No="2")).code == 0


def test_a_row_that_was_added_or_changed_comes_in_beside_the_others(office: Office):
    take_in(office, GOOD)
    take_in(office, GOOD, row(No="2"))
    assert [one.reference for one in taken(office)] == ["1", "2"]
    assert [one.taken for one in taken(office, PastRegisterTakenIn)] == [1, 2]


def test_a_dry_run_records_nothing_and_says_what_it_would(office: Office):
    take_in(office, GOOD)
    with office.nothing_happens():
        outcome = take_in(office, GOOD, row(No="2"), more="--dry-run")
    assert "1 release would be recorded, 1 were before, 0 cannot be taken" in outcome.lines


def test_what_was_taken_back_is_held_by_nobody_and_stays_taken_back(office: Office):
    take_in(office, GOOD)
    at = next(fact.position for fact in office.facts() if isinstance(fact.event, PastReleaseRecorded))
    assert office("holders D-grades").lines[-1].startswith("This holds")
    office.done(f"correct {at} --reason 'another course'")

    assert office("holders D-grades").lines[0] == "Nobody holds D-grades."
    with office.nothing_happens():
        take_in(office, GOOD)


def test_somebody_without_a_role_takes_in_nothing(office: Office):
    office.put("register.csv", csv_of(GOOD))
    with office.nothing_happens():
        outcome = office("import {register.csv} --map {map.toml}", actor="staff:2")
    assert outcome.code == 3


def test_the_made_up_register_is_taken_in_whole_and_one_holder_has_no_agreement(office: Office):
    run = "--course-run course-v1:MITx+6.002x+2012_Spring"
    office.done(
        f"register-dataset D-6.002x-pc {run} --kind person-course",
        f"register-dataset D-6.002x-forum {run} --kind forum",
    )
    example = EXAMPLES / "course-releases"
    office.done(f"import {example}.csv --map {example}.toml")

    assert len(taken(office)) == 40
    rows = json.loads(office("holders D-6.002x-pc --form identified --json").out)["rows"]
    assert [(one["person_name"], one["organisation_name"]) for one in rows if one["right"] == "none"] == [
        ("Piers Halloran", "Harbor Analytics")
    ]
    assert {one["how"] for one in rows} == {"imported"}
    assert office("verify --processes 1").code == 0


def test_what_is_held_without_a_right_is_told_of_the_past_too_and_what_nobody_knows_is_counted(office: Office):
    example = EXAMPLES / "course-releases"
    run = "--course-run course-v1:MITx+6.002x+2012_Spring"
    office.done(
        f"register-dataset D-6.002x-pc {run} --kind person-course",
        f"register-dataset D-6.002x-forum {run} --kind forum",
        f"import {example}.csv --map {example}.toml",
    )

    for line in ("holdings", "holders D-6.002x-pc", "holdings --organisation 'Harbor Analytics'"):
        told = json.loads(office(f"{line} --without-right --json").out)
        assert [(one["person_name"], one["right"], one["in_force"]) for one in told["rows"]] == [
            ("Piers Halloran", "none", False)
        ]
        whole = office(f"{line} --json" if line != "holdings" else "holders D-6.002x-pc --json")
        unknown = [one["in_force"] for one in json.loads(whole.out)["rows"] if one["right"] == "not known"]
        assert unknown == [None] * len(unknown)
    of_all = json.loads(office("holdings --without-right --json").out)["right_not_known"]
    of_one = json.loads(office("holders D-6.002x-pc --without-right --json").out)["right_not_known"]
    assert of_all == len(
        {
            (one.organisation, one.person, one.dataset, one.form, one.agreement, one.agreement_version)
            for one in taken(office)
            if one.agreement and one.provided != "system access"
        }
    )
    assert office("holdings --without-right").lines[-1] == (
        f"Of {of_all} imported holdings more nobody here knows if there is a right to it."
    )
    assert office("holders D-6.002x-forum --without-right").lines[0] == (
        "Nobody holds D-6.002x-forum without a right to it."
    )
    known = [one["in_force"] for one in csv.DictReader(StringIO(office("holders D-6.002x-pc --csv").out))]
    assert (known.count("no"), known.count(""), known.count("yes")) == (1, of_one, 0)


# What cannot be taken.

WRONG: list[tuple[dict[str, str], str, str, str]] = [
    ({"Organisation": ""}, "Organisation", "", "is empty"),
    ({"Organisation": "a\tb"}, "Organisation", "a\tb", "has a line end or another control character in it"),
    ({"Data": "x" * 256}, "Data", "x" * 256, "has 256 letters, and at most 255 are taken"),
    ({"Form": "maybe"}, "Form", "maybe", "is not among the values of the map"),
    ({"Form": ""}, "Form", "", "is empty"),
    ({"How": "post"}, "How", "post", "is not among the values of the map"),
    ({"Basis": "why not"}, "Basis", "why not", "is not among the values of the map"),
    ({"Agreement": "Nº1"}, "Agreement", "Nº1", "has letters that are not ASCII, which a reference has not"),
    ({"Sent": "31/02/2019"}, "Sent", "31/02/2019", "is no date such as %d/%m/%Y or %Y-%m"),
    ({"Sent": "2027-01"}, "Sent", "2027-01", "is still to come; it is 2026-11-21 at the office"),
    ({"Sent": "1969-12"}, "Sent", "1969-12", "is before 1970"),
    ({"E_mail": "nobody"}, "Contact", "", "has no e-mail address in 'E-mail', but something else"),
    ({"Contact": ""}, "Contact", "", "names nobody, though an address stands in 'E-mail'"),
    ({"No": "é"}, "No", "é", "has letters that are not ASCII, which a reference has not"),
]


@pytest.mark.parametrize(("changes", "column", "value", "why"), WRONG, ids=[f"{one[1]}-{one[3][:20]}" for one in WRONG])
def test_a_row_that_cannot_be_taken_is_told_with_row_and_column_and_the_others_are_taken(
    office: Office, changes: dict[str, str], column: str, value: str, why: str
):
    outcome = take_in(office, GOOD, row(**changes), row(No="3"), more="--report {report.json}")

    assert outcome.code == 1
    assert json.loads((office.folder / "report.json").read_bytes()) == [
        {"row": 3, "column": column, "value": value, "why": why}
    ]
    assert f"row 3, column {column!r}" in outcome.err
    assert [one.reference for one in taken(office)] == ["1", "3"]
    assert [(one.taken, one.left_out) for one in taken(office, PastRegisterTakenIn)] == [(2, 1)]


def test_all_that_is_wrong_with_a_row_is_told_at_once_and_no_cell_of_the_report_is_a_formula(office: Office):
    take_in(office, row(Form="=1+1", Sent="soon"), GOOD[:3], more="--report {report.csv}")
    told = list(csv.reader(StringIO((office.folder / "report.csv").read_text())))
    assert told == [
        ["row", "column", "value", "why"],
        ["2", "Form", "'=1+1", "is not among the values of the map"],
        ["2", "Sent", "soon", "is no date such as %d/%m/%Y or %Y-%m"],
        ["3", "", "1", "has 3 cells, where row 1 has 10"],
    ]


def test_a_byte_order_mark_and_empty_lines_are_no_part_of_a_register(office: Office):
    office.put("register.csv", b"\xef\xbb\xbf" + csv_of(GOOD) + b"\r\n\r\n")
    office.done("import {register.csv} --map {map.toml}")
    assert len(taken(office)) == 1


def test_letters_in_another_encoding_are_told_where_they_stand(office: Office):
    office.put("register.csv", csv_of(GOOD, row(Organisation="Université")).decode().encode("latin-1"))
    outcome = office("import {register.csv} --map {map.toml}")
    assert (outcome.code, "row 3, column 'Organisation'" in outcome.err) == (1, True)
    office.put("map.toml", f'encoding = "latin-1"\n{MAP}'.encode())
    office.done("import {register.csv} --map {map.toml}")
    assert {office.opened(one.name) for one in taken(office, OrganisationRegistered)} == {
        "Lakeside College",
        "Université",
    }


NO_REGISTER = {
    "empty": (b"", "not even a row"),
    "no such column": (
        csv_of(GOOD).replace(b'"Form"', b'"Shape"').replace(b'"How"', b'"By"'),
        "no column 'Form', 'How'",
    ),
    "a column twice": (csv_of(GOOD).replace(b'"Form"', b'"Form","Form"', 1), "more than one column 'Form'"),
    "a quote that does not close": (csv_of(GOOD, row(No="2"))[:-3] + b"\r\n" + csv_of(GOOD), "row"),
    "text after a quote": (csv_of(GOOD) + b'"a"b,c\r\n', "from row 3 on, which begins in line 3"),
    "another encoding": (csv_of(GOOD).decode().encode("utf-16"), "UTF-16"),
}


@pytest.mark.parametrize("name", NO_REGISTER)
def test_what_is_no_register_is_refused_whole_before_anything_is_recorded(office: Office, name: str):
    content, why = NO_REGISTER[name]
    office.put("register.csv", content)
    with office.nothing_happens():
        outcome = office("import {register.csv} --map {map.toml} --report {report.csv}")
    assert (outcome.code, why in outcome.err) == (2, True), outcome.err
    assert not (office.folder / "report.csv").exists()


def test_a_report_that_is_there_already_is_not_written_over(office: Office):
    office.put("report.csv", b"mine")
    with office.nothing_happens():
        assert take_in(office, GOOD, more="--report {report.csv}").code == 1
    assert (office.folder / "report.csv").read_bytes() == b"mine"


NO_MAP = {
    "no TOML": ("register", "="),
    "an unknown part": ("[form]", "[shape]"),
    "no id": ('register = "releases-2020"', ""),
    "form without values": ('values = { "Y"', 'other = { "Y"'),
    "a form that is none": ('"identified"', '"named"'),
    "a way that is none": ('"system access"', '"by post"'),
    "a basis beyond ASCII": ('"34 CFR 99.30"', '"§ 99.30"'),
    "a pattern that is none": ("(?P<reference>", "(?P<reference"),
    "a pattern without reference": ("?P<reference>", "?P<number>"),
    "a date without a month": ('"%Y-%m"', '"%Y"'),
    "no date at all": ('column = "Sent"\nformats = ["%d/%m/%Y", "%Y-%m"]\nnot_later_than = 2020-12-31', ""),
    "an unknown encoding": ('register = "releases-2020"', 'register = "releases-2020"\nencoding = "utf-9"'),
    "an encoding of no text": ('register = "releases-2020"', 'register = "releases-2020"\nencoding = "base64"'),
    "a delimiter that is none": ('register = "releases-2020"', 'register = "releases-2020"\ndelimiter = "\\n"'),
    "an organisation that is nobody": ('column = "Organisation"', 'fixed = ""'),
    "neither column nor fixed": ('column = "Organisation"', ""),
}


@pytest.mark.parametrize("name", NO_MAP)
def test_what_is_no_map_is_refused(tmp_path: Path, name: str):
    old, new = NO_MAP[name]
    assert old in MAP
    file = tmp_path / "map.toml"
    file.write_text(MAP.replace(old, new, 1))
    with pytest.raises(Malformed) as refusal:
        read_map(str(file))
    assert (refusal.value.what, refusal.value.value) == ("map", str(file))


def test_a_map_that_is_not_there_is_told_with_those_that_are_shipped():
    with pytest.raises(Malformed, match=r"none of the maps that are shipped: nhs-digital-2021-02$"):
        read_map("nhs-digital-2020")


@pytest.fixture(scope="module")
def map_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("map") / "map.toml"
    file.write_text(MAP)
    return file


CELLS = st.sampled_from(["", "Y", "N", "file", "consent", "31/03/2019", "2019-03", "a@b", '"', "x,y\n", "\ud800"])


@many
@given(rows=st.lists(st.lists(CELLS | st.text(max_size=8), min_size=9, max_size=11), max_size=6))
def test_any_row_is_taken_or_told_with_what_is_wrong(map_file: Path, rows: list[list[str]]):
    text = StringIO()
    csv.writer(text).writerows([HEADING, *rows])
    file = map_file.with_name("any.csv")
    file.write_bytes(text.getvalue().encode("utf-8", "surrogatepass"))

    read = list(Register(file, read_map(str(map_file)).map, TODAY).rows(Bytes()))

    assert len(read) == sum(any(cells) for cells in rows)
    for one in read:
        assert isinstance(one, Row) or (one and all(problem.why for problem in one))


@many
@given(content=st.binary(max_size=200), at=st.integers(0, 300))
def test_any_bytes_are_a_register_or_are_refused_by_name(map_file: Path, content: bytes, at: int):
    good = csv_of(GOOD, GOOD)
    file = map_file.with_name("bytes.csv")
    file.write_bytes(good[:at] + content + good[at:])
    with suppress(Malformed):
        list(Register(file, read_map(str(map_file)).map, TODAY).rows(Bytes()))


# Cut off, and together.


def test_whom_and_what_it_remembers_no_more_it_knows_again(office: Office, monkeypatch: pytest.MonkeyPatch):
    named = [("Hill School", "Ada Lune", "ada@x.org"), ("Lakeside College", "Bo Brandt", ""), ("Dale", "", "")]
    rows = [
        row(No=f"{turn}{place}", Organisation=whom, Contact=name, E_mail=address)
        for turn in range(4)
        for place, (whom, name, address) in enumerate(named)
    ]
    monkeypatch.setattr("api.importing.taking.BATCH", 2)
    monkeypatch.setattr("api.importing.naming.REMEMBERED", 1)

    assert take_in(office, *rows).code == 0

    names = {one.organisation: office.opened(one.name) for one in taken(office, OrganisationRegistered)}
    people = {one.person: office.opened(one.name) for one in taken(office, PersonRegistered)}
    assert (sorted(names.values()), sorted(people.values())) == (
        ["Dale", "Hill School", "Lakeside College"],
        ["Ada Lune", "Bo Brandt"],
    )
    assert [(names[one.organisation], people.get(one.person, "")) for one in taken(office)] == [
        (whom, name) for whom, name, _ in named * 4
    ]


def test_what_was_seen_is_known_again_beyond_what_memory_has_room_for():
    marks = [sha256(str(number).encode()).digest() for number in range(100_000)]
    with closing(Seen()) as seen:
        seen.see_all(marks)
        assert [len(seen), *(mark in seen for mark in (marks[0], marks[-1], b"new"))] == [len(marks), True, True, False]
        assert [seen.see(marks[7]), seen.see(marks[7]), seen.see(b"new"), seen.see(b"new")] == [2, 3, 1, 2]


MANY = 5000


@pytest.fixture
def large(office: Office) -> Office:
    rows = (row(No=str(number), Organisation=f"Organisation {number % 300}", E_mail="") for number in range(MANY))
    office.put("register.csv", csv_of(*rows))
    return office


# The program, with a clock that stands still, and kills it once the log of a home has come beyond 700 entries.
DYING = """
import os, signal, sys
from pathlib import Path
from api.cli import main
from ledger.home import open_log
from tests.facts import noon
log = open_log(Path(sys.argv.pop(1)))
def clock():
    if log.length() > 700:
        os.kill(os.getpid(), signal.SIGKILL)
    return noon()
main(sys.argv[1:], prog_name="dua-ledger", obj=clock)
"""


def importing(office: Office, *within: str, program: Sequence[str] = STOPPED_PROGRAM) -> Popen[bytes]:
    """An import in a process of its own, within what limits it, if anything does."""
    names = [office.folder / "register.csv", "--map", office.folder / "map.toml", "--home", office.home]
    # The standing clock is the office's, too.
    command = [*within, *program, "import", *map(str, names), "--actor", "staff:1"]
    return Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=PROJECT)


def what_stands(office: Office) -> Iterator[Any]:
    return (without_chance(fact) for fact in office.facts())


def without_chance(fact: Recorded) -> Any:
    """What is the same however often it is taken in: all but commitments and the way in which a register was read."""
    event = fact.event
    return (type(event), event.tags() if isinstance(event, OrganisationRegistered | PersonRegistered) else event)


def test_an_import_that_is_killed_goes_on_when_it_is_called_again_and_comes_to_the_same(
    large: Office, tmp_path: Path, kept_at
):
    whole = large.copied(tmp_path / "whole")
    large.moved_to(kept_at)
    whole.done("import {register.csv} --map {map.toml}")

    with importing(large, program=[sys.executable, "-c", DYING, str(large.home)]) as killed:
        assert killed.wait(PATIENCE) == -signal.SIGKILL
    with closing(open_log(large.home)) as log:
        assert 700 < log.length() < MANY
    large.done("import {register.csv} --map {map.toml}")

    assert key_sorted(what_stands(large)) == key_sorted(what_stands(whole))
    assert large("verify --processes 1").code == 0


@pytest.mark.campaign
def test_a_register_of_any_length_is_taken_in_within_bounded_memory(office: Office):
    rows = 1_000_000 if CAMPAIGN else 3_000
    with (office.folder / "register.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADING)
        writer.writerows(row(No=str(number), E_mail="", Contact="") for number in range(rows))

    one = importing(office, "sh", "-c", 'ulimit -v 409600 && exec "$@"', "sh")
    _, told = one.communicate()

    assert (one.returncode, told) == (0, b"")
    with closing(open_log(office.home)) as log:
        # One entry opens the log, one gives a role; organisation, type of data and the closing entry are one each.
        assert log.length() == rows + 5


def test_two_who_take_in_the_same_register_at_once_take_in_each_row_once(large: Office, kept_at):
    large.moved_to(kept_at)
    both = [importing(large), importing(large)]
    codes = []
    for one in both:
        _, told = one.communicate(timeout=PATIENCE)
        codes.append((one.returncode, told))

    assert [code for code, _ in codes if code not in (0, 4)] == [], codes
    large.done("import {register.csv} --map {map.toml}")
    rows = [one.row for one in taken(large)]
    assert (len(rows), len(set(rows))) == (MANY, MANY)
    names = [one.organisation for one in taken(large, OrganisationRegistered)]
    assert len(names) == len(set(names)) == 300


def key_sorted(found: Iterator[Any]) -> list[str]:
    return sorted(map(repr, found))
