"""The command line when somebody who holds data moves to another institution."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.command_line import INES, TOM, Office, Stages
from tests.facts import Clock
from tests.office import first_moment_of

DATA = "D-6.002x-pc"
MOVED = f"move {TOM} --to 'Lakeside College' --on 2026-12-01"
FOUND_OUT = f"affiliation R-2026-0001 {TOM} outside --organisation 'Lakeside College'"
AMEND = f"amend A-2026-0001-1 --template MOU-2 --template-approved-by {INES} --text {{mou-2.txt}}"


@pytest.fixture
def office(stages: Stages, tmp_path: Path) -> Office:
    """An office whose data were received, and one of whose recipients has moved since."""
    office = stages.at("released").copied(tmp_path)
    office.put("mou-2.txt", b"Memorandum on learner data, amended.\n")
    office.done("received L-2026-0001-1")
    office.clock = Clock(first_moment_of(date(2026, 12, 2)) + timedelta(hours=12))
    office.done(MOVED)
    return office


def right_of_tom(office: Office) -> tuple[str, bool]:
    rows = json.loads(office.done(f"holdings {TOM} --json").out)["rows"]
    return rows[0]["right"], rows[0]["in_force"]


def waits(office: Office) -> str:
    return office.done("inbox").out


def test_whoever_moved_has_no_right_since_and_every_answer_says_so(office: Office):
    assert office(f"may {TOM} read {DATA}").code == 3
    assert right_of_tom(office) == ("ended 2026-11-30", False)
    assert "Tom Abara" in office.done("holdings --without-right").out
    assert "Rosa Quill" not in office.done("holdings --without-right").out
    assert "Tom Abara" in office.done(f"holders {DATA} --without-right").out
    assert "destruction due" in office.done("deadlines").out
    assert f"Tom Abara holds version 1 of {DATA} without a right to it since 2026-12-01" in office.done("tick").out


def test_the_office_is_told_to_find_out_for_whom_they_act_until_it_has_and_agreements_name_them(office: Office):
    assert "find out for whom they act now" in waits(office)
    office.done(FOUND_OUT)
    assert "find out for whom they act now" not in waits(office)
    assert "issue an agreement that names them for whom they act now" in waits(office)
    office.done(f"{AMEND} --addendum --kind DUA --add {TOM}")
    assert "for whom they act now" not in waits(office)


def test_whoever_did_not_move_after_all_has_the_right_that_they_had(office: Office):
    office.done(f"affiliation R-2026-0001 {TOM} home")
    assert office(f"may {TOM} read {DATA}").code == 0
    assert right_of_tom(office)[1] is True
    assert "for whom they act now" not in waits(office)
