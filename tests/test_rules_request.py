"""Rules of a request (C1 to C1.3 and C1.7): what it says and holds, just inside and just outside each edge."""

import pytest

from ledger.events import PersonDetailsChanged, PersonErased
from tests.facts import ANA, BEN, DATA_SET, EVA, commitment, person
from tests.office import given, refused
from tests.office_acts import approve, approved, decline, declined
from tests.office_facts import (
    HEAD,
    STRANGER,
    TODAY,
    WITH_ALL_DETAILS,
    affiliation,
    basis,
    couhes,
    head_approval,
    law,
    request,
    suspended,
    wanted,
)
from tests.office_requests import complete


def test_a_complete_request_is_approved():
    given(complete()).when(approve()).then(approved())


def test_a_complete_request_is_approved_with_its_conditions():
    given(complete()).when(approve(conditions=commitment(7))).then(approved(conditions=commitment(7)))


def test_a_complete_request_may_be_declined_all_the_same():
    given(complete()).when(decline()).then(declined())


def test_an_incomplete_request_may_be_declined():
    given(complete(request=request(datasets=()), couhes=None, law=None)).when(decline()).then(declined())


def test_all_objections_are_told_and_not_the_first():
    bare = request(
        funded=None, peer_reviewed=None, head_approval=None, datasets=(), personnel=(), purposes=(), description=None
    )
    facts = complete(ana=person(ANA), request=bare, couhes=None, irb=None, reliance=None, law=None)
    given(facts, suspended(BEN)).when(approve()).then(
        refused("researcher-known", "institution", "department", "address", "e-mail or phone", about=4 * [ANA]),
        refused("funding-and-review", about=[None, None, ANA]),
        refused("data-and-group", about=[None, ANA, BEN]),
        refused("couhes", about=[ANA]),
        refused("irb-and-couhes", about=[BEN, BEN]),
        refused("purpose-described", "description of the research", "purpose", about=[None, None]),
        refused("law-determined", "legal determination"),
        refused("nobody-suspended", about=[BEN]),
    )


def test_an_objection_is_told_once_for_somebody_or_something_named_twice():
    twice = request(study_group=(ANA, BEN, ANA), datasets=(wanted(), wanted()))
    given(complete(request=twice, couhes=None, law=law(basis("home")))).when(approve()).then(
        refused("couhes", about=[ANA]), refused("law-determined", about=[DATA_SET])
    )


# C1.1: the researcher.


@pytest.mark.parametrize("detail", ["institution", "department", "address"])
def test_a_detail_of_the_researcher_that_is_not_known_holds_the_approval(detail):
    ana = person(ANA, **(WITH_ALL_DETAILS | {detail: None}))
    given(complete(ana=ana)).when(approve()).then(
        refused("researcher-known", detail, about=[ANA], shown_by=[ana, request()])
    )


@pytest.mark.parametrize("way", ["email", "phone"])
def test_one_way_to_reach_the_researcher_is_enough(way):
    ana = person(ANA, **(WITH_ALL_DETAILS | {"email": None, "phone": None, way: commitment()}))
    given(complete(ana=ana)).when(approve()).then(approved())


def test_no_way_to_reach_the_researcher_holds_the_approval():
    given(complete(ana=person(ANA, **(WITH_ALL_DETAILS | {"email": None})))).when(approve()).then(
        refused("researcher-known", "e-mail or phone", about=[ANA])
    )


def test_a_detail_that_became_known_later_counts():
    late = PersonDetailsChanged(person=ANA, address=commitment(), phone=commitment())
    given(complete(ana=person(ANA, institution=commitment(), department=commitment())), late).when(approve()).then(
        approved()
    )


def test_a_detail_that_stays_as_it_was_stays_known():
    given(complete(), PersonDetailsChanged(person=ANA, name=commitment(2))).when(approve()).then(approved())


def test_a_detail_that_was_erased_is_not_known():
    given(complete(), PersonErased(person=ANA, details=("address",), last_copy_lapses=TODAY)).when(approve()).then(
        refused("researcher-known", "address", about=[ANA])
    )


def test_of_a_researcher_who_was_erased_nothing_is_known():
    given(complete(), PersonErased(person=ANA, details=(), last_copy_lapses=TODAY)).when(approve()).then(
        refused("researcher-known", "name", "institution", "department", "address", "e-mail or phone", about=5 * [ANA])
    )


def test_a_detail_that_was_erased_and_became_known_again_counts():
    erased = PersonErased(person=ANA, details=("address",), last_copy_lapses=TODAY)
    given(complete(), erased, PersonDetailsChanged(person=ANA, address=commitment())).when(approve()).then(approved())


def test_the_details_of_others_in_the_group_are_not_asked_for():
    given(complete(ben=person(BEN))).when(approve()).then(approved())


# Policy: a student's sponsor.


def test_a_student_with_a_sponsor_is_approved():
    given(complete(request=request(researcher_is_student=True, sponsor=HEAD))).when(approve()).then(approved())


@pytest.mark.parametrize("sponsor", [None, ANA], ids=["nobody", "themself"])
def test_a_student_whom_nobody_else_sponsors_holds_the_approval(sponsor):
    student = request(researcher_is_student=True, sponsor=sponsor)
    given(complete(request=student)).when(approve()).then(
        refused("student-sponsor", "faculty sponsor", about=[ANA], shown_by=[student])
    )


