"""What may be published, rule by rule: each case just inside and just outside its edge (K3, S3)."""

import pytest

from ledger.events import PolicyPublished
from tests.facts import ANA, BEN, EVA, REQUEST
from tests.office import given, not_entitled, refused
from tests.office_acts import authorised, handed_over
from tests.office_facts import (
    DIRECTOR,
    HEAD,
    OFFICE_ZONE,
    STRANGER,
    THE_DIRECTOR,
    WAIVER,
    correction,
    failed,
    role,
    suspended,
    waiver,
)
from tests.office_requests import ready
from tests.outside import (
    PUBLICATION,
    changes_asked,
    has_appeared,
    let_appear,
    notified,
    passed,
    retracted,
    reviewed,
    reviewers,
    under_review,
)

UNREVIEWED = refused("publication-reviewed", "a review by somebody apart from the work", about=[PUBLICATION])


# In turn.


def test_what_was_reviewed_is_passed():
    given(under_review(reviewed())).when(let_appear()).then(passed())


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ([reviewed(), passed().event], "passed"),
        ([reviewed(), has_appeared()], "appeared"),
        ([reviewed(), retracted()], "withdrawn"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_under_review_is_not_passed(facts, state):
    given(under_review(*facts)).when(let_appear()).then(
        refused(
            "publication-in-turn",
            f"a publication under review: it is {state}",
            about=[PUBLICATION],
            shown_by=[notified(), *facts[1:]],
        )
    )


def test_what_was_sent_back_is_reviewed_anew_once_it_has_come_in_again():
    sent_back = under_review(reviewed(), changes_asked())
    given(sent_back).when(let_appear()).then(refused("publication-in-turn", about=[PUBLICATION]))
    given(sent_back, notified()).when(let_appear()).then(UNREVIEWED)
    given(sent_back, notified(), reviewed()).when(let_appear()).then(passed())


def test_what_was_never_told_of_is_not_passed():
    given(under_review()).when(let_appear(publication="B-unknown")).then(
        refused("publication-in-turn", "a publication under review: it is unknown", about=["B-unknown"]),
        refused("publication-reviewed", about=["B-unknown"]),
    )


def test_what_does_not_come_of_a_release_is_not_passed():
    facts = [*ready(), authorised().event, notified(), reviewed()]
    given(facts).when(let_appear()).then(
        refused("publication-in-turn", "a release that was handed over", about=[REQUEST], shown_by=[])
    )
    given(facts, handed_over().event).when(let_appear()).then(passed())
    given(facts, handed_over().event, failed("delivery")).when(let_appear()).then(
        refused("publication-in-turn", about=[REQUEST])
    )


# Reviewed by somebody apart from the work.


def test_what_nobody_reviewed_is_not_passed():
    given(under_review()).when(let_appear()).then(UNREVIEWED)


def test_where_policy_asks_for_no_review_none_is_needed():
    given(under_review(policy=reviewers(0))).when(let_appear()).then(passed())


@pytest.mark.parametrize("who", [ANA, BEN, HEAD])
def test_nobody_who_has_a_part_in_the_request_reviews_what_comes_of_it(who):
    given(under_review(reviewed(who))).when(let_appear()).then(UNREVIEWED)
    given(under_review(reviewed(who), reviewed())).when(let_appear()).then(passed())


def test_no_author_reviews_their_own():
    given(under_review(reviewed(EVA))).when(let_appear()).then(passed())
    facts = [*under_review()[:-1], notified(authors=(EVA,)), reviewed(EVA)]
    given(facts).when(let_appear()).then(UNREVIEWED)


@pytest.mark.parametrize("who", [STRANGER, ANA])
def test_what_anybody_found_unfit_is_not_passed_until_they_find_it_fit(who):
    unfit = reviewed(who, result="changes needed")
    given(under_review(reviewed(DIRECTOR), unfit)).when(let_appear()).then(
        refused("publication-reviewed", "the changes that the review by them asks for", about=[who], shown_by=[unfit])
    )
    given(under_review(reviewed(DIRECTOR), unfit, reviewed(who))).when(let_appear()).then(passed())


def test_a_review_that_was_typed_in_wrongly_counts_no_longer():
    facts = under_review(reviewed())
    given(facts, correction(len(facts), reviewed())).when(let_appear()).then(UNREVIEWED)


# As many as policy has it.


def test_a_second_reviewer_is_another_one():
    two = reviewers(2)
    lacking = refused("second-reviewer", "2 reviewers: it has 1", about=[PUBLICATION], shown_by=[two, reviewed()])
    given(under_review(reviewed(), policy=two)).when(let_appear()).then(lacking)
    given(under_review(reviewed(), reviewed(DIRECTOR), policy=two)).when(let_appear()).then(passed())
    given(under_review(reviewed(), reviewed(ANA), policy=two)).when(let_appear()).then(lacking)


def test_the_same_reviewer_twice_is_one():
    twice = under_review(reviewed(smallest_cell=6), reviewed(), policy=reviewers(2))
    given(twice).when(let_appear()).then(refused("second-reviewer", about=[PUBLICATION]))


def test_the_director_can_waive_the_second_reviewer_and_not_the_first():
    waived = waiver("second-reviewer")
    given(under_review(reviewed(), waived, policy=reviewers(2))).when(let_appear()).then(passed(waivers=(WAIVER,)))
    given(under_review(waived, policy=reviewers(2))).when(let_appear()).then(UNREVIEWED)


def test_a_waiver_that_was_not_needed_was_not_used():
    given(under_review(reviewed(), waiver("second-reviewer"))).when(let_appear()).then(passed())


# No small cell.


@pytest.mark.parametrize(("smallest_cell", "is_small"), [(4, True), (5, False), (None, False)])
def test_no_cell_counts_fewer_than_policy_has_it(smallest_cell, is_small):
    review = reviewed(smallest_cell=smallest_cell)
    if is_small:
        given(under_review(review)).when(let_appear()).then(
            refused("smallest-cell", "cells of 5 or more: the smallest has 4", about=[PUBLICATION])
        )
    else:
        given(under_review(review)).when(let_appear()).then(passed())


def test_policy_says_how_small_a_cell_may_be():
    ten = PolicyPublished(time_zone=OFFICE_ZONE, smallest_cell=10)
    given(under_review(reviewed(smallest_cell=9), policy=ten)).when(let_appear()).then(
        refused("smallest-cell", about=[PUBLICATION], shown_by=[ten, reviewed(smallest_cell=9)])
    )
    given(under_review(reviewed(smallest_cell=10), policy=ten)).when(let_appear()).then(passed())


def test_whoever_finds_a_small_cell_has_found_it():
    given(under_review(reviewed(), reviewed(ANA, smallest_cell=1))).when(let_appear()).then(
        refused("smallest-cell", about=[PUBLICATION], shown_by=[ready()[0], reviewed(ANA, smallest_cell=1)])
    )


@pytest.mark.parametrize(("counted", "is_small"), [(4, True), (5, False), (None, False)])
def test_what_its_kept_tables_count_is_found_whatever_a_reviewer_says(counted, is_small):
    facts, wish = under_review(reviewed(smallest_cell=6)), let_appear(smallest_cell=counted)
    if is_small:
        wanting = "cells of 5 or more: the smallest has 4"
        given(facts).when(wish).then(
            refused("smallest-cell", wanting, about=[PUBLICATION], shown_by=[facts[0], notified()])
        )
    else:
        given(facts).when(wish).then(passed())


# Who passes it.


@pytest.mark.parametrize("who", [ANA, BEN, HEAD])
def test_nobody_passes_what_comes_of_a_request_that_they_have_a_part_in(who):
    given(under_review(reviewed(), role(person=who))).when(let_appear()).then(refused("separate-duties", about=[who]))


def test_no_author_passes_their_own():
    facts = [*under_review()[:-1], notified(authors=(EVA,)), reviewed(), role(person=EVA)]
    given(facts).when(let_appear()).then(refused("separate-duties", about=[EVA]))


@pytest.mark.parametrize("who", [BEN, ANA])
def test_nothing_is_passed_of_a_group_of_which_somebody_is_suspended(who):
    given(under_review(reviewed(), suspended(who))).when(let_appear()).then(refused("nobody-suspended", about=[who]))


def test_nothing_is_passed_of_an_author_who_is_suspended():
    facts = [*under_review()[:-1], notified(authors=(EVA,)), reviewed(), suspended(EVA)]
    given(facts).when(let_appear()).then(refused("nobody-suspended", about=[EVA]))
    given(under_review(reviewed(), suspended(EVA))).when(let_appear()).then(passed())


@pytest.mark.parametrize("held", ["auditor", "researcher", "compliance", "admin", "data server"])
def test_only_who_decides_passes_it(held):
    facts = [role(role=held) if fact == role() else fact for fact in under_review(reviewed())]
    given(facts).when(let_appear()).then(not_entitled(THE_DIRECTOR))
