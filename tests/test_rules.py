"""Rules: each clause, with the case just inside and just outside each edge."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest

from ledger.events import PersonDetailsChanged, PersonErased, PolicyPublished
from ledger.events.review import LegalBasis
from tests.facts import ANA, BEN, DATA_SET, EVA, REQUEST, commitment, data_set, person
from tests.office import (
    COUHES,
    DIRECTOR,
    ELSEWHERE,
    FAR_OFF,
    HEAD,
    IRB,
    LONG_AGO,
    NOWHERE,
    OFFICE_ZONE,
    OTHER_REQUEST,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    TOMORROW,
    WITH_ALL_DETAILS,
    YESTERDAY,
    affiliation,
    approve,
    approved,
    basis,
    board_ended,
    complete,
    couhes,
    decline,
    declined,
    first_moment_of,
    given,
    head_approval,
    irb,
    last_moment_of,
    law,
    lifted,
    malformed,
    not_entitled,
    refused,
    reliance,
    request,
    returned,
    role,
    role_ended,
    suspended,
    wanted,
    withdrawn,
)

OWN_BOARD = "determination of their own institution's board"
HOME_OR_RELIANCE = "home board's determination or reliance"
ACCEPTS_NO_SUBJECTS = PolicyPublished(time_zone=OFFICE_ZONE, accepts_not_human_subjects=True)
APPROVAL, DENIAL = approve(), decline()


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


# C1: the request is before the office.


@pytest.mark.parametrize("again", [APPROVAL, DENIAL], ids=lambda act: act.name)
@pytest.mark.parametrize("state", ["approved", "declined", "returned", "withdrawn"])
def test_a_request_that_is_not_before_the_office_is_not_decided(state, again):
    moved = {
        "approved": approved().event,
        "declined": declined().event,
        "returned": returned(),
        "withdrawn": withdrawn(),
    }
    given(complete(), moved[state]).when(again).then(
        refused("open-request", f"an open request: it is {state}", about=[REQUEST], shown_by=[moved[state]])
    )


def test_a_request_that_came_in_again_is_before_the_office():
    given(complete(law=None), returned(), request(funded=True, funding=commitment(8)), law()).when(approve()).then(
        approved()
    )


@pytest.mark.parametrize(
    "moved", [returned(), withdrawn(), approved().event, declined().event], ids=lambda e: e.wire_name
)
def test_what_the_law_says_does_not_bring_a_request_back_before_the_office(moved):
    given(complete(), moved, law()).when(approve()).then(refused("open-request", about=[REQUEST], shown_by=[moved]))


def test_another_request_that_is_withdrawn_is_another_matter():
    given(complete(), request(OTHER_REQUEST), withdrawn(OTHER_REQUEST)).when(approve()).then(approved())


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


# C1.4 and C1.5: ethics, person by person.

HOME_BOARD = (couhes(covers=(BEN,)),)
OWN_BOARDS = (irb(),)
OWN_WITH_RELIANCE = (irb(), reliance())
BOTH_BOARDS = (couhes(covers=(BEN,)), irb())
NO_HOME = ("couhes", "home board's determination")
NO_OWN = ("irb-and-couhes", OWN_BOARD)
NO_HOME_FOR_OUTSIDE = ("irb-and-couhes", HOME_OR_RELIANCE)


@pytest.mark.parametrize(
    ("where", "boards", "held_by"),
    [
        ("home", (), [NO_HOME]),
        ("home", HOME_BOARD, []),
        ("home", OWN_BOARDS, [NO_HOME]),
        ("home", OWN_WITH_RELIANCE, [NO_HOME]),
        ("home", BOTH_BOARDS, []),
        ("outside", (), [NO_OWN, NO_HOME_FOR_OUTSIDE]),
        ("outside", HOME_BOARD, [NO_OWN]),
        ("outside", OWN_BOARDS, [NO_HOME_FOR_OUTSIDE]),
        ("outside", OWN_WITH_RELIANCE, []),
        ("outside", BOTH_BOARDS, []),
        ("in doubt", (), [NO_HOME, NO_OWN, NO_HOME_FOR_OUTSIDE]),
        ("in doubt", HOME_BOARD, [NO_OWN]),
        ("in doubt", OWN_BOARDS, [NO_HOME, NO_HOME_FOR_OUTSIDE]),
        ("in doubt", OWN_WITH_RELIANCE, [NO_HOME]),
        ("in doubt", BOTH_BOARDS, []),
        ("not determined", (), [NO_HOME, NO_OWN, NO_HOME_FOR_OUTSIDE]),
        ("not determined", HOME_BOARD, [NO_OWN]),
        ("not determined", OWN_BOARDS, [NO_HOME, NO_HOME_FOR_OUTSIDE]),
        ("not determined", OWN_WITH_RELIANCE, [NO_HOME]),
        ("not determined", BOTH_BOARDS, []),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_both_branches_of_ethics_person_by_person(where, boards, held_by):
    bens = None if where == "not determined" else affiliation(BEN, where, ELSEWHERE)
    facts = complete(
        request=request(study_group=(BEN,)),
        ben_affiliation=bens,
        couhes=None,
        irb=None,
        reliance=None,
    )
    held = [
        refused(rule, *(what for other, what in held_by if other == rule), about=[BEN] * len(whats))
        for rule in ("couhes", "irb-and-couhes")
        if (whats := [what for other, what in held_by if other == rule])
    ]
    given(facts, boards).when(approve()).then(*(held or (approved(),)))


def test_the_last_affiliation_that_was_found_counts():
    given(complete(reliance=None), affiliation(BEN, "home"), couhes(determination="E-2", covers=(BEN,))).when(
        approve()
    ).then(approved())


def test_an_affiliation_in_another_request_does_not_count():
    elsewhere = affiliation(BEN, "home")
    other = type(elsewhere)(request=OTHER_REQUEST, person=BEN, affiliation="home", organisation=None)
    given(complete(), request(OTHER_REQUEST), other).when(approve()).then(approved())


def test_a_determination_for_another_request_does_not_count():
    given(complete(couhes=None), request(OTHER_REQUEST), couhes(request=OTHER_REQUEST)).when(approve()).then(
        refused("couhes", about=[ANA])
    )


@pytest.mark.parametrize(
    "board",
    [
        couhes(outcome="approved"),
        couhes(outcome="exempt"),
        couhes(expires=TODAY),
        couhes(expires=None),
        couhes(on=TODAY),
        couhes(on=TODAY, expires=TODAY),
        couhes(covers=(BEN, ANA)),
        couhes(covers=()),
    ],
    ids=["approved", "exempt", "last day", "no end", "first day", "only day", "among others", "all personnel"],
)
def test_a_home_boards_determination_that_covers_the_person_today_is_enough(board):
    given(complete(couhes=board)).when(approve()).then(approved())


@pytest.mark.parametrize(
    "board",
    [
        couhes(outcome="pending"),
        couhes(outcome="not human subjects"),
        couhes(expires=YESTERDAY),
        couhes(on=TOMORROW),
        couhes(covers=(BEN,)),
        couhes(organisation=ELSEWHERE),
    ],
    ids=["pending", "not human subjects", "expired yesterday", "from tomorrow", "another person", "another board"],
)
def test_a_determination_that_does_not_cover_the_person_today_is_as_good_as_none(board):
    given(complete(couhes=board)).when(approve()).then(refused("couhes", about=[ANA]))


@pytest.mark.parametrize(
    "board",
    [
        irb(outcome="pending"),
        irb(outcome="not human subjects"),
        irb(expires=YESTERDAY),
        irb(on=TOMORROW),
        irb(covers=(ANA,)),
        irb(organisation=NOWHERE),
        irb(organisation=None, covers=()),
    ],
    ids=["pending", "no subjects", "expired yesterday", "from tomorrow", "another person", "of others", "home board"],
)
def test_reliance_on_a_determination_that_does_not_cover_the_person_today_is_as_good_as_none(board):
    held_by = (OWN_BOARD,) if board.organisation is None else (OWN_BOARD, HOME_OR_RELIANCE)
    given(complete(irb=board)).when(approve()).then(refused("irb-and-couhes", *held_by, about=[BEN] * len(held_by)))


def test_that_there_are_no_human_subjects_is_enough_where_policy_accepts_it():
    none_at_all = {"outcome": "not human subjects"}
    given(complete(policy=ACCEPTS_NO_SUBJECTS, couhes=couhes(**none_at_all), irb=irb(**none_at_all))).when(
        approve()
    ).then(approved())


def test_that_a_determination_is_pending_is_never_enough():
    given(complete(policy=ACCEPTS_NO_SUBJECTS, couhes=couhes(outcome="pending"))).when(approve()).then(
        refused("couhes", about=[ANA])
    )


def test_the_policy_in_force_is_the_one_that_was_published_last():
    given(complete(couhes=couhes(outcome="not human subjects")), ACCEPTS_NO_SUBJECTS).when(approve()).then(approved())
    given(complete(policy=ACCEPTS_NO_SUBJECTS, couhes=couhes(outcome="not human subjects")), PolicyPublished()).when(
        approve()
    ).then(refused("couhes", about=[ANA]))


def test_without_a_policy_the_rules_go_by_what_a_policy_says_by_default():
    given(complete(policy=None)).when(approve()).then(approved())


def test_one_determination_that_covers_is_enough_beside_others_that_do_not():
    old, other = couhes(determination="E-old", expires=YESTERDAY), couhes(determination="E-new", outcome="pending")
    given(complete(), old, other).when(approve()).then(approved())


def test_an_objection_shows_the_affiliation_and_what_the_board_said_last():
    old, last = couhes(determination="E-old", expires=YESTERDAY), couhes(outcome="pending")
    given(complete(couhes=old), last).when(approve()).then(
        refused("couhes", about=[ANA], shown_by=[affiliation(ANA, "home"), last])
    )


def test_an_objection_shows_the_end_of_what_ended():
    ended = board_ended(IRB, YESTERDAY)
    given(complete(), ended).when(approve()).then(
        refused(
            "irb-and-couhes",
            about=[BEN, BEN],
            shown_by=[affiliation(BEN, "outside", ELSEWHERE), irb(), reliance(), ended],
        )
    )


# ... a date ends at midnight at the office.


@pytest.mark.parametrize(
    ("last_day", "zone"),
    [
        (TODAY, OFFICE_ZONE),
        (date(2026, 3, 7), OFFICE_ZONE),
        (date(2026, 3, 8), OFFICE_ZONE),
        (date(2026, 10, 31), OFFICE_ZONE),
        (date(2026, 11, 1), OFFICE_ZONE),
        (date(2026, 12, 31), "Asia/Kolkata"),
        (date(2026, 12, 31), "Pacific/Kiritimati"),
        (date(2026, 12, 31), "UTC"),
    ],
)
def test_the_last_day_of_a_determination_ends_at_midnight_at_the_office(last_day, zone):
    facts = complete(policy=PolicyPublished(time_zone=zone), couhes=couhes(expires=last_day))
    given(facts).when(approve(), at=last_moment_of(last_day, zone)).then(approved())
    given(facts).when(approve(), at=first_moment_of(last_day + timedelta(days=1), zone)).then(
        refused("couhes", about=[ANA])
    )


@pytest.mark.parametrize("first_day", [TODAY, date(2026, 3, 8), date(2026, 3, 9), date(2026, 11, 1), date(2026, 11, 2)])
def test_the_first_day_of_a_determination_begins_at_midnight_at_the_office(first_day):
    facts = complete(couhes=couhes(on=first_day))
    given(facts).when(approve(), at=last_moment_of(first_day - timedelta(days=1))).then(refused("couhes", about=[ANA]))
    given(facts).when(approve(), at=first_moment_of(first_day)).then(approved())


def test_days_on_which_clocks_change_have_the_length_that_they_have():
    day = timedelta(days=1)
    hours = [
        (first_moment_of(date(2026, month, at) + day) - first_moment_of(date(2026, month, at))) / timedelta(hours=1)
        for month, at in [(3, 8), (11, 1), (11, 21)]
    ]
    assert hours == [23, 25, 24]
    assert first_moment_of(date(2026, 11, 2)) == datetime(2026, 11, 2, 5, tzinfo=UTC)
    assert first_moment_of(date(2026, 3, 9)) == datetime(2026, 3, 9, 4, tzinfo=UTC)


# ... reliance.


@pytest.mark.parametrize("on", [LONG_AGO, TODAY])
def test_reliance_counts_from_the_day_on_which_it_was_elected(on):
    given(complete(reliance=reliance(on=on))).when(approve(), at=first_moment_of(TODAY)).then(approved())


def test_reliance_that_begins_tomorrow_does_not_count_today():
    given(complete(reliance=reliance(on=TOMORROW))).when(approve(), at=last_moment_of(TODAY)).then(
        refused("irb-and-couhes", HOME_OR_RELIANCE, about=[BEN])
    )


def test_reliance_that_is_told_again_with_a_later_day_counts_from_the_first():
    given(complete(), reliance(on=TOMORROW)).when(approve()).then(approved())
    given(complete(reliance=reliance(on=TOMORROW)), reliance(on=TODAY)).when(approve()).then(approved())


@pytest.mark.parametrize("how", ["suspended", "lapsed"])
@pytest.mark.parametrize("on", [LONG_AGO, YESTERDAY, TODAY])
def test_reliance_dies_with_the_determination_that_it_rests_on(how, on):
    given(complete(), board_ended(IRB, on, how)).when(approve(), at=first_moment_of(TODAY)).then(
        refused("irb-and-couhes", OWN_BOARD, HOME_OR_RELIANCE, about=[BEN, BEN])
    )


def test_reliance_holds_on_the_last_day_of_the_determination_that_it_rests_on():
    facts = complete(irb=irb(expires=TODAY))
    given(facts).when(approve(), at=last_moment_of(TODAY)).then(approved())
    given(facts).when(approve(), at=first_moment_of(TOMORROW)).then(
        refused("irb-and-couhes", OWN_BOARD, HOME_OR_RELIANCE, about=[BEN, BEN])
    )


def test_reliance_on_one_determination_is_none_on_its_successor():
    given(complete(irb=irb(expires=YESTERDAY)), irb(determination="E-irb-2")).when(approve()).then(
        refused("irb-and-couhes", HOME_OR_RELIANCE, about=[BEN])
    )


def test_where_reliance_died_the_home_boards_own_determination_and_a_new_one_of_their_own_are_enough():
    new = [irb(determination="E-irb-2"), couhes(determination="E-2", covers=(BEN,))]
    given(complete(), board_ended(IRB, YESTERDAY), new).when(approve()).then(approved())


def test_reliance_on_what_covers_one_person_is_none_for_another():
    facts = complete(request=request(personnel=(ANA, BEN, STRANGER), study_group=(ANA, BEN, STRANGER)))
    strangers = [affiliation(STRANGER, "outside", ELSEWHERE), irb(determination="E-stranger", covers=(STRANGER,))]
    given(facts, strangers).when(approve()).then(refused("irb-and-couhes", HOME_OR_RELIANCE, about=[STRANGER]))


# ... the letters of the boards.

HOME_LETTER, OWN_LETTER = "home board's letter", "letter of their own institution's board"


def test_a_home_boards_determination_is_shown_by_its_letter():
    told = couhes(document=None)
    given(complete(couhes=told)).when(approve()).then(
        refused("couhes", HOME_LETTER, about=[ANA], shown_by=[affiliation(ANA, "home"), told])
    )
    given(complete(couhes=told), couhes(determination="E-2")).when(approve()).then(approved())


@pytest.mark.parametrize(
    ("unshown", "wanting"),
    [
        ({"irb": irb(document=None)}, [OWN_LETTER]),
        ({"reliance": reliance(document=None)}, [HOME_LETTER]),
        ({"irb": irb(document=None), "reliance": reliance(document=None)}, [OWN_LETTER, HOME_LETTER]),
        ({"irb": irb(document=None), "reliance": None}, [OWN_LETTER, HOME_OR_RELIANCE]),
        ({"reliance": None, "couhes": couhes(covers=(), document=None)}, [HOME_LETTER]),
    ],
    ids=["own", "reliance", "both", "own, and no reliance", "home board's own"],
)
def test_what_lets_somebody_from_elsewhere_work_is_shown_by_letters(unshown, wanting):
    held = [refused("irb-and-couhes", *wanting, about=[BEN] * len(wanting))]
    if "couhes" in unshown:
        held.append(refused("couhes", HOME_LETTER, about=[ANA]))
    given(complete(**unshown)).when(approve()).then(*held)


@pytest.mark.parametrize("on", [LONG_AGO, YESTERDAY, TODAY], ids=["the same day", "yesterday", "today"])
def test_a_letter_of_reliance_that_comes_later_is_enough(on):
    given(complete(reliance=reliance(document=None)), reliance(on=on)).when(approve()).then(approved())
    given(complete(), reliance(on=YESTERDAY, document=None)).when(approve()).then(approved())


def test_a_letter_of_reliance_from_tomorrow_on_is_not_enough_today():
    given(complete(reliance=reliance(document=None)), reliance(on=TOMORROW)).when(approve()).then(
        refused("irb-and-couhes", about=[BEN])
    )


# ... the end of a determination.


@pytest.mark.parametrize("how", ["suspended", "lapsed"])
def test_a_determination_covers_until_the_day_before_it_ended(how):
    facts = [*complete(), board_ended(COUHES, TODAY, how)]
    given(facts).when(approve(), at=last_moment_of(YESTERDAY)).then(approved())
    given(facts).when(approve(), at=first_moment_of(TODAY)).then(refused("couhes", about=[ANA]))


def test_a_determination_that_ends_tomorrow_covers_today():
    given(complete(), board_ended(COUHES, TOMORROW)).when(approve(), at=last_moment_of(TODAY)).then(approved())


@pytest.mark.parametrize("days", [(YESTERDAY, TOMORROW), (TOMORROW, YESTERDAY)], ids=["early first", "late first"])
def test_what_ended_does_not_go_on_because_its_end_is_told_again(days):
    given(complete(), [board_ended(COUHES, day) for day in days]).when(approve()).then(refused("couhes", about=[ANA]))


def test_the_end_of_another_determination_changes_nothing():
    given(complete(), couhes(determination="E-2"), board_ended("E-2", YESTERDAY)).when(approve()).then(approved())


# ... whose board it is.


@pytest.mark.parametrize("covers", [(BEN,), ()], ids=["named", "all personnel"])
def test_the_board_of_another_organisation_than_the_persons_is_not_their_own(covers):
    given(complete(ben_affiliation=affiliation(BEN, "outside", NOWHERE), irb=irb(covers=covers))).when(approve()).then(
        refused("irb-and-couhes", OWN_BOARD, HOME_OR_RELIANCE, about=[BEN, BEN])
    )


@pytest.mark.parametrize("organisation", [ELSEWHERE, None], ids=["the persons", "not known"])
def test_a_board_that_names_somebody_is_their_own_unless_their_organisation_is_known_to_be_another(organisation):
    given(complete(ben_affiliation=affiliation(BEN, "outside", organisation))).when(approve()).then(approved())


def test_a_board_that_covers_all_personnel_covers_those_of_its_organisation():
    given(complete(irb=irb(covers=()))).when(approve()).then(approved())


@pytest.mark.parametrize(
    "bens",
    [affiliation(BEN, "outside", None), affiliation(BEN, "in doubt", None), None],
    ids=["outside", "doubt", "none"],
)
def test_a_board_that_covers_all_personnel_is_nobodys_own_whose_organisation_is_not_known(bens):
    """Whoever is not known to come from there would else be let in by the board of a colleague."""
    facts = complete(ben_affiliation=bens, couhes=couhes(covers=()), irb=irb(covers=()))
    given(facts).when(approve()).then(refused("irb-and-couhes", OWN_BOARD, about=[BEN]))


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


# C1.7, S1: the law.


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


# Policy: nobody is suspended.


@pytest.mark.parametrize("where", [None, REQUEST], ids=["in all", "in this one"])
@pytest.mark.parametrize("who", [ANA, BEN])
def test_somebody_in_the_study_group_who_is_suspended_holds_the_approval(who, where):
    suspension = suspended(who, where)
    given(complete(), suspension).when(approve()).then(refused("nobody-suspended", about=[who], shown_by=[suspension]))


def test_somebody_who_is_suspended_in_this_request_and_in_all_is_held_by_both():
    both = [suspended(ANA), suspended(ANA, REQUEST)]
    given(complete(), both).when(approve()).then(refused("nobody-suspended", about=[ANA], shown_by=both))


def test_a_suspension_in_another_request_holds_nothing_here():
    given(complete(), request(OTHER_REQUEST), suspended(ANA, OTHER_REQUEST)).when(approve()).then(approved())


@pytest.mark.parametrize("where", [None, REQUEST], ids=["in all", "in this one"])
def test_a_suspension_that_was_lifted_holds_nothing(where):
    given(complete(), suspended(ANA, where), lifted(ANA, where)).when(approve()).then(approved())


@pytest.mark.parametrize(("where", "other"), [(None, REQUEST), (REQUEST, None)], ids=["in all", "in this one"])
def test_a_suspension_is_not_lifted_with_another(where, other):
    suspension = suspended(ANA, where)
    given(complete(), suspension, lifted(ANA, other)).when(approve()).then(
        refused("nobody-suspended", about=[ANA], shown_by=[suspension])
    )


def test_somebody_who_is_suspended_again_after_it_was_lifted_holds_the_approval():
    given(complete(), suspended(ANA), lifted(ANA), suspended(ANA)).when(approve()).then(
        refused("nobody-suspended", about=[ANA])
    )


def test_a_suspended_person_who_would_have_no_access_holds_nothing():
    given(complete(request=request(personnel=(ANA, BEN, STRANGER))), suspended(STRANGER)).when(approve()).then(
        approved()
    )


# Who may decide.


@pytest.mark.parametrize("held", ["director", "acting director", "alternate", "staff"])
@pytest.mark.parametrize("act", [APPROVAL, DENIAL], ids=lambda act: act.name)
def test_these_roles_decide(held, act):
    given(complete(role=role(role=held))).when(act).then(approved() if act is APPROVAL else declined())


@pytest.mark.parametrize("held", ["auditor", "compliance", "admin"])
@pytest.mark.parametrize("act", [APPROVAL, DENIAL], ids=lambda act: act.name)
def test_these_roles_do_not(held, act):
    given(complete(role=role(role=held))).when(act).then(not_entitled(THE_DIRECTOR))


def test_somebody_without_any_role_decides_nothing():
    given(complete()).when(approve(principal="staff:stranger")).then(not_entitled("staff:stranger"))


def test_a_role_begins_and_ends_at_midnight_at_the_office():
    facts = complete(role=role(starts=TODAY, ends=TOMORROW))
    given(facts).when(approve(), at=last_moment_of(YESTERDAY)).then(not_entitled(THE_DIRECTOR))
    given(facts).when(approve(), at=first_moment_of(TODAY)).then(approved())
    given(facts).when(approve(), at=last_moment_of(TOMORROW)).then(approved())
    given(facts).when(approve(), at=first_moment_of(TOMORROW + timedelta(days=1))).then(not_entitled(THE_DIRECTOR))


def test_a_role_that_was_ended_is_held_no_longer():
    given(complete(), role_ended()).when(approve()).then(not_entitled(THE_DIRECTOR))


def test_a_role_that_was_granted_again_is_held():
    given(complete(), role_ended(), role()).when(approve()).then(approved())


def test_another_role_that_was_ended_changes_nothing():
    given(complete(), role(role="staff"), role_ended(ended="staff")).when(approve()).then(approved())


def test_a_role_granted_for_a_later_term_too_is_held_in_both():
    given(complete(role=role(ends=TODAY)), role(starts=FAR_OFF)).when(approve()).then(approved())


def test_the_role_of_somebody_else_is_their_own():
    given(complete(role=role(principal="staff:other"))).when(approve()).then(not_entitled(THE_DIRECTOR))


def test_an_act_on_a_request_that_the_ledger_does_not_know_is_not_let_in():
    given(complete()).when(approve(request=OTHER_REQUEST)).then(malformed("request", OTHER_REQUEST))


def test_who_may_not_decide_does_not_learn_which_requests_there_are():
    given(complete()).when(approve(principal="staff:stranger", request=OTHER_REQUEST)).then(
        not_entitled("staff:stranger")
    )


# Policy: separate duties.


@pytest.mark.parametrize(
    "part",
    [
        {"researcher": DIRECTOR},
        {"personnel": (ANA, BEN, DIRECTOR)},
        {"sponsor": DIRECTOR},
        {"head_approval": head_approval(DIRECTOR)},
    ],
    ids=lambda part: next(iter(part)),
)
@pytest.mark.parametrize("act", [APPROVAL, DENIAL], ids=lambda act: act.name)
def test_who_plays_a_part_in_a_request_does_not_decide_on_it(part, act):
    facts = complete(the_director=person(DIRECTOR, **WITH_ALL_DETAILS), request=request(**part))
    given(facts).when(act).then(
        refused("separate-duties", "somebody else to decide", about=[DIRECTOR], shown_by=[role(), request(**part)])
    )


def test_who_is_in_the_study_group_does_not_decide_on_it():
    group = request(personnel=(ANA, BEN, DIRECTOR), study_group=(ANA, BEN, DIRECTOR))
    directors = [affiliation(DIRECTOR, "home"), couhes(determination="E-2", covers=(DIRECTOR,))]
    given(complete(request=group), directors).when(approve()).then(refused("separate-duties", about=[DIRECTOR]))


def test_an_alternate_decides_instead():
    alternate = role(principal="staff:alternate", person=STRANGER, role="alternate")
    facts = [*complete(request=request(personnel=(ANA, BEN, DIRECTOR))), alternate]
    given(facts).when(approve()).then(refused("separate-duties", about=[DIRECTOR]))
    given(facts).when(approve(principal="staff:alternate")).then(approved())


def test_who_decides_is_the_same_person_under_every_role():
    """Also when the role that named them is over, and the one that they hold names nobody."""
    facts = complete(request=request(personnel=(ANA, BEN, DIRECTOR)))
    given(facts, role(role="staff", person=None), role_ended()).when(approve()).then(
        refused("separate-duties", about=[DIRECTOR])
    )


def test_who_decides_is_the_person_whom_the_last_grant_names():
    facts = complete(request=request(personnel=(ANA, BEN, DIRECTOR)))
    given(facts, role(role="staff", person=STRANGER)).when(approve()).then(approved())


def test_a_part_in_an_earlier_form_of_the_request_is_over_when_it_comes_in_again_without():
    facts = complete(request=request(personnel=(ANA, BEN, DIRECTOR)), law=None)
    given(facts, returned(), request(), law()).when(approve()).then(approved())


def test_a_part_in_another_request_is_another_matter():
    other = request(OTHER_REQUEST, personnel=(ANA, BEN, DIRECTOR))
    given(complete(), other).when(approve()).then(approved())
