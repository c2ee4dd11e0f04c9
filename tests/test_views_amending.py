"""What the views say of agreements that were amended, renewed or ran out, and by when data are to be destroyed."""

from datetime import date, timedelta

import pytest

from ledger.events import AmendmentIssued, Event
from ledger.storage import open_store
from projections.asof import AsOf, Moment
from projections.views import answers
from projections.views.answers import Deadline
from projections.views.calendar import candidates, rightless
from tests.amending_facts import expired as expired_as
from tests.amending_facts import renewed as renewed_as
from tests.endings import hold_lifted, legal_hold
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, fact, ledger_on
from tests.office_facts import FAR_OFF, LONG_AGO, TODAY, TOMORROW, YESTERDAY
from tests.office_requests import complete
from tests.test_views import holders, holding, said
from tests.view_facts import AGREED, RELEASED, executed, issued, terminated, trained

WITHOUT_BEN = AmendmentIssued(
    **{name: getattr(issued("A-2", (ANA,)), name) for name in issued().__struct_fields__}, amends="A-1"
)
AMENDED = [WITHOUT_BEN, executed("A-2", TODAY, FAR_OFF)]
RENEWED = renewed_as(FAR_OFF + timedelta(100), "A-1")
EXPIRED = expired_as("A-1", FAR_OFF + timedelta(1))


def rights(*facts: Event) -> list[tuple[str, str, str, str]]:
    question = "SELECT person, agreement, starts, last FROM rights ORDER BY 1, 2"
    found: list[tuple[str, str, str, str]] = said(
        lambda views: views.execute(question).fetchall(), complete(), AGREED, facts
    )
    return found


def ends(*facts: Event, day: date = TODAY) -> list[tuple[date, str]]:
    found = said(lambda views: answers.deadlines(views, day, date.max), complete(), AGREED, facts)
    return [(one.day, one.what) for one in found if one.kind == "agreement ends"]


def test_an_amendment_ends_the_rights_under_what_it_amends_on_the_day_before():
    assert rights(*AMENDED) == [
        (ANA, "A-1", str(LONG_AGO), str(YESTERDAY)),
        (ANA, "A-2", str(TODAY), str(FAR_OFF)),
        (BEN, "A-1", str(LONG_AGO), str(YESTERDAY)),
    ]


def test_until_it_is_executed_an_amendment_gives_no_right_and_ends_none():
    assert rights(WITHOUT_BEN) == rights()


def test_whoever_is_left_out_by_an_amendment_holds_without_a_right_from_its_first_day():
    released = holders(complete(), RELEASED, WITHOUT_BEN, executed("A-2", TOMORROW, FAR_OFF), day=TOMORROW)
    assert released == [
        holding(ANA, agreement="A-2"),
        holding(BEN, how="presumed", until=TODAY, right=False, state="right ended"),
    ]


def test_a_renewal_moves_the_end_of_a_right():
    assert {last for *_, last in rights(RENEWED)} == {str(RENEWED.ends)}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([], [(FAR_OFF, "A-1")]),
        ([RENEWED], [(RENEWED.ends, "A-1")]),
        (AMENDED, [(FAR_OFF, "A-2")]),
        ([EXPIRED], []),
        ([terminated(TOMORROW)], []),
    ],
    ids=["executed", "renewed", "amended", "expired", "terminated"],
)
def test_an_agreement_has_one_deadline_as_long_as_it_goes_on(facts: list[Event], expected: list[tuple[date, str]]):
    assert ends(*facts) == expected


def test_what_is_to_be_destroyed_is_shown_once_and_before_all_else_when_it_is_overdue():
    def shown(day: date, last: date = date.max, *facts: Event) -> list[Deadline]:
        found: list[Deadline] = said(lambda views: answers.deadlines(views, day, last), complete(), RELEASED, facts)
        return [one for one in found if one.kind.startswith("destruction")]

    def both(kind: str) -> list[Deadline]:
        return [Deadline(due, kind, f"{DATA_SET} 1", REQUEST, (who,)) for who in (ANA, BEN)]

    due = FAR_OFF + timedelta(30)
    assert shown(FAR_OFF) == shown(due) == both("destruction due")
    assert shown(FAR_OFF, due - timedelta(1)) == []
    assert shown(due + timedelta(1)) == both("destruction overdue")
    everything = said(lambda views: answers.deadlines(views, due + timedelta(1), date.max), complete(), RELEASED, [])
    assert everything[:2] == both("destruction overdue")
    assert shown(due + timedelta(1), date.max, legal_hold(dataset=DATA_SET)) == []
    lifted = [legal_hold(person=BEN), hold_lifted(person=BEN), legal_hold(hold="H-2026-0002", person=BEN)]
    assert shown(due, date.max, *lifted) == both("destruction due")[:1]
    assert shown(due, date.max, *lifted[:2]) == both("destruction due")


def test_what_nobody_ever_had_a_right_to_is_to_be_destroyed_counted_from_the_day_on_which_it_came():
    facts = [one for one in RELEASED if one not in AGREED]
    (held,) = said(lambda views: rightless(views, TODAY), complete(), facts)
    assert (held.person, held.agreement, held.due) == (ANA, None, TODAY + timedelta(30))


def test_whose_training_ends_is_asked_about_while_an_agreement_names_them():
    def asked(day: date, *facts: Event) -> tuple[str, ...]:
        found = said(lambda views: candidates(views, day, 60), complete(), AGREED, facts)
        return tuple(found.people)

    ends_soon = trained(ANA, LONG_AGO, TODAY + timedelta(60))
    assert asked(TODAY, ends_soon) == (ANA,)
    assert asked(YESTERDAY, ends_soon) == ()
    assert asked(TODAY, ends_soon, trained(ANA, LONG_AGO, date(2029, 1, 1))) == ()
    assert asked(TODAY, ends_soon, terminated(TODAY)) == ()


def test_before_an_amendment_the_views_say_what_was_so_then():
    with open_store("sqlite://", lambda: NOON) as store:
        ledger = ledger_on(store)
        told = [*complete(), *RELEASED, *AMENDED]
        ledger.append([fact(event, occurred_at=NOON - timedelta(9)) for event in told[: -len(AMENDED)]])
        ledger.append([fact(event) for event in AMENDED])
        then = AsOf(ledger, Moment(as_of=NOON - timedelta(1))).ask(
            lambda views: answers.holders(views, DATA_SET, None, YESTERDAY)
        )

    assert [(one.person, one.agreement, one.right) for one in then.rows] == [(ANA, "A-1", True), (BEN, "A-1", True)]
