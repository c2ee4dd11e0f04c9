"""How far a request has come: by its standing, in the views, in its history and over HTTP, always the same."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.commands.holding import DeclareCopies
from api.desk import Seen
from api.errors import Outdated
from api.history import history_of
from api.names import unnamed
from api.stages import stage_at
from ledger.boundary import about
from ledger.codec import Fact
from ledger.events import Event
from ledger.log import Ledger
from ledger.storage import open_store
from projections.asof import AsOf, Moment
from projections.standing import Stage, Standing, State
from projections.views import answers, listing
from tests.endings import OUT, OVER, attested, closed, copied, declared, destroyed, gone, held
from tests.event_strategies import many
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, fact, ledger_on
from tests.http_office import BY, HttpOffice, executed, office, told
from tests.office import recorded, written
from tests.office_acts import authorised, handed_over, permitted
from tests.office_facts import (
    DUA,
    FAR_OFF,
    MOU,
    TODAY,
    TOMORROW,
    YESTERDAY,
    in_force,
    law,
    request,
    returned,
    terminated,
    withdrawn,
)
from tests.office_facts import received as was_received
from tests.office_requests import complete, ready
from tests.outside import notified
from tests.view_facts import corrected, logs, not_let_in, opened_by

__all__ = ["executed", "office"]

LET_IN, OPENED = permitted().event, opened_by(ANA)
RECEIVED = [*ready(), *OUT]
HELD = [*RECEIVED, declared()]
ENDED = [*HELD, *OVER]
TO_ANA, TO_BEN = attested(), attested(held(BEN), attestation="X-2")
SECOND = [authorised(release="L-2").event, handed_over(release="L-2").event]
AGAIN = request(study_group=(ANA,))
# What has happened, the state that it comes to today, and the last fact by which it came there.
LIVES: dict[str, tuple[list[Event], State, Event]] = {
    "submitted": ([request()], State.SUBMITTED, request()),
    "in once more, as nobody returned it": ([request(), AGAIN], State.SUBMITTED, request()),
    "returned": ([request(), returned()], State.RETURNED, returned()),
    "resubmitted": ([request(), returned(), AGAIN], State.RESUBMITTED, AGAIN),
    "resubmitted twice": ([request(), returned(), request(), returned(), AGAIN], State.RESUBMITTED, AGAIN),
    "resubmitted, and corrected": (
        [request(), returned(), AGAIN, corrected(2, returned())],
        State.SUBMITTED,
        request(),
    ),
    "resubmitted, and the law determined": ([request(), returned(), AGAIN, law()], State.LAW_DETERMINED, law()),
    "resubmitted, and withdrawn": ([request(), returned(), AGAIN, withdrawn()], State.WITHDRAWN, withdrawn()),
    "let in before it was received": ([*ready(), *OUT[:2], LET_IN, OUT[2]], State.RECEIVED, OUT[2]),
    "released": ([*ready(), *OUT[:2], LET_IN], State.RELEASED, OUT[1]),
    "received": (RECEIVED, State.RECEIVED, OUT[2]),
    "refused": ([*RECEIVED, not_let_in(BEN)], State.RECEIVED, OUT[2]),
    "opened under another request": ([*RECEIVED, opened_by(ANA, "R-2026-0002")], State.RECEIVED, OUT[2]),
    "opened under none that is known": ([*RECEIVED, opened_by(ANA, None)], State.RECEIVED, OUT[2]),
    "let in": ([*RECEIVED, LET_IN, OPENED], State.IN_USE, LET_IN),
    "opened": ([*RECEIVED, OPENED, LET_IN], State.IN_USE, OPENED),
    "opened, as was not so": (
        [*RECEIVED, OPENED, corrected(len(RECEIVED) + 1, OPENED)],
        State.RECEIVED,
        OUT[2],
    ),
    "let in after what was not so": (
        [*RECEIVED, OPENED, LET_IN, corrected(len(RECEIVED) + 1, OPENED)],
        State.IN_USE,
        LET_IN,
    ),
    "opened, as was so in the end": (
        [
            *RECEIVED,
            OPENED,
            corrected(len(RECEIVED) + 1, OPENED),
            corrected(len(RECEIVED) + 2, corrected(len(RECEIVED) + 1, OPENED)),
        ],
        State.IN_USE,
        OPENED,
    ),
    "in use, and authorised anew": (
        [*RECEIVED, LET_IN, SECOND[0]],
        State.AUTHORISED,
        SECOND[0],
    ),
    "in use, and something else received": (
        [*RECEIVED, LET_IN, *SECOND, was_received("L-2")],
        State.RECEIVED,
        was_received("L-2"),
    ),
    "in use, and attested before its end": ([*HELD, LET_IN, TO_ANA], State.IN_USE, LET_IN),
    "ended": (ENDED, State.ENDED, OUT[2]),
    "in use, and ended": ([*HELD, LET_IN, *OVER], State.ENDED, LET_IN),
    "ended, and nobody ever held anything": ([*ready(), *OVER], State.ENDED, in_force(MOU)),
    "attested": ([*ENDED, TO_ANA], State.DESTRUCTION_ATTESTED, TO_ANA),
    "attested before its end": ([*HELD, TO_ANA, *OVER], State.DESTRUCTION_ATTESTED, TO_ANA),
    "accepted": ([*ENDED, *destroyed()], State.DESTRUCTION_ATTESTED, TO_ANA),
    "attested, but not of whom is presumed to hold it": ([*RECEIVED, *OVER, TO_ANA], State.ENDED, OUT[2]),
    "attested by one after the other": ([*RECEIVED, *OVER, TO_ANA, TO_BEN], State.DESTRUCTION_ATTESTED, TO_BEN),
    "attested, and opened after it": ([*ENDED, TO_ANA, LET_IN], State.DESTRUCTION_ATTESTED, LET_IN),
    "attested, and a copy turns up": ([*ENDED, TO_ANA, copied(BEN)], State.ENDED, OUT[2]),
    "attested, as was not so": ([*ENDED, TO_ANA, corrected(len(ENDED) + 1, TO_ANA)], State.ENDED, OUT[2]),
    "written off": ([*ENDED, gone()], State.ENDED, OUT[2]),
    "attested, not accepted, and written off": ([*ENDED, TO_ANA, gone()], State.ENDED, OUT[2]),
    "closed": ([*ENDED, *destroyed(), closed().event], State.CLOSED, closed().event),
}


def by_standing(ledger: Ledger, number: str, day: date) -> Stage:
    log = AsOf(ledger, Moment())
    return stage_at(number, Standing(log.facts([about(tags=[f"request:{number}"])])).request(number), log, day)


def by_views(ledger: Ledger, day: date) -> dict[str, Stage]:
    rows = AsOf(ledger, Moment()).ask(lambda views: listing.requests(views, day, (), None, 0, 1000)).rows
    return {one.request: Stage(State(one.state), one.since) for one in rows}


def by_history(facts: Iterable[Event]) -> list[str]:
    about_it = [one for one in recorded(facts) if f"request:{REQUEST}" in one.tags]
    return [one.state for one in history_of(REQUEST, about_it, unnamed, None)]


@pytest.mark.parametrize(("facts", "state", "since"), LIVES.values(), ids=LIVES)
def test_a_request_has_come_as_far_in_its_standing_in_the_views_and_in_its_history(
    facts: list[Event], state: State, since: Event
):
    with open_store("sqlite://", lambda: NOON) as store:
        ledger = ledger_on(store)
        ledger.append([fact(one) for one in facts])
        expected = Stage(state, len(facts) - facts[::-1].index(since))

        assert by_standing(ledger, REQUEST, TODAY) == expected
        assert by_views(ledger, TODAY)[REQUEST] == expected
        assert by_history(facts)[-1] == state


@given(logs(), st.sampled_from([YESTERDAY, TODAY, FAR_OFF]))
@settings(many, max_examples=many.max_examples // 2)
def test_the_views_say_of_every_request_what_its_standing_says(facts: list[Fact], day: date):
    with open_store("sqlite://", lambda: NOON) as store:
        ledger = ledger_on(store)
        ledger.append(facts)
        found = by_views(ledger, day)

        assert found == {number: by_standing(ledger, number, day) for number in found}
        waiting = AsOf(ledger, Moment()).ask(lambda views: answers.waiting(views, day)).rows
        assert {one.request: one.state for one in waiting if one.researcher is not None}.items() <= {
            (number, str(one.state)) for number, one in found.items()
        }


def test_each_event_is_told_with_the_state_after_it():
    facts = [request(), returned(), request(), law(), *HELD[len(complete()) :], LET_IN, OPENED, *OVER, *destroyed()]
    told = by_history(facts)

    assert told[:4] == ["submitted", "returned", "resubmitted", "law determined"]
    assert told[-7:] == ["received", *3 * ["in use"], "ended", *2 * ["destruction attested"]]


def test_a_request_has_ended_from_the_day_on_which_the_last_agreement_is_over():
    facts = [*HELD, LET_IN, TO_ANA, terminated(MOU), terminated(DUA, TOMORROW)]
    with open_store("sqlite://", lambda: NOON) as store:
        ledger = ledger_on(store)
        ledger.append([fact(one) for one in facts])

        for of in (lambda day: by_standing(ledger, REQUEST, day), lambda day: by_views(ledger, day)[REQUEST]):
            assert [of(day).state for day in (TODAY, TOMORROW)] == [State.IN_USE, State.DESTRUCTION_ATTESTED]


def test_the_inbox_tells_of_a_request_in_use():
    with open_store("sqlite://", lambda: NOON) as store:
        ledger = ledger_on(store)
        ledger.append([fact(one) for one in (*RECEIVED, notified(), LET_IN)])
        waiting = AsOf(ledger, Moment()).ask(lambda views: answers.waiting(views, TODAY)).rows

    assert {(one.request, one.state) for one in waiting} == {(REQUEST, "in use")}


# Over HTTP.


PATH = f"/requests/{REQUEST}"


@pytest.fixture
def received_by_ana(executed: HttpOffice) -> HttpOffice:
    """What was released to Ana was received."""
    written(OUT, executed.home.ledger)
    return executed


def let_in(office: HttpOffice) -> None:
    asked = {"person": ANA, "dataset": DATA_SET, "request": REQUEST}
    assert office.post("data server", "/accesses", asked).status_code == 201


def test_a_request_is_shown_and_listed_in_use_once_somebody_was_let_in(received_by_ana: HttpOffice):
    office = received_by_ana
    before = office.clock.now
    assert told(office.get("staff", PATH))["state"] == "received"
    assert told(office.get("staff", "/requests?state=in%20use"))["rows"] == []

    office.clock.go(timedelta(hours=1))
    let_in(office)
    shown = told(office.get("staff", PATH))
    assert (shown["state"], shown["since"]) == ("in use", office.length)
    (listed,) = told(office.get("staff", "/requests?state=in%20use"))["rows"]
    assert (listed["request"], listed["since"]) == (REQUEST, office.length)
    assert told(office.get("staff", "/requests?state=received"))["rows"] == []
    assert told(office.get("staff", f"{PATH}/history"))["rows"][-1]["state"] == "in use"

    then = before.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert told(office.get("staff", f"{PATH}?as_of={then}"))["state"] == "received"
    assert told(office.get("staff", f"{PATH}?known_at={then}"))["state"] == "received"


def test_the_first_who_is_let_in_outdates_what_was_seen_of_it_and_the_next_does_not(received_by_ana: HttpOffice):
    office = received_by_ana
    seen = office.get("staff", PATH).headers["ETag"]
    let_in(office)
    then = office.get("staff", PATH).headers["ETag"]
    let_in(office)

    declares, body = f"{PATH}/copy-declarations", {"by": ANA}
    assert then != seen
    assert office.get("staff", PATH).headers["ETag"] == then
    assert office.post("staff", declares, body, headers={"If-Match": seen}).status_code == 412
    assert office.post("staff", declares, body, headers={"If-Match": then}).status_code == 201


def test_who_is_let_in_between_the_look_and_the_append_is_seen(received_by_ana: HttpOffice):
    office = received_by_ana
    looks = []

    def holds(until: int) -> bool:
        looks.append(until)
        if len(looks) == 1:
            let_in(office)
        return len(looks) < 2

    with pytest.raises(Outdated):
        office.clerk.take(DeclareCopies(request=REQUEST, by=ANA), BY, seen=Seen(REQUEST, holds))
    assert looks[1] == looks[0] + 1
