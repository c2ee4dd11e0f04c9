"""What a query can be answered with, rule by rule: each case just inside and just outside its edge (K2, S2)."""

from datetime import date
from typing import Any, get_args

import pytest

from ledger.events import Event, RequestApproved, RequestClosed, RequestWithdrawn
from ledger.events.query import Answer, Asking
from tests.facts import ANA, BEN, DATA_SET, EVA, REQUEST, commitment, data_set
from tests.office import given, malformed, not_entitled, refused
from tests.office_facts import (
    DIRECTOR,
    DUA,
    HEAD,
    MOU,
    OTHER_REQUEST,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    TOMORROW,
    correction,
    covered,
    memorandum,
    recipient,
    request,
    role,
    terminated,
    wanted,
)
from tests.outside import (
    DOI,
    PUBLICATION,
    QUERY,
    answer,
    answered,
    asked,
    has_appeared,
    notified,
    passed,
    query_withdrawn,
    released,
    retracted,
    reviewed,
    told,
    with_query,
)

OWN = {"request": OTHER_REQUEST}
ADDENDUM = "A-addendum"
OF_EVA = memorandum(agreement=ADDENDUM, recipients=(recipient(ANA), recipient(EVA)))
FORUM = "D-6.002x-forum"
PUBLIC = [notified(), reviewed(), passed().event, has_appeared(doi=DOI)]


# A query is answered once.


def test_an_open_query_is_answered():
    given(with_query()).when(answer()).then(answered())


def test_a_query_that_is_answered_is_not_answered_again():
    first = told("not about data")
    given(with_query(first, kind="other", datasets=())).when(answer()).then(
        refused(
            "open-query", "an open query: it is answered", about=[QUERY], shown_by=[asked("other", datasets=()), first]
        )
    )


def test_a_query_that_was_withdrawn_is_not_answered():
    given(with_query(query_withdrawn())).when(answer()).then(
        refused("open-query", "an open query: it is withdrawn", about=[QUERY], shown_by=[asked(), query_withdrawn()])
    )


def test_what_went_to_counsel_is_answered_once_counsel_has_spoken_and_goes_there_once():
    to_counsel = told("to counsel")
    given(with_query()).when(answer("to counsel")).then(answered("to counsel"))
    given(with_query(to_counsel)).when(answer()).then(answered())
    given(with_query(to_counsel)).when(answer("to counsel")).then(refused("open-query", about=[QUERY]))


def test_a_query_that_nobody_made_is_not_answered():
    given(released()).when(answer()).then(refused("open-query", "an open query: it is unknown", about=[QUERY]))


def test_a_withdrawal_that_was_typed_in_wrongly_leaves_the_query_open():
    facts = with_query(query_withdrawn())
    given(facts, correction(len(facts), query_withdrawn())).when(answer()).then(answered())


def test_nobody_can_be_told_to_share_data():
    """K2: there is no such answer, whatever is asked."""
    assert set(get_args(Answer)) == {
        *("own request", "addendum", "office verifies", "public data suffice"),
        *("not about data", "to counsel", "refused"),
    }


# What is asked of data is a matter of the office.


@pytest.mark.parametrize(
    ("kind", "datasets", "is_about_data"),
    [
        *((kind, (), kind in ("pass on", "copy", "verify", "replicate")) for kind in get_args(Asking)),
        ("other", (DATA_SET,), True),
        ("methods or code", (DATA_SET,), False),
    ],
)
def test_the_author_may_answer_for_methods_and_for_nothing_that_takes_data(kind: Any, datasets: Any, is_about_data):
    facts, wish = with_query(kind=kind, datasets=datasets), answer("not about data")
    if is_about_data:
        wanting = f"an answer for data: it asks to {kind}"
        given(facts).when(wish).then(refused("about-data", wanting, about=[QUERY], shown_by=[facts[-1]]))
    else:
        given(facts).when(wish).then(answered("not about data"))


