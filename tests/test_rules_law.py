"""Rules of the law (C1.7, S1): every disclosure has a basis."""

from typing import get_args

import pytest

from ledger.events.review import LegalBasis
from tests.facts import ANA, BEN, DATA_SET, commitment, data_set
from tests.office import given, refused
from tests.office_acts import approve, approved
from tests.office_facts import ELSEWHERE, affiliation, basis, couhes, law, request, returned, wanted
from tests.office_requests import complete


def test_before_the_law_was_determined_nothing_is_approved():
    given(complete(law=None)).when(approve()).then(
        refused("law-determined", "legal determination", shown_by=[request()])
    )


def test_a_disclosure_that_was_found_inconsistent_with_the_law_is_held():
    found = law(consistent=False)
    given(complete(law=found)).when(approve()).then(
        refused("law-determined", "consistency with the law", shown_by=[found])
    )


def test_the_last_determination_of_the_law_counts():
    given(complete(), law(consistent=False)).when(approve()).then(refused("law-determined", "consistency with the law"))
    given(complete(law=law(consistent=False)), law()).when(approve()).then(approved())


def test_a_legal_determination_made_before_the_request_came_in_again_is_about_another_text():
    again = request(funded=True, funding=commitment(9))
    given(complete(), returned(), again).when(approve()).then(
        refused("law-determined", "legal determination", shown_by=[law(), again])
    )


def test_a_legal_determination_made_while_the_request_was_with_the_researcher_is_about_another_text():
    given(complete(law=None), returned(), law(), request(funded=True, funding=commitment(9))).when(approve()).then(
        refused("law-determined", "legal determination")
    )


@pytest.mark.parametrize("missing", ["home", "outside"])
def test_a_class_of_recipients_without_a_basis_holds_the_approval(missing):
    one_only = law(basis("home" if missing == "outside" else "outside"))
    given(complete(law=one_only)).when(approve()).then(
        refused("law-determined", f"legal basis for {missing} recipients", about=[DATA_SET], shown_by=[one_only])
    )


def test_a_class_to_which_nobody_belongs_needs_no_basis():
    given(complete(request=request(study_group=(ANA,)), law=law(basis("home")))).when(approve()).then(approved())
    given(complete(request=request(study_group=(BEN,)), law=law(basis("outside")))).when(approve()).then(approved())


@pytest.mark.parametrize("bens", [affiliation(BEN, "in doubt", ELSEWHERE), None], ids=["in doubt", "not determined"])
def test_for_somebody_whose_affiliation_is_not_clear_both_classes_need_a_basis(bens):
    boards = {"ben_affiliation": bens, "couhes": couhes(covers=(BEN,)), "request": request(study_group=(BEN,))}
    given(complete(**boards)).when(approve()).then(approved())
    for one in ("home", "outside"):
        given(complete(**boards, law=law(basis(one)))).when(approve()).then(refused("law-determined", about=[DATA_SET]))


def test_a_basis_for_another_form_of_the_data_set_is_none():
    identified = complete(
        law=law(*(basis(who, form="de-identified", basis="34 CFR 99.31(b)") for who in ("home", "outside")))
    )
    given(identified).when(approve()).then(refused("law-determined", about=[DATA_SET, DATA_SET]))


def test_a_basis_for_another_data_set_is_none():
    both = request(datasets=(wanted(), wanted(dataset="D-other")))
    given(complete(request=both), data_set("D-other")).when(approve()).then(
        refused("law-determined", about=["D-other", "D-other"])
    )


@pytest.mark.parametrize("form", ["identified", "de-identified"])
@pytest.mark.parametrize("ground", get_args(LegalBasis))
def test_each_basis_carries_each_form_but_that_for_de_identified_data_no_identified_ones(form, ground):
    bases = [basis(who, form=form, basis=ground) for who in ("home", "outside")]
    facts = complete(request=request(datasets=(wanted(form),)), law=law(*bases))
    expected = (
        refused("law-determined", about=[DATA_SET, DATA_SET])
        if (form, ground) == ("identified", "34 CFR 99.31(b)")
        else approved()
    )
    given(facts).when(approve()).then(expected)