def test_who_is_no_student_needs_no_sponsor():
    given(complete(request=request(researcher_is_student=False, sponsor=None))).when(approve()).then(approved())


# C1.2: funding, peer review, and the department's approval.


@pytest.mark.parametrize(
    ("funded", "funding"), [(False, None), (True, commitment())], ids=["none, said so", "a source"]
)
def test_funding_is_stated_by_a_source_or_an_explicit_none(funded, funding):
    given(complete(request=request(funded=funded, funding=funding))).when(approve()).then(approved())


@pytest.mark.parametrize("funded", [None, True], ids=["not said", "yes, but not by whom"])
def test_funding_that_is_not_stated_holds_the_approval(funded):
    unstated = request(funded=funded, funding=None)
    given(complete(request=unstated)).when(approve()).then(
        refused("funding-and-review", "source of funding", shown_by=[unstated])
    )


@pytest.mark.parametrize(
    ("reviewed", "reviewers"), [(False, None), (True, commitment())], ids=["no, said so", "yes, and by whom"]
)
def test_peer_review_is_stated_by_whom_it_was_or_an_explicit_no(reviewed, reviewers):
    given(complete(request=request(peer_reviewed=reviewed, reviewers=reviewers))).when(approve()).then(approved())


@pytest.mark.parametrize("reviewed", [None, True], ids=["not said", "yes, but not by whom"])
def test_peer_review_that_is_not_stated_holds_the_approval(reviewed):
    unstated = request(peer_reviewed=reviewed, reviewers=None)
    given(complete(request=unstated)).when(approve()).then(
        refused("funding-and-review", "peer review, and by whom", shown_by=[unstated])
    )


def test_without_the_departments_approval_a_request_is_not_approved():
    given(complete(request=request(head_approval=None))).when(approve()).then(
        refused("funding-and-review", "approval by the department head or equivalent", about=[ANA])
    )


def test_nobody_approves_their_own_request():
    given(complete(request=request(head_approval=head_approval(ANA)))).when(approve()).then(
        refused("funding-and-review", "approval by somebody else than the researcher", about=[ANA])
    )


@pytest.mark.parametrize("capacity", ["department head", "equivalent", "dean", "next above"])
def test_any_of_these_approves_the_request_of_somebody_who_is_no_head(capacity):
    given(complete(request=request(head_approval=head_approval(HEAD, capacity)))).when(approve()).then(approved())


@pytest.mark.parametrize("capacity", ["dean", "next above"])
def test_a_heads_own_request_is_approved_above(capacity):
    heads = request(researcher_heads_department=True, head_approval=head_approval(HEAD, capacity))
    given(complete(request=heads)).when(approve()).then(approved())


@pytest.mark.parametrize("capacity", ["department head", "equivalent"])
def test_a_heads_own_request_that_was_not_approved_above_is_held(capacity):
    heads = request(researcher_heads_department=True, head_approval=head_approval(HEAD, capacity))
    given(complete(request=heads)).when(approve()).then(
        refused("funding-and-review", "approval by the dean or the next above, of a head's own request", about=[HEAD])
    )


def test_a_head_does_not_approve_their_own_request_as_dean_either():
    heads = request(researcher_heads_department=True, head_approval=head_approval(ANA, "dean"))
    given(complete(request=heads)).when(approve()).then(
        refused("funding-and-review", "approval by somebody else than the researcher", about=[ANA])
    )


# C1.3: data sets and people.


def test_a_request_without_data_sets_is_held():
    given(complete(request=request(datasets=()))).when(approve()).then(refused("data-and-group", "data sets"))


def test_a_request_of_which_nobody_would_have_access_is_held():
    given(complete(request=request(study_group=()))).when(approve()).then(refused("data-and-group", "study group"))


def test_somebody_in_the_study_group_who_is_not_among_the_personnel_holds_the_approval():
    given(complete(request=request(personnel=(ANA,)))).when(approve()).then(
        refused("data-and-group", "a place among the personnel", about=[BEN])
    )


def test_personnel_who_will_have_no_access_hold_nothing():
    given(complete(request=request(personnel=(ANA, BEN, STRANGER)))).when(approve()).then(approved())


def test_somebody_in_the_study_group_whom_nobody_registered_holds_the_approval():
    facts = complete(request=request(personnel=(ANA, BEN, EVA), study_group=(ANA, EVA)), irb=None, reliance=None)
    given(facts, affiliation(EVA, "home"), couhes(determination="E-eva", covers=(EVA,))).when(approve()).then(
        refused("data-and-group", "registration", about=[EVA])
    )


# C1.7: purpose and description.


@pytest.mark.parametrize(
    "purposes",
    [
        ("improving teaching and curriculum",),
        ("scholarship on teaching and learning",),
        ("improving teaching and curriculum", "scholarship on teaching and learning"),
    ],
    ids=["teaching", "scholarship", "both"],
)
def test_one_or_both_purposes_are_enough(purposes):
    given(complete(request=request(purposes=purposes))).when(approve()).then(approved())


def test_a_request_without_a_purpose_is_held():
    given(complete(request=request(purposes=()))).when(approve()).then(refused("purpose-described", "purpose"))


def test_the_research_is_described_in_a_text_or_a_document():
    by_document = request(description=None, description_document=commitment())
    given(complete(request=by_document)).when(approve()).then(approved())


def test_a_request_that_does_not_describe_the_research_is_held():
    given(complete(request=request(description=None))).when(approve()).then(
        refused("purpose-described", "description of the research")
    )