# A third party gets data through a request or addendum of its own.


def eva_asks(**changes: Any) -> Event:
    return request(OTHER_REQUEST, **({"researcher": EVA, "personnel": (EVA,), "study_group": (EVA,)} | changes))


def linked_to(own: Event | None, *more: Event, **changes: Any) -> list[Event]:
    """A query, and this request of Eva's own."""
    return [*released(), data_set(FORUM), *([own] if own else []), asked(**changes), *more]


def test_a_third_party_gets_data_through_a_request_of_its_own():
    given(with_query()).when(answer("own request", **OWN)).then(answered("own request", **OWN))


def test_the_recipients_request_is_not_their_own():
    given(with_query()).when(answer("own request")).then(
        refused("own-way", "a request of their own", about=[QUERY], shown_by=[asked()])
    )


def test_no_request_is_not_their_own_either():
    given(with_query()).when(answer("own request", request=None)).then(
        refused("own-way", "a request of their own", about=[QUERY])
    )


def test_a_request_that_the_ledger_does_not_know_is_linked_to_nothing():
    given(linked_to(None)).when(answer("own request", **OWN)).then(malformed("request", OTHER_REQUEST))


def test_a_request_that_was_withdrawn_gives_nobody_data():
    gone = RequestWithdrawn(request=OTHER_REQUEST)
    given(with_query(gone)).when(answer("own request", **OWN)).then(
        refused("own-way", "a request that goes on: it is withdrawn", about=[OTHER_REQUEST], shown_by=[gone])
    )


def test_a_request_that_was_closed_gives_nobody_data_any_more():
    over = RequestClosed(request=OTHER_REQUEST)
    granted = [RequestApproved(request=OTHER_REQUEST), over]
    given(with_query(*granted)).when(answer("own request", **OWN)).then(
        refused("own-way", "a request that goes on: it is closed", about=[OTHER_REQUEST], shown_by=[over])
    )


@pytest.mark.parametrize(
    ("part", "is_theirs"),
    [({"researcher": EVA}, True), ({"personnel": (ANA, EVA)}, True), ({"study_group": (ANA, EVA)}, True), ({}, False)],
)
def test_whoever_asks_has_a_part_in_the_request_that_is_theirs(part, is_theirs):
    own = request(OTHER_REQUEST, **part)
    facts, wish = linked_to(own), answer("own request", **OWN)
    if is_theirs:
        given(facts).when(wish).then(answered("own request", **OWN))
    else:
        wanting = "a part in the request that is to be theirs"
        given(facts).when(wish).then(refused("own-way", wanting, about=[EVA], shown_by=[own, asked()]))


def test_of_somebody_whom_the_office_knows_in_words_alone_no_part_is_asked():
    facts = linked_to(eva_asks(), by=None, asker=commitment(93))
    given(facts).when(answer("own request", **OWN)).then(answered("own request", **OWN))


@pytest.mark.parametrize("whom", [{"asked": ANA, "referred_by": None}, {"asked": None, "referred_by": ANA}])
@pytest.mark.parametrize("about", [REQUEST, None])
@pytest.mark.parametrize("part", [{"researcher": ANA}, {"personnel": (EVA, ANA)}, {"study_group": (EVA, ANA)}])
def test_another_request_of_whom_they_asked_is_not_their_own(whom: Any, about: Any, part: Any):
    words = {"by": None, "asker": commitment(93), "request": about}
    own, query = eva_asks(**part), asked(**words, **whom)
    given(linked_to(own, **words, **whom)).when(answer("own request", **OWN)).then(
        refused(
            "own-way",
            "a request of their own: it is that of whom they asked",
            about=[OTHER_REQUEST],
            shown_by=[own, query],
        )
    )


