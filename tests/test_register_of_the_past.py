"""A real institution's register, taken in whole, and held against what a spreadsheet says of the same file.

What is expected is found with `csv` and plain Python alone.
"""

import csv
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ledger.home import VIEWS, create_home, open_home
from projections.upkeep import Upkeep
from projections.views.past import past_agreements, past_holders, past_holdings_of_organisation
from tests.command_line import Office, dua_ledger
from tests.facts import Clock
from tests.past_facts import nhs_register

REGISTER = nhs_register()
pytestmark = pytest.mark.skipif(REGISTER is None, reason="../shared/data with the register is not here")
FORM = "Data provided to customer: Identifiable, Anonymised - ICO code compliant, Aggregated -anonymised"
FORMS = {"Identifiable": "identified", "Anonymised - ICO code compliant": "de-identified"}
LINE = f"import '{REGISTER}' --map nhs-digital-2021-02"

Sheet = list[dict[str, str]]
# Organisation, type of data, form, and number of the agreement.
Held = tuple[str, str, str, str]


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    assert REGISTER is not None
    with REGISTER.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    made = Office(tmp_path_factory.mktemp("nhs"), Clock())
    create_home(made.home, "log.example.com", actor="staff:1", via="command line", clock=made.clock)
    made.grant_first_role()
    made.done(LINE)
    return made


class Told:
    """What the ledger says, with the names that custody has."""

    def __init__(self, office: Office) -> None:
        with open_home(office.home, office.clock) as home:
            facts = list(home.ledger.facts())
            events: list[Any] = [fact.event for fact in facts]
            self.organisations = {
                one.organisation: home.custody.unseal(one.name)
                for one in events
                if one.wire_name == "organisation.registered"
            }
            self.titles = {one.dataset: one.title for one in events if one.wire_name == "past-dataset.recorded"}
            upkeep = Upkeep(home.path / VIEWS, home.ledger)
            self.by_dataset = {
                title: upkeep.ask(partial(past_holders, dataset=id_)).rows for id_, title in self.titles.items()
            }
            self.by_organisation = {
                name: upkeep.ask(partial(past_holdings_of_organisation, organisation=id_)).rows
                for id_, name in self.organisations.items()
            }
            self.agreements = {
                form: upkeep.ask(partial(past_agreements, form=form, dataset=None)).rows
                for form in (None, *FORMS.values())
            }

    def held(self, holdings: Any) -> Counter[Held]:
        found: Counter[Held] = Counter()
        for one in holdings:
            number = one.agreement + (f"-v{one.agreement_version}" if one.agreement_version else "")
            found[self.organisations[one.organisation], self.titles[one.dataset], one.form, number] += one.releases
        return found


@pytest.fixture(scope="module")
def told(office: Office) -> Told:
    return Told(office)


def held_in(rows: Sheet) -> Counter[Held]:
    """What the sheet says was handed over; who has access to a system was handed nothing."""
    return Counter(
        (one["Organisation Name"], one["Type of Data Provided"], FORMS[one[FORM]], one["NIC Number"].strip())
        for one in rows
        if one["Frequency"] != "System Access"
    )


def test_the_sheet_is_the_one_that_these_tests_are_about(sheet: Sheet):
    columns = ("Organisation Name", "Type of Data Provided", "NIC Number")
    assert (len(sheet), *(len({one[column] for one in sheet}) for column in columns)) == (5079, 340, 79, 585)


def test_every_organisation_and_every_type_of_data_is_known(sheet: Sheet, told: Told):
    assert sorted(told.organisations.values()) == sorted({one["Organisation Name"] for one in sheet})
    assert sorted(told.titles.values()) == sorted({one["Type of Data Provided"] for one in sheet})


def test_who_holds_each_type_of_data_is_what_the_sheet_says(sheet: Sheet, told: Told):
    for title, holdings in told.by_dataset.items():
        assert told.held(holdings) == held_in([one for one in sheet if one["Type of Data Provided"] == title]), title


