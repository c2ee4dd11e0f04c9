from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from sqlite3 import Connection
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.codec import Fact
from ledger.events import DataSetFormChanged, DeterminationEnded, Event, PolicyPublished
from ledger.storage import open_store
from projections.acts import ExecuteAgreement
from projections.asof import AsOf, Moment
from projections.rules import agreement_signed
from projections.standing import Standing
from projections.views import answers
from projections.views.answers import Access, Deadline, Holding
from projections.views.turns import Turn, turns, working_days
from tests.event_strategies import many
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, commitment, fact, ledger_on, version_added
from tests.office import recorded
from tests.office_facts import (
    DIRECTOR,
    ELSEWHERE,
    FAR_OFF,
    IRB,
    LONG_AGO,
    STRANGER,
    TODAY,
    TOMORROW,
    YESTERDAY,
    board_ended,
    couhes,
    irb,
    law,
    reliance,
    reliance_requested,
    returned,
)
from tests.office_requests import complete
from tests.view_facts import (
    AGREED,
    KEYED,
    RELEASED,
    approved,
    authorised,
    corrected,
    designated,
    everything,
    executed,
    failed,
    handed_over,
    issued,
    key_filed,
    logs,
    mark,
    marks,
    not_let_in,
    opened_by,
    permitted,
    received,
    said_by,
    signed,
    terminated,
    trained,
    waiver,
)

DUA = {"kind": "DUA"}


def said(question: Callable[[Connection], Any], *facts: Event | Iterable[Event]) -> Any:
    """What the views answer in the face of these facts."""
    told = [event for one in facts for event in ([one] if isinstance(one, Event) else one)]
    with open_store("sqlite://", lambda: NOON) as store:
        ledger = ledger_on(store)
        ledger.append([fact(event) for event in told])
        return AsOf(ledger, Moment()).ask(question).rows


def holders(*facts: Event | Iterable[Event], form: str | None = None, day: date = TODAY) -> list[Holding]:
    found: list[Holding] = said(lambda views: answers.holders(views, DATA_SET, form, day), *facts)
    return found


def holding(person: str = ANA, **changes: Any) -> Holding:
    rest: dict[str, Any] = {
        "dataset": DATA_SET,
        "label": "1",
        "form": "identified",
        "how": "held",
        "request": REQUEST,
        "release": "L-1",
        "since": TODAY,
        "agreement": "A-1",
        "until": FAR_OFF,
        "right": True,
        "state": "held",
    }
    said = rest | changes
    return Holding(person=person, **({"due": said["until"] + timedelta(30)} | said))