def test_their_request_asks_for_each_data_set_that_the_query_is_about():
    both = {"datasets": (DATA_SET, FORUM)}
    enough = eva_asks(datasets=(wanted(), wanted("de-identified", FORUM)))
    given(linked_to(enough, **both)).when(answer("own request", **OWN)).then(answered("own request", **OWN))
    given(linked_to(eva_asks(), **both)).when(answer("own request", **OWN)).then(
        refused("own-way", "a request for it", about=[FORUM], shown_by=[eva_asks(), asked(**both)])
    )


def test_their_request_asks_for_some_of_the_data_of_the_request_asked_about_where_no_data_set_is_named():
    given(linked_to(eva_asks(), datasets=())).when(answer("own request", **OWN)).then(answered("own request", **OWN))
    other = eva_asks(datasets=(wanted(dataset=FORUM),))
    given(linked_to(other, datasets=())).when(answer("own request", **OWN)).then(
        refused("own-way", "a request for what was asked about", about=[OTHER_REQUEST])
    )
    given(linked_to(other, datasets=(), request=None)).when(answer("own request", **OWN)).then(
        answered("own request", **OWN)
    )


def test_an_addendum_names_who_asks_for_what_they_ask():
    given(with_query(OF_EVA)).when(answer("addendum", agreement=ADDENDUM)).then(
        answered("addendum", request=REQUEST, agreement=ADDENDUM)
    )


def test_an_addendum_that_does_not_name_who_asks_is_none():
    given(with_query()).when(answer("addendum", agreement=MOU)).then(
        refused("own-way", "a place in the addendum", about=[EVA])
    )


def test_an_addendum_about_other_data_is_none():
    other = memorandum(agreement=ADDENDUM, recipients=(recipient(EVA),), datasets=(covered(dataset=FORUM),))
    given(linked_to(eva_asks(), other)).when(answer("addendum", agreement=ADDENDUM)).then(
        refused("own-way", "a place in the addendum", about=[DATA_SET])
    )


@pytest.mark.parametrize("agreement", [None, "A-unknown"])
def test_without_an_agreement_of_the_request_there_is_no_addendum(agreement):
    given(with_query()).when(answer("addendum", agreement=agreement)).then(
        refused("own-way", "an agreement of the request, as the addendum", about=[QUERY], shown_by=[asked()])
    )


@pytest.mark.parametrize(("on", "has_ended"), [(TODAY, True), (TOMORROW, False)])
def test_an_addendum_that_has_ended_gives_nobody_data(on: date, has_ended):
    facts, wish = with_query(OF_EVA, terminated(ADDENDUM, on)), answer("addendum", agreement=ADDENDUM)
    if has_ended:
        given(facts).when(wish).then(refused("own-way", "an agreement that has not ended", about=[ADDENDUM]))
    else:
        given(facts).when(wish).then(answered("addendum", request=REQUEST, agreement=ADDENDUM))


def test_what_is_no_addendum_is_linked_to_no_agreement():
    given(with_query()).when(answer("own request", agreement=DUA, **OWN)).then(refused("own-way", about=[QUERY]))


# Records are never public data.


def test_what_was_passed_and_has_appeared_may_suffice():
    given(with_query(*PUBLIC)).when(answer("public data suffice", publication=PUBLICATION)).then(
        answered("public data suffice", publication=PUBLICATION)
    )


def test_a_data_set_suffices_nobody_though_it_was_passed_and_has_appeared():
    records = notified(kind="data set")
    given(with_query(records, *PUBLIC[1:])).when(answer("public data suffice", publication=PUBLICATION)).then(
        refused("public-data", "another publication: a data set is of records", about=[PUBLICATION], shown_by=[records])
    )


@pytest.mark.parametrize(
    "published",
    [
        [notified(), reviewed(), passed().event],
        [notified(), has_appeared()],
        [notified(), has_appeared(), passed().event],
        [*PUBLIC, retracted()],
        [],
    ],
    ids=["not yet public", "never passed", "passed too late", "retracted", "unknown"],
)
def test_what_was_not_passed_before_it_appeared_suffices_nobody(published):
    given(with_query(*published)).when(answer("public data suffice", publication=PUBLICATION)).then(
        refused(
            "public-data",
            "to have been passed, and to have appeared since",
            about=[PUBLICATION],
            shown_by=[one for one in published if one != reviewed()],
        )
    )