def test_what_each_organisation_holds_is_what_the_sheet_says(sheet: Sheet, told: Told):
    for name, holdings in told.by_organisation.items():
        assert told.held(holdings) == held_in([one for one in sheet if one["Organisation Name"] == name]), name


@pytest.mark.parametrize("form", [None, "identified", "de-identified"])
def test_which_agreements_cover_data_in_a_form_is_what_the_sheet_says(sheet: Sheet, told: Told, form: str | None):
    rows = [one for one in sheet if form in (None, FORMS[one[FORM]])]
    expected: dict[str, tuple[set[str], set[str], int]] = {}
    for one in rows:
        whom, what, many = expected.get(one["NIC Number"].strip(), (set(), set(), 0))
        expected[one["NIC Number"].strip()] = (
            whom | {one["Organisation Name"]},
            what | {one["Type of Data Provided"]},
            many + 1,
        )

    found = {
        one.agreement + (f"-v{one.version}" if one.version else ""): (
            {told.organisations[id_] for id_ in one.organisations},
            {told.titles[id_] for id_ in one.datasets},
            one.releases,
        )
        for one in told.agreements[form]
    }
    assert found == expected


def test_no_date_is_made_up(told: Told):
    days = {(str(one.since), one.dated) for holdings in told.by_dataset.values() for one in holdings}
    assert days == {("2021-02-28", "not-later-than")}


def test_every_identifiable_release_is_in_the_record_of_disclosures_with_its_basis(sheet: Sheet, office: Office):
    rows = json.loads(office("disclosures --from 2021-01-01 --to 2021-12-31 --json").out)["rows"]
    identifiable = [one for one in sheet if one[FORM] == "Identifiable"]

    assert Counter(one["what"] for one in rows) == Counter(
        {"One-Off": "past transfer", "Ongoing": "past repeated transfer", "System Access": "past system access"}[
            one["Frequency"]
        ]
        for one in identifiable
    )
    assert all(len(one["basis"]) == 1 for one in rows)
    assert len({one["basis"][0] for one in rows}) == len(
        {one["Legal Basis for Provision of Data (Dissemination)"] for one in identifiable}
    )


def test_taking_it_in_twice_changes_nothing_and_everything_verifies(office: Office):
    with office.nothing_happens():
        assert office(LINE).code == 0
    assert office("verify --processes 1").code == 0


def test_a_type_of_data_and_an_organisation_are_asked_about_by_name(office: Office):
    holders = office("holders 'Civil Registration - Births' --json")
    assert {one["how"] for one in json.loads(holders.out)["rows"]} == {"imported"}
    assert office("holdings --organisation Monitor --json").code == 0
    ambiguous = office("holdings --organisation monitor")
    assert (ambiguous.code, "is the name of several" in ambiguous.err) == (2, True)


def test_before_its_date_nobody_knew_that_anybody_held_anything(office: Office):
    question = "holders 'Civil Registration - Births' --as-of"
    assert office(f"{question} 2021-02-27").lines[0].startswith("Nobody holds")
    assert len(office(f"{question} 2021-02-28").lines) > 3


def test_a_sample_of_the_past_is_the_same_for_the_same_seed_and_its_bundles_verify(office: Office, tmp_path: Path):
    first = office(f"sample --seed 25 3 --imported --json --to {tmp_path / 'drawn'}")
    again, other = office("sample --seed 25 3 --imported --json"), office("sample --seed 26 3 --imported --json")
    drawn = [[one["position"] for one in json.loads(outcome.out)["rows"]] for outcome in (first, again, other)]

    assert (len(drawn[0]), drawn[0] == drawn[1], drawn[0] == drawn[2]) == (3, True, False)
    for position in drawn[0]:
        checked = dua_ledger("verify", tmp_path / "drawn" / f"{position}.zip")
        assert checked.code == 0