@given(logs(), st.integers(1, 6))
@settings(many, max_examples=many.max_examples // 4)
def test_views_that_caught_up_step_by_step_say_what_views_made_from_nothing_say(facts: list[Fact], step: int):
    with open_store("sqlite://", lambda: NOON) as store, TemporaryDirectory() as folder:
        ledger = ledger_on(store)
        expected = 0
        for start in range(0, len(facts), step):
            ledger.append(facts[start : start + step])
            said_by(Path(folder) / "views.db", ledger)
            mark(Path(folder) / "views.db")
            # With another policy the views have to start over.
            anew = any(isinstance(one.event, PolicyPublished) for one in facts[start : start + step])
            expected = 1 if anew else expected + 1

        caught_up = said_by(Path(folder) / "views.db", ledger)
        assert caught_up == said_by(Path(folder) / "fresh.db", ledger)
        assert caught_up == tuple(reversed(AsOf(ledger, Moment(known_at=NOON)).ask(everything)))
        assert marks(Path(folder) / "views.db") == expected


# Holdings.


def test_a_received_release_makes_the_contact_a_holder_and_every_other_recipient_a_presumed_one():
    assert holders(complete(), RELEASED) == [holding(ANA), holding(BEN, how="presumed")]


def test_before_receipt_is_confirmed_only_the_contact_may_have_what_was_handed_over():
    assert holders(complete(), AGREED, KEYED, authorised(), handed_over()) == [holding(how="handed over")]


def test_what_was_only_authorised_is_held_by_nobody():
    assert holders(complete(), AGREED, KEYED, authorised()) == []


def test_what_never_arrived_is_held_by_nobody():
    assert holders(complete(), AGREED, KEYED, authorised(), handed_over(), failed()) == []


def test_what_was_received_in_the_end_is_held_though_it_had_failed():
    facts = (authorised(), handed_over(), failed(), received())
    assert holders(complete(), AGREED, KEYED, *facts) == [holding(ANA), holding(BEN, how="presumed")]


def test_a_terminated_agreement_ends_the_right_the_day_before_and_removes_no_holding():
    ended = {"until": YESTERDAY, "right": False, "state": "right ended"}
    facts = (*complete(), *RELEASED[:-1], received(on=LONG_AGO), terminated(TODAY))

    assert holders(facts) == [
        holding(ANA, since=LONG_AGO, **ended),
        holding(BEN, how="presumed", since=LONG_AGO, **ended),
    ]
    assert [one.right for one in holders(facts, day=YESTERDAY)] == [True, True]


def test_the_right_lasts_through_the_last_day_of_the_agreement():
    rights = [
        [one.right for one in holders(complete(), RELEASED, day=day)] for day in (FAR_OFF, FAR_OFF + timedelta(1))
    ]
    assert rights == [[True, True], [False, False]]


def test_a_renewed_agreement_prolongs_the_right_of_those_whom_it_names():
    renewed = [issued("A-2", [ANA]), executed("A-2", FAR_OFF, FAR_OFF + timedelta(365))]

    assert holders(complete(), RELEASED, renewed) == [
        holding(ANA, agreement="A-2", until=FAR_OFF + timedelta(365)),
        holding(BEN, how="presumed"),
    ]


def test_nobody_is_presumed_to_hold_what_was_received_when_no_agreement_named_them():
    late = [issued("A-2", [STRANGER]), executed("A-2", TOMORROW, FAR_OFF)]
    assert STRANGER not in {one.person for one in holders(complete(), RELEASED, late)}


def test_a_version_is_held_in_the_form_that_it_was_found_to_have_since():
    found = DataSetFormChanged(
        dataset=DATA_SET, label="1", form="de-identified", found_by=DIRECTOR, found_on=TODAY, method=commitment()
    )
    facts = (*complete(), version_added(), *RELEASED, found)

    assert holders(facts, form="identified") == []
    assert holders(facts, form="de-identified") == [
        holding(ANA, form="de-identified"),
        holding(BEN, how="presumed", form="de-identified"),
    ]


def test_a_receipt_that_was_corrected_leaves_what_was_handed_over():
    facts = [*complete(), *RELEASED]
    assert holders(facts, corrected(len(facts), facts[-1])) == [holding(how="handed over")]


def test_a_correction_that_was_corrected_itself_changes_nothing():
    facts = [*complete(), *RELEASED]
    first = corrected(len(facts), facts[-1])
    assert holders(facts, first, corrected(len(facts) + 1, first)) == holders(facts)


def test_the_package_says_what_went_out_when_the_authorisation_was_corrected():
    facts = [*complete(), *RELEASED]
    at = facts.index(authorised()) + 1
    assert [(one.person, one.label) for one in holders(facts, corrected(at, authorised()))] == [(ANA, "1"), (BEN, "1")]


def test_somebody_holds_what_came_with_each_release():
    second = [authorised("L-2", "2"), handed_over("L-2", "2"), received("L-2", TOMORROW)]
    found = said(lambda views: answers.holdings(views, BEN, TODAY), complete(), RELEASED, second)

    assert found == [
        holding(BEN, how="presumed"),
        holding(BEN, how="presumed", label="2", release="L-2", since=TOMORROW),
    ]


# Deadlines.


def deadlines(first: date, last: date, *facts: Event | Iterable[Event]) -> list[Deadline]:
    found: list[Deadline] = said(lambda views: answers.deadlines(views, first, last), *facts)
    return found


def test_whatever_ends_of_itself_is_a_deadline_by_day():
    end = TODAY + timedelta(40)
    facts: list[list[Event]] = [
        complete(couhes=couhes(expires=end), irb=None, reliance=None),
        [approved(), issued(), executed(ends=end + timedelta(1))],
        [designated(), key_filed(expires=datetime(2027, 1, 2, 4, 59, tzinfo=UTC)), waiver(end + timedelta(3))],
        [trained(ANA, LONG_AGO, end - timedelta(1)), trained(ANA, LONG_AGO, TOMORROW), trained(BEN, date(2024, 1, 5))],
    ]

    assert deadlines(TODAY, TODAY + timedelta(90), *facts) == [
        Deadline(end - timedelta(1), "training expires", "", None, (ANA,)),
        Deadline(end, "ethics determination expires", "E-couhes", REQUEST, (ANA,)),
        Deadline(end + timedelta(1), "agreement ends", "A-1", REQUEST, (ANA, BEN)),
        # Still the first of January at the office.
        Deadline(end + timedelta(1), "key expires", "K-1", REQUEST, (ANA,)),
        Deadline(end + timedelta(3), "waiver expires", "W-1", REQUEST, ()),
        Deadline(date(2027, 1, 5), "training expires", "", None, (BEN,)),
    ]


def test_the_first_and_the_last_day_count():
    facts = [*complete(irb=None, reliance=None), *AGREED]
    assert [len(deadlines(day, day, facts)) for day in (FAR_OFF - timedelta(1), FAR_OFF, FAR_OFF + timedelta(1))] == [
        0,
        2,
        0,
    ]


def test_what_has_ended_otherwise_is_no_deadline():
    over = DeterminationEnded(determination="E-couhes", request=REQUEST, how="lapsed", on=TODAY)
    facts = [*complete(irb=None, reliance=None), *AGREED, over, terminated(TODAY)]
    assert deadlines(LONG_AGO, date.max, facts) == []


def test_a_training_without_a_printed_expiry_lasts_as_long_as_the_policy_of_today_has_it():
    facts = [*complete(couhes=None, irb=None, reliance=None), trained(ANA, LONG_AGO)]
    shorter = PolicyPublished(training_months=12)

    assert [one.day for one in deadlines(TODAY, date.max, facts)] == [date(2029, 1, 15)]
    assert [one.day for one in deadlines(TODAY, date.max, facts, shorter)] == [date(2027, 1, 15)]


# Accesses.


def test_an_access_by_somebody_whom_no_agreement_in_force_names_is_a_finding():
    facts = [*complete(), *RELEASED]
    first = len(facts) + 1
    asked = [
        permitted(),
        opened_by(BEN),
        opened_by(ANA, None),
        opened_by(STRANGER),
        opened_by(None, None),
        not_let_in(BEN),
    ]

    def access(number: int, how: str, person: str | None, finding: bool, **others: Any) -> Access:
        rest: dict[str, Any] = {"at": NOON, "dataset": DATA_SET, "label": "1", "request": REQUEST, "agreement": None}
        return Access(position=first + number, how=how, person=person, finding=finding, **(rest | others))

    everything = [
        access(0, "permitted", ANA, False, label=None, agreement="A-1"),
        access(1, "opened", BEN, False),
        access(2, "opened", ANA, False, request=None),
        access(3, "opened", STRANGER, True),
        access(4, "opened", None, True, request=None),
        access(5, "refused", BEN, False, label=None),
    ]
    assert said(lambda views: answers.accesses(views, findings=False), facts, asked) == everything
    assert said(lambda views: answers.accesses(views, findings=True), facts, asked) == everything[3:5]


def test_an_access_becomes_a_finding_when_the_agreement_turns_out_to_have_ended_before():
    facts = [*complete(), *RELEASED, opened_by(BEN)]

    def findings(*more: Event) -> list[Any]:
        found: list[Any] = said(lambda views: answers.accesses(views, findings=True), facts, more)
        return found

    assert [len(findings(terminated(day))) for day in (TOMORROW, TODAY)] == [0, 1]


def test_an_access_that_was_never_made_is_passed_over_until_that_is_corrected_itself():
    facts = [*complete(), opened_by(STRANGER)]
    first = corrected(len(facts), facts[-1])

    def accesses(*more: Event) -> list[Access]:
        found: list[Access] = said(lambda views: answers.accesses(views, findings=False), facts, more)
        return found

    assert accesses(first) == []
    assert accesses(first, corrected(len(facts) + 1, first)) == accesses()
    assert len(accesses()) == 1


# Turns.

OFFICE_DECIDES = ("office", (), "approve or decline")
HOME_BOARD = ("board", (), "decide whether to rely on protocol 1211-01")
ASKED = complete(reliance=reliance_requested())
STEPS: list[tuple[list[Event], list[tuple[str, tuple[str, ...], str]]]] = [
    (complete(law=None), [("office", (), "have the law determined")]),
    (complete(), [OFFICE_DECIDES]),
    (complete(law=law(consistent=False)), [("office", (), "decline, or have the law determined anew")]),
    (complete(couhes=couhes(outcome="pending")), [("board", (), "decide on protocol 1211-01"), OFFICE_DECIDES]),
    (
        complete(irb=couhes(determination="E-irb", organisation=ELSEWHERE, outcome="pending")),
        [("board", (ELSEWHERE,), "decide on protocol 1211-01"), OFFICE_DECIDES],
    ),
    (ASKED, [HOME_BOARD, OFFICE_DECIDES]),
    (
        complete(irb=irb(outcome="pending"), reliance=reliance_requested()),
        [("board", (ELSEWHERE,), "decide on protocol 1211-01"), HOME_BOARD, OFFICE_DECIDES],
    ),
    ([*ASKED, reliance(document=None)], [OFFICE_DECIDES]),
    ([*ASKED, board_ended(IRB, TODAY)], [OFFICE_DECIDES]),
    ([*ASKED, irb(determination="E-2")], [HOME_BOARD, OFFICE_DECIDES]),
    ([*ASKED, irb(determination="E-2"), reliance(determination="E-2")], [OFFICE_DECIDES]),
    ([*ASKED, irb(determination="E-2"), reliance_requested(determination="E-2")], [HOME_BOARD, OFFICE_DECIDES]),
    ([*ASKED, irb(determination="E-2", covers=(ANA,)), reliance(determination="E-2")], [HOME_BOARD, OFFICE_DECIDES]),
    ([*ASKED, irb(determination="E-2", protocol="7"), reliance(determination="E-2")], [HOME_BOARD, OFFICE_DECIDES]),
    ([*complete(law=None), returned()], [("researcher", (ANA,), "complete what was asked for")]),
    ([*complete(), approved()], [("office", (ANA, BEN), "issue an agreement that names them")]),
    (
        [*complete(), approved(), issued()],
        [("researcher", (ANA,), "sign A-1"), ("office", (), "sign A-1")],
    ),
    ([*complete(), *AGREED[:3]], [("office", (), "sign A-1")]),
    ([*complete(), *AGREED[:4]], [("office", (), "execute A-1")]),
    ([*complete(), *AGREED], [("office", (), "designate a point of contact")]),
    ([*complete(), *AGREED, *KEYED[:1]], [("contact", (ANA,), "send an OpenPGP key")]),
    ([*complete(), *AGREED, *KEYED[:2]], [("office", (ANA,), "confirm the key by a second channel")]),
    ([*complete(), *AGREED, *KEYED[:3]], [("office", (ANA,), "test the key and the channel")]),
    ([*complete(), *AGREED, *KEYED[:4]], [("contact", (ANA,), "read the test file back")]),
    ([*complete(), *AGREED, *KEYED], [("office", (), "authorise the release")]),
    (
        [*complete(), *AGREED, *KEYED, authorised()],
        [("office", (), "record that L-1 failed: it was never handed over")],
    ),
    (
        [*complete(), *AGREED, *KEYED, authorised(), handed_over()],
        [("contact", (ANA,), "confirm that L-1 arrived")],
    ),
    (
        [*complete(), *AGREED, *KEYED, authorised(), authorised("L-2"), handed_over("L-2")],
        [
            ("office", (), "record that L-1 failed: it was never handed over"),
            ("contact", (ANA,), "confirm that L-2 arrived"),
        ],
    ),
    ([*complete(), *RELEASED], []),
]


@pytest.mark.parametrize(("facts", "expected"), STEPS)
def test_it_is_the_turn_of_whoever_has_to_act_next(facts: list[Event], expected: list[Any]):
    assert [(one.who, one.whom, one.next) for one in _turns(facts)] == expected


def test_it_is_their_turn_since_the_last_fact_that_made_it_so():
    facts = [*complete(), *AGREED[:2], signed("researcher")]
    assert _turns(facts) == [Turn("office", (), "sign A-1", facts.index(issued()) + 1)]
    facts += [signed("office", DIRECTOR)]
    assert _turns(facts) == [Turn("office", (), "execute A-1", len(facts))]


def test_an_agreement_with_others_waits_for_an_official_of_each_organisation():
    recipients = issued(**DUA, recipients=())
    named = [one for one in _turns([*complete(), approved(), recipients]) if one.next.startswith("sign")]
    assert [one.who for one in named] == ["researcher", "home signatory"]


@pytest.mark.parametrize("changes", [{}, DUA, {"kind": "DUA", "recipients": ()}])
@pytest.mark.parametrize("signatures", [[], ["researcher"], ["researcher", "office"], ["researcher", "home signatory"]])
def test_an_agreement_waits_to_be_executed_exactly_when_no_signature_is_wanting(changes: Any, signatures: list[Any]):
    facts = [
        *complete(),
        approved(),
        issued(**changes),
        *(signed(one, ANA if one == "researcher" else DIRECTOR) for one in signatures),
    ]
    act = ExecuteAgreement(principal="staff:1", request=REQUEST, agreement="A-1", starts=TODAY, ends=TODAY)
    is_signed = not list(agreement_signed.RULE.on(act, Standing(recorded(facts)), TODAY))

    assert ("execute A-1" in {one.next for one in _turns(facts)}) == is_signed


def test_it_is_the_home_boards_turn_since_it_was_asked_to_rely_on_another():
    (board, _) = _turns(ASKED)
    assert board.since == ASKED.index(reliance_requested()) + 1


def _turns(facts: list[Event]) -> list[Turn]:
    standing = Standing(recorded(facts))
    return turns(standing.request(REQUEST), standing.office.policy.event)


@pytest.mark.parametrize(
    ("since", "today", "days"),
    [
        (date(2026, 11, 20), date(2026, 11, 20), 0),
        (date(2026, 11, 20), date(2026, 11, 22), 0),
        (date(2026, 11, 20), date(2026, 11, 23), 1),
        (date(2026, 11, 21), date(2026, 11, 24), 2),
        (date(2026, 11, 16), date(2026, 11, 30), 10),
        (date(2026, 11, 24), date(2026, 11, 20), 0),
    ],
)
def test_working_days_are_mondays_to_fridays_after_the_first_day(since: date, today: date, days: int):
    assert working_days(since, today) == days


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 400))
def test_working_days_are_as_many_as_one_counts(since: date, span: int):
    counted = sum((since + timedelta(day)).weekday() < 5 for day in range(1, span + 1))
    assert working_days(since, since + timedelta(span)) == counted


