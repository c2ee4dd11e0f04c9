"""Others are faster: the desk judges anew by what they wrote, and gives up after so many times."""

from collections.abc import Callable

import pytest

from api.desk import ATTEMPTS, ATTEMPTS_TO_REPORT, Desk
from api.errors import NotEntitled
from ledger.errors import Conflict, Malformed
from ledger.events import Event, RequestApproved
from ledger.storage import Store
from tests.desk_office import UNKNOWN_PERSON, Office, office, prepared
from tests.facts import ANA, Clock, data_set, ledger_on, person, seeded
from tests.office import BY_THE_DIRECTOR, HOUSE, written
from tests.office_acts import approve, approved
from tests.office_facts import OTHER_REQUEST, STRANGER, law, request, returned, role_ended, suspended, withdrawn
from tests.office_requests import complete

__all__ = ["office", "prepared"]


class Rival:
    """Writes just before each of the first so many appends of somebody else: a source of their random bytes."""

    def __init__(self, store: Store, clock: Clock, writes: Callable[[int], Event], times: int) -> None:
        self._ledger, self._writes, self._left = ledger_on(store, clock), writes, times
        self._bytes = seeded(9)
        self.wrote = 0

    def __call__(self, size: int) -> bytes:
        if self._left:
            self._left -= 1
            self.wrote += 1
            written([self._writes(self.wrote)], self._ledger)
        return self._bytes(size)


def beside(office: Office, writes: Callable[[int], Event], times: int) -> tuple[Desk, Rival]:
    """A desk that always finds, when it comes to append, that a rival has written in between."""
    rival = Rival(office.store, office.clock, writes, times)
    return Desk(ledger_on(office.store, office.clock, random_bytes=rival), office.clock), rival


def test_an_act_is_judged_anew_when_somebody_was_faster(prepared: Office):
    desk, _ = beside(prepared, lambda _: suspended(ANA), times=1)
    outcome = desk.act(approve(), HOUSE)

    assert [(one.rule, one.about) for one in outcome.objections] == [("nobody-suspended", ANA)]
    assert prepared.last.judged is not None
    assert prepared.last.judged.read_to == len(complete()) + 1


@pytest.mark.parametrize("times", [ATTEMPTS - 1, ATTEMPTS])
def test_an_act_is_tried_so_many_times_and_then_it_is_a_conflict(prepared: Office, times):
    desk, rival = beside(prepared, lambda _: law(), times)
    if times < ATTEMPTS:
        assert not desk.act(approve(), HOUSE).refused
    else:
        with pytest.raises(Conflict):
            desk.act(approve(), HOUSE)
    assert rival.wrote == times
    assert [type(fact.event) for fact in prepared.facts[len(complete()) :]] == [
        *times * [type(law())],
        *([RequestApproved] if times < ATTEMPTS else []),
    ]


@pytest.mark.parametrize("times", [ATTEMPTS_TO_REPORT - 1, ATTEMPTS_TO_REPORT])
def test_a_report_is_tried_so_many_times_and_then_it_is_a_conflict(prepared: Office, times):
    desk, rival = beside(prepared, lambda _: law(), times)
    if times < ATTEMPTS_TO_REPORT:
        desk.report(returned(), BY_THE_DIRECTOR)
        assert prepared.last.event == returned()
    else:
        with pytest.raises(Conflict):
            desk.report(returned(), BY_THE_DIRECTOR)
    assert rival.wrote == times


@pytest.mark.parametrize(
    "fact",
    [request(OTHER_REQUEST), suspended(STRANGER), data_set("D-other"), person(UNKNOWN_PERSON)],
    ids=lambda fact: fact.wire_name,
)
def test_what_is_no_matter_of_an_act_does_not_stand_in_its_way(prepared: Office, fact):
    desk, _ = beside(prepared, lambda _: fact, times=1)
    outcome = desk.act(approve(), HOUSE)

    assert (outcome.refused, prepared.last.event) == (False, approved().event)
    assert prepared.last.judged is not None
    assert prepared.last.judged.read_to == len(complete())


def test_who_is_faster_makes_known_what_then_is_known_already(office: Office):
    desk, _ = beside(office, lambda _: person(ANA), times=1)
    with pytest.raises(Malformed) as caught:
        desk.report(person(ANA), BY_THE_DIRECTOR)

    assert (caught.value.value, caught.value.why) == (ANA, "is in this ledger already")
    assert [fact.event for fact in office.facts] == [person(ANA)]


def test_whose_role_ends_in_between_is_not_entitled(prepared: Office):
    desk, _ = beside(prepared, lambda _: role_ended(), times=1)
    with pytest.raises(NotEntitled):
        desk.act(approve(), HOUSE)
    assert prepared.last.event == role_ended()


def test_a_request_that_is_withdrawn_in_between_is_not_returned(prepared: Office):
    desk, _ = beside(prepared, lambda _: withdrawn(), times=1)
    with pytest.raises(Malformed):
        desk.report(returned(), BY_THE_DIRECTOR)
    assert prepared.last.event == withdrawn()


def test_a_request_that_is_approved_in_between_is_not_withdrawn(prepared: Office):
    desk, _ = beside(prepared, lambda _: approved().event, times=1)
    with pytest.raises(Malformed):
        desk.report(withdrawn(), BY_THE_DIRECTOR)
    assert prepared.last.event == approved().event
