"""Rules of ethics (C1.4 and C1.5): which board has to say what of whom, and on which days it counts."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.events import PolicyPublished
from tests.facts import ANA, BEN
from tests.office import first_moment_of, given, last_moment_of, refused
from tests.office_acts import approve, approved
from tests.office_facts import (
    ACCEPTS_NO_SUBJECTS,
    COUHES,
    ELSEWHERE,
    IRB,
    LONG_AGO,
    NOWHERE,
    OFFICE_ZONE,
    OTHER_REQUEST,
    STRANGER,
    TODAY,
    TOMORROW,
    YESTERDAY,
    affiliation,
    board_ended,
    couhes,
    irb,
    reliance,
    request,
)
from tests.office_requests import complete

OWN_BOARD = "determination of their own institution's board"
HOME_OR_RELIANCE = "home board's determination or reliance"


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
