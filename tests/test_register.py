"""The office knows people by address and organisations by name, and looks at nobody else to find them."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from api.cli import main
from api.packets import Register
from api.register import register_of
from ledger.errors import Malformed, Tampered
from ledger.events import OrganisationRegistered, PersonDetailsChanged, PersonRegistered
from ledger.home import Home, create_home, erase_person, open_home
from tests.facts import ANA, BEN, fact, noon
from tests.letters import EXAMPLES
from tests.packet_facts import MIT, Folder
from tests.tampering import Operator

ADDRESS = "ana@example.edu"


class Office(NamedTuple):
    """An open home, and what is told there."""

    home: Home

    @property
    def register(self) -> Register:
        return register_of(self.home.ledger, self.home.custody)

    def seal(self, who: str, wire_name: str, details: dict[str, str]) -> dict[str, str]:
        return self.home.custody.seal(who, wire_name, details)

    def registers(self, who: str, **details: str) -> None:
        sealed = self.seal(f"person:{who}", "person.registered", details)
        self.home.ledger.append([fact(PersonRegistered(person=who, **sealed))])

    def changes(self, who: str, **details: str) -> None:
        sealed = self.seal(f"person:{who}", "person.details-changed", details)
        self.home.ledger.append([fact(PersonDetailsChanged(person=who, **sealed))])

    def registers_organisation(self, id_: str, name: str) -> None:
        sealed = self.seal(f"organisation:{id_}", "organisation.registered", {"name": name})
        self.home.ledger.append([fact(OrganisationRegistered(organisation=id_, **sealed))])

    def erases(self, who: str, *details) -> None:
        erase_person(self.home, who, details, last_copy_lapses=date(2026, 12, 21), actor="staff:1", via="test")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create_home(tmp_path / "home", "ir.example.edu/dua-ledger", actor="staff:1", via="test", clock=noon)
    return tmp_path / "home"


@pytest.fixture
def office(path: Path) -> Iterator[Office]:
    with open_home(path, noon) as home:
        yield Office(home)


def test_a_person_is_known_by_their_address_with_the_details_told_last(office: Office):
    office.registers(ANA, name="Ana Ejemplo", email="Ana@Example.edu", phone="1")
    office.registers(BEN, name="Ben Beispiel", email="ben@example.edu")
    office.changes(ANA, phone="2")

    assert office.register.person(ADDRESS) == ANA
    assert office.register.details(ANA) == {"name": "Ana Ejemplo", "email": "Ana@Example.edu", "phone": "2"}


def test_nobody_is_known_by_an_address_that_nobody_has(office: Office):
    office.registers(ANA, name=ADDRESS)

    assert (office.register.person(ADDRESS), office.register.details(BEN)) == (None, {})


def test_a_person_is_still_known_by_a_former_address(office: Office):
    office.registers(ANA, email=ADDRESS)
    office.changes(ANA, email="ana@elsewhere.example")

    assert [office.register.person(one) for one in (ADDRESS, "ana@elsewhere.example")] == [ANA, ANA]


def test_an_address_that_was_passed_on_is_its_present_holders(office: Office):
    office.registers(ANA, email=ADDRESS)
    office.changes(ANA, email="ana@elsewhere.example")
    office.registers(BEN, email=ADDRESS)

    assert office.register.person(ADDRESS) == BEN


@pytest.mark.parametrize("moved_on", [False, True], ids=["who have it", "who had it"])
def test_of_several_people_with_one_address_only_the_office_can_say_who_is_meant(office: Office, moved_on: bool):
    for who in (ANA, BEN):
        office.registers(who, email=ADDRESS)
        if moved_on:
            office.changes(who, email=f"{who}@elsewhere.example")

    with pytest.raises(Malformed) as refusal:
        office.register.person(ADDRESS)
    assert (refusal.value.what, refusal.value.value) == ("address", ADDRESS)
    assert set(re.findall("p-[ab]{32}", refusal.value.why)) == {ANA, BEN}

    office.erases(BEN, "email")
    assert office.register.person(ADDRESS) == ANA


@pytest.mark.parametrize("details", [(), ("email",)], ids=["everything", "only the address"])
def test_whose_address_was_erased_is_known_by_it_no_more(office: Office, details):
    office.registers(ANA, name="Ana Ejemplo", email=ADDRESS)
    office.erases(ANA, *details)

    assert office.register.person(ADDRESS) is None
    assert office.register.details(ANA) == ({"name": "Ana Ejemplo"} if details else {})


def test_what_came_to_nothing_makes_nobody_known(office: Office):
    """Texts are sealed before the entry that names them, and that entry may never come."""
    office.seal(f"person:{BEN}", "person.registered", {"email": ADDRESS})
    office.registers(ANA, email="ana@elsewhere.example")
    office.seal(f"person:{ANA}", "person.details-changed", {"email": ADDRESS})
    office.seal("organisation:O-1", "organisation.registered", {"name": "Lakeside College"})

    assert office.register.person(ADDRESS) is None
    assert office.register.organisation("Lakeside College") is None


def test_an_organisation_is_known_by_its_name_and_the_first_if_there_are_two(office: Office):
    for id_ in ("O-9", "O-1"):
        office.registers_organisation(id_, "Lakeside College")
    office.registers_organisation("O-2", "Hillside College")

    assert [office.register.organisation(one) for one in ("lakeside college", "Hillside  College", "College")] == [
        "O-9",
        "O-2",
        None,
    ]


def test_nobody_but_those_who_are_asked_for_is_looked_at(office: Office, path: Path):
    """What is kept of all others cannot be opened here, and nobody notices."""
    office.registers(ANA, name="Ana Ejemplo", email=ADDRESS)
    for number in range(50):
        office.registers(f"p-{number:032x}", name="X", email=f"x{number}@example.edu")
        office.registers_organisation(f"O-{number}", f"College {number}")
    Operator(path).run("custody.db", "UPDATE sealed SET box = x'00' WHERE subject != ?", f"person:{ANA}")

    assert (office.register.person(ADDRESS), len(office.register.details(ANA))) == (ANA, 2)
    with pytest.raises(Tampered):
        office.register.person("x7@example.edu")


def test_a_packet_that_comes_twice_registers_nobody_twice(path: Path, tmp_path: Path):
    packet = Folder(tmp_path / "packet")
    for data_set in ("D-6.002x-pc", "D-6.002x-forum"):
        assert run(path, "register-dataset", data_set, "--course-run", "MITx/x/1", "--kind", "other").exit_code == 0
    assert run(path, "submit", str(EXAMPLES / MIT)).exit_code == 0
    packet.put("people[1].email", "ROSA.Quill@example.EDU")
    packet.put("researcher.person", "ROSA.Quill@example.EDU")
    packet.put("people[1].phone", "+1 617 253 9999")

    again = run(path, "submit", str(packet.path))

    assert again.exit_code == 0, again.output
    with open_home(path) as home:
        told = [
            one.event for one in home.ledger.facts() if isinstance(one.event, PersonRegistered | PersonDetailsChanged)
        ]
        assert [type(event) for event in told[-2:]] == [PersonRegistered, PersonDetailsChanged]
        assert list(told[-1].sealed()) == ["phone"]


def run(path: Path, command: str, *arguments: str):
    return CliRunner().invoke(main, [command, "--home", str(path), *arguments], catch_exceptions=False)
