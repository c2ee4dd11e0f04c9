"""Which reports of queries and publications are let in, and which change nothing."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from api.desk import Circumstances, Desk
from api.errors import NotEntitled
from ledger.errors import Malformed
from ledger.events import Event
from ledger.storage import Store, open_store
from tests.amending_facts import amended
from tests.endings import copied
from tests.facts import ANA, BEN, EVA, Clock, ledger_on, noon, nothing_written
from tests.office import BY_THE_DIRECTOR, HOUSE, written
from tests.office_facts import OTHER_REQUEST, STRANGER, TOMORROW, correction, request, role
from tests.outside import (
    PUBLICATION,
    asked,
    changes_asked,
    has_appeared,
    notified,
    query_withdrawn,
    released,
    retracted,
    reviewed,
)

RESEARCHER = "web:researcher"
BY_A_RESEARCHER = msgspec.structs.replace(HOUSE, actor=RESEARCHER)


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("sqlite://", Clock()) as opened:
        yield opened


def desk_on(store: Store, *facts: Event) -> Desk:
    return Desk(written(facts, ledger_on(store)), noon)


def refusal(store: Store, desk: Desk, report: Event, error: type[Exception], by: Circumstances = HOUSE) -> Any:
    """Why a report is not let in; nothing is written."""
    with nothing_written(store), pytest.raises(error) as caught:
        desk.report(report, by)
    return caught.value


def test_a_publication_becomes_known_again_once_it_was_sent_back_and_only_then(store: Store):
    desk = desk_on(store, *released(), notified())

    first = refusal(store, desk, notified(), Malformed)
    desk.report(changes_asked(), HOUSE)
    desk.report(notified(), HOUSE)
    second = refusal(store, desk, notified(), Malformed)

    assert [(one.what, one.value, one.why) for one in (first, second)] == 2 * [
        ("publication", PUBLICATION, "is in this ledger already")
    ]


def test_what_was_sent_back_by_mistake_does_not_come_in_again(store: Store):
    facts = [*released(), notified(), changes_asked()]
    desk = desk_on(store, *facts)
    desk.report(correction(len(facts), changes_asked()), HOUSE)

    assert refusal(store, desk, notified(), Malformed).why == "is in this ledger already"


@pytest.mark.parametrize(
    "report", [notified(), reviewed(), changes_asked(), has_appeared(), retracted()], ids=lambda event: event.wire_name
)
def test_what_is_told_of_a_publication_names_the_request_that_it_is_of(store: Store, report: Event):
    desk = desk_on(store, *released(), request(OTHER_REQUEST), notified(), changes_asked())
    error = refusal(store, desk, msgspec.structs.replace(report, request=OTHER_REQUEST), Malformed)

    assert (error.what, error.value, error.why) == ("publication", PUBLICATION, "is about request R-2026-0001")


def test_a_query_becomes_known_once(store: Store):
    desk = desk_on(store, *released(), asked())

    assert refusal(store, desk, asked("verify"), Malformed).why == "is in this ledger already"


@pytest.mark.parametrize(
    "report", [reviewed(on=TOMORROW), has_appeared(on=TOMORROW)], ids=lambda event: event.wire_name
)
def test_nothing_was_reviewed_or_has_appeared_tomorrow(store: Store, report: Event):
    desk = desk_on(store, *released(), notified())

    assert refusal(store, desk, report, Malformed).value == str(TOMORROW)


@pytest.mark.parametrize(
    ("who", "report", "is_let_in"),
    [
        (ANA, asked(), True),
        (EVA, asked(referred_by=EVA), True),
        (BEN, asked(), False),
        (ANA, asked(referred_by=None), False),
        (ANA, notified(told_by=ANA), True),
        (BEN, notified(told_by=BEN), True),
        (BEN, notified(told_by=ANA), False),
        (ANA, notified(), False),
        (EVA, notified(told_by=EVA), False),
    ],
)
def test_a_researcher_refers_for_themselves_and_tells_of_what_their_own_group_publishes(
    store: Store, who: str, report: Event, is_let_in: bool
):
    desk = desk_on(store, *released(), role(principal=RESEARCHER, person=who, role="researcher"))
    if is_let_in:
        desk.report(report, BY_A_RESEARCHER)
    else:
        refusal(store, desk, report, NotEntitled, BY_A_RESEARCHER)


@pytest.mark.parametrize("who", [STRANGER, EVA])
def test_whoever_an_amendment_added_tells_as_the_others_do(store: Store, who: str):
    researcher = role(principal=RESEARCHER, person=who, role="researcher")
    desk = desk_on(store, *released(), *amended(), researcher)
    copy, publication = copied(BEN), notified(told_by=who)
    if who == STRANGER:
        for report in (copy, publication):
            desk.report(report, BY_A_RESEARCHER)
    else:
        for report in (copy, publication):
            refusal(store, desk, report, NotEntitled, BY_A_RESEARCHER)


def test_a_query_that_was_received_is_not_taken_back_but_its_withdrawal_is(store: Store):
    facts = [*released(), asked(), query_withdrawn()]
    desk = desk_on(store, *facts)

    assert refusal(store, desk, correction(len(facts) - 1, asked()), Malformed, BY_THE_DIRECTOR).what == "position"
    desk.report(correction(len(facts), query_withdrawn()), HOUSE)