# Other times than now.


def test_what_had_not_happened_by_then_does_not_count_as_of_a_time():
    with open_store("sqlite://", lambda: NOON) as store:
        ledger = ledger_on(store)
        ledger.append([fact(event, occurred_at=NOON - timedelta(9)) for event in (*complete(), *RELEASED[:-1])])
        ledger.append([fact(received(), occurred_at=NOON - timedelta(2))])

        def holds(days: int) -> list[str]:
            question = AsOf(ledger, Moment(as_of=NOON - timedelta(days)))
            return [one.how for one in question.ask(lambda views: answers.holders(views, DATA_SET, None, TODAY)).rows]

        assert [holds(10), holds(9), holds(3), holds(2)] == [[], ["handed over"], ["handed over"], ["held", "presumed"]]


def test_what_is_known_to_have_never_been_so_was_not_so_at_any_time():
    facts = [*complete(), *RELEASED]
    with open_store("sqlite://", lambda: NOON) as store:
        ledger = ledger_on(store)
        ledger.append([fact(event, occurred_at=NOON - timedelta(9)) for event in facts])
        ledger.append([fact(corrected(len(facts), facts[-1]))])

        answer = AsOf(ledger, Moment(as_of=NOON - timedelta(5))).ask(
            lambda views: answers.holders(views, DATA_SET, None, TODAY)
        )
        assert (answer.position, [one.how for one in answer.rows]) == (len(facts) + 1, ["handed over"])


def test_what_was_not_recorded_by_then_was_not_known():
    now = [NOON]
    with open_store("sqlite://", lambda: now[0]) as store:
        ledger = ledger_on(store, lambda: now[0])
        facts = [*complete(), *RELEASED]
        ledger.append([fact(event) for event in facts[:-1]])
        now[0] += timedelta(days=3)
        ledger.append([fact(facts[-1], occurred_at=NOON)])

        def known(at: datetime) -> tuple[int, list[str]]:
            answer = AsOf(ledger, Moment(known_at=at)).ask(lambda v: answers.holders(v, DATA_SET, None, TODAY))
            return answer.position, [one.how for one in answer.rows]

        assert known(NOON - timedelta(1)) == (0, [])
        assert known(NOON) == (len(facts) - 1, ["handed over"])
        assert known(now[0] - timedelta(microseconds=1)) == (len(facts) - 1, ["handed over"])
        assert known(now[0]) == (len(facts), ["held", "presumed"])
