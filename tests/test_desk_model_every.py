"""The desk, the calendar, registers of the past and the outbox against a model of all that an office writes down.

They work on one ledger home with real custody, and a real mail server on loopback that takes, refuses or is not there.
Every act and every report has its place in a story, and any of them is disturbed by any other.
"""

from collections.abc import Iterator
from typing import get_args

import pytest
from hypothesis.stateful import run_state_machine_as_test

from ledger.events import DECLARED, ActRefused, Event
from projections.acts import AnyAct
from tests.desk_beside_every import EveryDesk
from tests.desk_beside_whole import HOW_MANY
from tests.desk_thrown_every import ALL_ACTS, MORE
from tests.desk_thrown_later import STORIES
from tests.ports import a_port
from tests.smtp_server import Smtp, served


@pytest.fixture(autouse=True, scope="module")
def a_mail_server() -> Iterator[None]:
    with served(Smtp()) as server, a_port() as nobody:
        EveryDesk.mail, EveryDesk.nobody = server, nobody
        yield


@pytest.mark.campaign
# A whole log is long to look at, and nobody has to.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_whatever_happens_the_ledger_says_as_the_model_of_a_whole_office_does():
    run_state_machine_as_test(EveryDesk, settings=HOW_MANY)


def test_every_act_and_every_event_has_its_place_in_a_story():
    """So that none of them is forgotten: what is new has to be told here, and then meets all the others."""
    recorded, refused = set(), set()
    for story in [*STORIES, *MORE]:
        desk = EveryDesk()
        desk.an_office_opens()
        desk.another_release()
        desk.goes_on((STORIES | MORE)[story], None, [], 0)
        for act in ALL_ACTS:
            desk.comes(act)
        facts = list(desk.ledger.facts())
        recorded |= {type(fact.event) for fact in facts}
        refused |= {fact.event.act for fact in facts if isinstance(fact.event, ActRefused)}
        desk.teardown()
    # What an event meant in a form that is written no more.
    assert recorded == {one for one in DECLARED if one.upcast is Event.upcast}
    assert refused == {one.__struct_config__.tag for one in get_args(AnyAct)}