@pytest.mark.parametrize(
    ("kind", "datasets", "is_for_records"),
    [
        ("verify", (DATA_SET,), True),
        ("verify", (), False),
        ("replicate", (), False),
        ("pass on", (), True),
        ("copy", (), True),
        ("other", (), False),
    ],
)
def test_who_asks_for_records_is_not_sent_to_public_data_at_large(kind: Any, datasets: Any, is_for_records):
    facts, wish = with_query(kind=kind, datasets=datasets), answer("public data suffice")
    if is_for_records:
        wanting = "a publication that suffices: records are never public"
        given(facts).when(wish).then(refused("public-data", wanting, about=[QUERY], shown_by=[facts[-1]]))
    else:
        given(facts).when(wish).then(answered("public data suffice"))


# The office answers with an aggregate.

WITH_TABLE = {"document": commitment(94)}


@pytest.mark.parametrize(("smallest_cell", "is_small"), [(4, True), (5, False)])
def test_an_aggregate_has_no_small_cell(smallest_cell, is_small):
    said = WITH_TABLE | {"smallest_cell": smallest_cell}
    if is_small:
        given(with_query()).when(answer("office verifies", **said)).then(
            refused("aggregate-only", "cells of 5 or more: the smallest has 4", about=[QUERY])
        )
    else:
        given(with_query()).when(answer("office verifies", **said)).then(answered("office verifies", **said))


def test_of_a_document_that_the_office_answers_with_the_smallest_cell_is_said():
    given(with_query()).when(answer("office verifies", **WITH_TABLE)).then(
        refused("aggregate-only", "the smallest cell of the aggregate", about=[QUERY])
    )


def test_words_count_nobody():
    words = {"answer": commitment(95)}
    given(with_query()).when(answer("office verifies", **words)).then(answered("office verifies", **words))
    given(with_query()).when(answer("office verifies")).then(
        refused("aggregate-only", "the aggregate, or words, to answer with", about=[QUERY])
    )


def test_a_letter_is_no_aggregate():
    given(with_query()).when(answer("refused", **WITH_TABLE)).then(answered("refused", **WITH_TABLE))


# Who answers has no part in it.


@pytest.mark.parametrize("who", [EVA, ANA, BEN, HEAD])
def test_who_asks_was_asked_or_has_a_part_in_what_is_asked_about_answers_nothing(who):
    given(with_query(), role(person=who)).when(answer()).then(
        refused("separate-duties", "somebody else to decide", about=[who])
    )


def test_an_author_of_a_publication_of_the_request_answers_nothing_about_it():
    facts = [*with_query(), notified(authors=(STRANGER,)), role(person=STRANGER)]
    given(facts).when(answer()).then(refused("separate-duties", about=[STRANGER]))


def test_who_has_a_part_in_the_linked_request_answers_nothing():
    own = eva_asks(personnel=(EVA, DIRECTOR))
    given(linked_to(own)).when(answer("own request", **OWN)).then(refused("separate-duties", about=[DIRECTOR]))
    given(linked_to(own)).when(answer()).then(answered())


@pytest.mark.parametrize("held", ["auditor", "researcher", "compliance", "admin", "data server"])
def test_only_who_decides_answers(held):
    facts = [role(role=held) if fact == role() else fact for fact in with_query()]
    given(facts).when(answer()).then(not_entitled(THE_DIRECTOR))


def test_a_query_about_nothing_in_particular_is_answered_too():
    nothing = {"kind": "other", "request": None, "datasets": (), "asked": None, "referred_by": None}
    given(released(), asked(**nothing)).when(answer(request=None)).then(answered())
