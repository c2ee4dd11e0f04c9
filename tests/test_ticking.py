"""The calendar: each thing that falls due is recorded exactly once, however late or often, or at once, it is asked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest

from api.commands import Clerk, Document
from api.commands.amending import Renew
from api.desk import Circumstances, Desk
from api.errors import NotEntitled
from api.ticking import Calendar
from ledger.events import (
    ActRefused,
    AgreementExpired,
    AgreementRenewed,
    DestructionRequired,
    Event,
    LegalHoldPlaced,
    PolicyPublished,
    ReminderFellDue,
)
from ledger.home import VIEWS, Home, create_home, open_home
from projections.upkeep import Upkeep
from projections.views.answers import holdings
from projections.views.findings import findings
from tests.amending_facts import ADDENDUM, addendum
from tests.conftest import POSTGRES
from tests.endings import OUT, attested, copied, departed, gone, held, hold_lifted, legal_hold
from tests.facts import ANA, BEN, DATA_SET, EVA, NOON, REQUEST, Clock, person
from tests.office import first_moment_of, last_moment_of, written
from tests.office_acts import authorised, handed_over, let_in
from tests.office_facts import (
    COUHES,
    DUA,
    ELSEWHERE,
    FAR_OFF,
    IRB,
    KEY,
    KEY_EXPIRES,
    MOU,
    OFFICE_ZONE,
    THE_DIRECTOR,
    TODAY,
    certified,
    couhes,
    in_force,
    irb,
    memorandum,
    received,
    recipient,
    role,
    terminated,
    withdrawn,
)
from tests.office_requests import ready
from tests.writers import at_once, meet

CRON = Circumstances(actor="operator:cron", via="command line")
BY = Circumstances(actor=THE_DIRECTOR, via="command line")
RELEASED: list[Event] = [*ready(), authorised().event, handed_over().event, received()]
# Both, who got the data the day before, have no right to them any more from today on.
ENDED: list[Event] = [*ready(), *OUT, terminated(MOU, TODAY), terminated(DUA, TODAY)]
REPORT = Document("report.txt", b"We found what we looked for.", "text/plain")
LAPSE = FAR_OFF + timedelta(1)
# What lasts so long that nothing else falls due around the end of the agreements.
LASTING = {
    "couhes": couhes(expires=None),
    "irb": irb(expires=None),
    "ana_certified": certified(ANA, expires=date(2040, 1, 1)),
    "ben_certified": certified(BEN, expires=date(2040, 1, 1)),
    "key": None,
    "key_confirmed": None,
    "trial_sent": None,
    "test": None,
}


@contextmanager
def home_with(folder: Path, facts: Sequence[Event], store: str | None = None) -> Iterator[tuple[Home, Clock]]:
    clock = Clock(NOON - timedelta(30))
    create_home(folder / "home", "log.example.com", actor="staff:1", via="command line", clock=clock, store=store)
    with open_home(folder / "home", clock) as home:
        written(facts, home.ledger)
        yield home, clock


def ticked(home: Home, clock: Clock, day: date | datetime, *, dry_run: bool = False) -> list[Event]:
    """What falls due when it is asked on a day, at noon."""
    clock.now = day if isinstance(day, datetime) else first_moment_of(day) + timedelta(hours=12)
    before = home.ledger.store.length()
    came = list(Calendar(home, clock(), CRON, dry_run=dry_run).tick())
    recorded = [fact.event for fact in home.ledger.facts(after=before)]
    assert recorded == ([] if dry_run else [one.due.event for one in came])
    assert [one.entry is None for one in came] == [dry_run] * len(came)
    return [one.due.event for one in came]


def expired(agreement: str) -> AgreementExpired:
    return AgreementExpired(agreement=agreement, request=REQUEST, on=LAPSE)


def reminder(kind, what, whom, days=60, day=FAR_OFF, **more) -> ReminderFellDue:
    return ReminderFellDue(kind=kind, what=what, day=day, days=days, whom=whom, **({"request": REQUEST} | more))


def to_be_destroyed(who: str) -> DestructionRequired:
    return DestructionRequired(
        request=REQUEST, person=who, dataset=DATA_SET, label="1", ended=LAPSE, due=FAR_OFF + timedelta(30)
    )


def of_data(kind, who: str, days: int) -> ReminderFellDue:
    return reminder(kind, "1", (who,), days, FAR_OFF + timedelta(30), dataset=DATA_SET)


def of_agreements(days: int) -> list[Event]:
    return [reminder("agreement ends", MOU, (ANA,), days), reminder("agreement ends", DUA, (BEN,), days)]


def in_any_order(events: Sequence[Event]) -> list[str]:
    return sorted(map(repr, events))


def test_reminders_go_out_once_sixty_and_once_thirty_days_before_and_not_a_day_earlier(tmp_path: Path):
    with home_with(tmp_path, ready(**LASTING)) as (home, clock):
        for days, due in ((61, []), (60, of_agreements(60)), (59, []), (31, []), (30, of_agreements(30)), (0, [])):
            assert in_any_order(ticked(home, clock, FAR_OFF - timedelta(days))) == in_any_order(due), days


def test_everything_that_ends_is_reminded_of_and_whom_it_concerns(tmp_path: Path):
    with home_with(tmp_path, ready()) as (home, clock):
        assert in_any_order(ticked(home, clock, TODAY)) == in_any_order(
            [
                *of_agreements(60),
                reminder("ethics determination expires", COUHES, (ANA,)),
                reminder("ethics determination expires", IRB, (BEN,)),
                reminder("training expires", ANA, (ANA,), request=None),
                reminder("training expires", BEN, (BEN,), request=None),
            ]
        )
        assert ticked(home, clock, TODAY) == []


def test_who_left_is_not_reminded_of_what_ends_for_the_others(tmp_path: Path):
    both = memorandum(recipients=(recipient(ANA), recipient(BEN)))
    with home_with(tmp_path, [*ready(**{**LASTING, "mou": both}), departed(BEN)]) as (home, clock):
        assert ticked(home, clock, FAR_OFF - timedelta(60)) == [reminder("agreement ends", MOU, (ANA,))]


def test_a_key_that_expires_is_reminded_of_while_an_agreement_is_in_force(tmp_path: Path):
    lasting = {name: fact for name, fact in LASTING.items() if fact is not None}
    with home_with(tmp_path, ready(**lasting, mou_executed=in_force(MOU, ends=date(2028, 1, 1)))) as (home, clock):
        day = KEY_EXPIRES.date()
        assert ticked(home, clock, day - timedelta(30))[-1] == reminder("key expires", KEY, (ANA,), 30, day)


def test_an_agreement_expires_on_the_day_after_its_last_and_not_before(tmp_path: Path):
    with home_with(tmp_path, ready(**LASTING)) as (home, clock):
        ticked(home, clock, FAR_OFF)
        assert ticked(home, clock, last_moment_of(FAR_OFF)) == []
        assert ticked(home, clock, first_moment_of(LAPSE)) == [expired(MOU), expired(DUA)]
        assert ticked(home, clock, LAPSE) == []


def test_what_expired_did_so_at_midnight_at_the_office_however_late_it_is_recorded(tmp_path: Path):
    with home_with(tmp_path, ready(**LASTING)) as (home, clock):
        ticked(home, clock, LAPSE + timedelta(400))
        late = [fact for fact in home.ledger.facts() if isinstance(fact.event, AgreementExpired)]

    assert {(fact.occurred_at, fact.precision) for fact in late} == {(first_moment_of(LAPSE), "day")}


def test_a_year_late_each_due_thing_is_recorded_once_without_reminders_that_are_of_no_use(tmp_path: Path):
    with home_with(tmp_path, RELEASED) as (home, clock):
        late = LAPSE + timedelta(366)
        # The certificates and determinations have ended, too: nobody is reminded of what is over.
        due = [
            *(expired(DUA), expired(MOU), to_be_destroyed(ANA), to_be_destroyed(BEN)),
            *(of_data("destruction overdue", who, 30) for who in (ANA, BEN)),
        ]
        assert in_any_order(ticked(home, clock, late, dry_run=True)) == in_any_order(due)
        assert in_any_order(ticked(home, clock, late)) == in_any_order(due)
        assert ticked(home, clock, late) == ticked(home, clock, late + timedelta(366)) == []


def test_data_are_to_be_destroyed_when_the_right_ends_and_that_is_reminded_of_when_due_and_when_overdue(tmp_path: Path):
    facts = [*ready(**{**LASTING, "key": ready()[-5]}), authorised().event, handed_over().event, received()]
    with home_with(tmp_path, facts) as (home, clock):
        due = FAR_OFF + timedelta(30)
        ticked(home, clock, FAR_OFF)
        assert in_any_order(ticked(home, clock, LAPSE)) == in_any_order(
            [expired(DUA), expired(MOU), to_be_destroyed(ANA), to_be_destroyed(BEN)]
        )
        for day, kind, days in (
            (due - timedelta(1), None, 0),
            (due, "destruction due", 0),
            (due + timedelta(29), None, 0),
            (due + timedelta(30), "destruction overdue", 30),
            (due + timedelta(300), None, 0),
        ):
            assert ticked(home, clock, day) == [of_data(kind, who, days) for who in (ANA, BEN) if kind], day


def test_a_terminated_agreement_does_not_expire_but_its_data_are_to_be_destroyed(tmp_path: Path):
    with home_with(tmp_path, [*RELEASED, terminated(MOU, TODAY)]) as (home, clock):
        came = ticked(home, clock, TODAY)
        assert [one for one in came if isinstance(one, DestructionRequired)] == [
            msgspec.structs.replace(to_be_destroyed(ANA), ended=TODAY, due=TODAY + timedelta(29))
        ]
        assert expired(MOU) not in ticked(home, clock, LAPSE)


def test_policy_says_when_reminders_go_out(tmp_path: Path):
    policy = PolicyPublished(time_zone=OFFICE_ZONE, reminder_days=(7,))
    with home_with(tmp_path, ready(**LASTING, policy=policy)) as (home, clock):
        assert ticked(home, clock, FAR_OFF - timedelta(8)) == []
        assert ticked(home, clock, FAR_OFF - timedelta(7)) == of_agreements(7)


def test_of_a_request_that_was_withdrawn_only_its_agreements_are_looked_at(tmp_path: Path):
    with home_with(tmp_path, [*ready(), withdrawn()]) as (home, clock):
        came = ticked(home, clock, TODAY)

    assert {one.kind for one in came if isinstance(one, ReminderFellDue)} == {"agreement ends", "training expires"}


def test_what_is_renewed_does_not_expire_and_what_expired_is_not_renewed(tmp_path: Path):
    with home_with(tmp_path, ready(**LASTING)) as (home, clock):
        clerk, renewal = Clerk(home, clock), Renew(request=REQUEST, agreement=MOU, report=REPORT)
        clock.now = last_moment_of(FAR_OFF)
        assert not clerk.take(renewal, BY).refused
        assert ticked(home, clock, LAPSE) == [expired(DUA)]
        late = clerk.take(Renew(request=REQUEST, agreement=DUA, report=REPORT), BY)
        assert [one.rule for one in late.objections] == ["renewal-in-time"]
        assert Desk(home.ledger, clock).act(let_in(ANA), BY).objections == ()
        assert ticked(home, clock, date(2028, 1, 16)) == [
            AgreementExpired(agreement=MOU, request=REQUEST, on=date(2028, 1, 16))
        ]


def test_only_the_office_and_whoever_has_the_folder_in_hand_record_what_fell_due(tmp_path: Path):
    granted = role(principal="server:notebooks", person=None, role="data server")
    with home_with(tmp_path, [*ready(), granted]) as (home, clock):
        for actor in ("server:notebooks", "staff:nobody"):
            with pytest.raises(NotEntitled):
                Calendar(home, clock(), Circumstances(actor=actor, via="command line"))
        clock.now = NOON
        assert list(Calendar(home, clock(), Circumstances(actor="staff:admin", via="command line")).tick())


def test_what_gets_a_right_again_while_the_calendar_is_at_it_is_not_to_be_destroyed(tmp_path: Path):
    """Between what the views said and its record an addendum, told late, gives Ben his right back."""
    late = [addendum(recipients=(recipient(BEN, ELSEWHERE),)), in_force(ADDENDUM, TODAY, FAR_OFF)]
    with home_with(tmp_path, ENDED) as (home, clock):
        clock.now = NOON
        came = Calendar(home, clock(), CRON).tick()
        first = next(came).due.event
        written(late, home.ledger)
        rest = [one.due.event for one in came]

    assert isinstance(first, DestructionRequired)
    assert (first.person, rest) == (ANA, [])


@pytest.mark.parametrize(
    "meanwhile",
    [
        [attested(held(BEN))],
        [gone(BEN)],
        [legal_hold(request=REQUEST)],
        [legal_hold(dataset=DATA_SET)],
        [legal_hold(person=BEN)],
    ],
    ids=["attested", "written off", "request on hold", "data set on hold", "person on hold"],
)
def test_what_is_attested_or_may_not_be_destroyed_is_not_asked_for_even_if_that_is_told_at_the_last_moment(
    tmp_path: Path, meanwhile: list[Event]
):
    with home_with(tmp_path, ENDED) as (home, clock):
        clock.now = NOON
        came = Calendar(home, clock(), CRON).tick()
        first = next(came).due.event
        written(meanwhile, home.ledger)
        rest = [one.due.event for one in came]
        assert isinstance(first, DestructionRequired)
        assert (first.person, [one for one in rest if isinstance(one, DestructionRequired)]) == (ANA, [])
        late = ticked(home, clock, TODAY + timedelta(100))

    assert BEN not in {who for one in late if isinstance(one, ReminderFellDue) for who in one.whom}


def test_when_a_hold_is_lifted_what_was_on_hold_is_asked_for(tmp_path: Path):
    with home_with(tmp_path, [*ENDED, legal_hold(person=BEN)]) as (home, clock):
        first = ticked(home, clock, TODAY)
        written([hold_lifted(person=BEN)], home.ledger)
        then = ticked(home, clock, TODAY)

    assert [[one.person for one in came if isinstance(one, DestructionRequired)] for came in (first, then)] == [
        [ANA],
        [BEN],
    ]


def overdue(home: Home, day: date) -> set[str | None]:
    """Whose destruction is overdue on a day, as the findings have it."""
    views = Upkeep(home.path / VIEWS, home.ledger)
    rows = views.ask(lambda tables: findings(tables, day)).rows
    return {one.person for one in rows if one.kind == "overdue destruction"}


def test_what_fell_due_while_a_hold_was_on_is_due_so_many_days_after_that_was_lifted(tmp_path: Path):
    late = TODAY + timedelta(100)
    due = late + timedelta(30)
    with home_with(tmp_path, ENDED) as (home, clock):
        came = [ticked(home, clock, TODAY)]
        written([legal_hold(person=BEN)], home.ledger)
        came.append(ticked(home, clock, late))
        assert overdue(home, late) == {ANA}
        written([hold_lifted(person=BEN)], home.ledger)
        came += [ticked(home, clock, day) for day in (late, due - timedelta(1), due, due)]
        assert [overdue(home, day) for day in (due, due + timedelta(1))] == [{ANA}, {ANA, BEN}]
        of_ben = Upkeep(home.path / VIEWS, home.ledger).ask(lambda tables: holdings(tables, BEN, due)).rows

    told = [
        [one for one in some if getattr(one, "person", None) == BEN or BEN in getattr(one, "whom", ())] for some in came
    ]
    first = DestructionRequired(
        request=REQUEST, person=BEN, dataset=DATA_SET, label="1", ended=TODAY, due=TODAY + timedelta(29)
    )
    asked_again = msgspec.structs.replace(first, due=due)
    reminded = reminder("destruction due", "1", (BEN,), 0, due, dataset=DATA_SET)
    assert told == [[first], [], [asked_again], [], [reminded], []]
    assert [(one.due, one.put_off) for one in of_ben] == [(due, True)]


def test_a_copy_to_which_there_was_never_a_right_is_to_be_destroyed_by_the_day_that_the_views_show(tmp_path: Path):
    with home_with(tmp_path, [*RELEASED, person(EVA), copied(EVA)]) as (home, clock):
        (asked,) = [one for one in ticked(home, clock, TODAY) if isinstance(one, DestructionRequired)]
        (shown,) = Upkeep(home.path / VIEWS, home.ledger).ask(lambda views: holdings(views, EVA, TODAY)).rows

    assert (asked.person, asked.ended, asked.due) == (EVA, TODAY, shown.due)
    assert shown.due == TODAY + timedelta(30)


# Several at once.

MACHINES = 3


def tick_there(path: Path, now: datetime) -> int:
    with open_home(path, Clock(now)) as home:
        meet()
        return len(list(Calendar(home, now, CRON).tick()))


@pytest.mark.parametrize("kept_at", ["file", POSTGRES], indirect=True)
def test_on_several_machines_at_once_each_due_thing_is_recorded_exactly_once(tmp_path: Path, kept_at):
    late = first_moment_of(LAPSE)
    others = [person(f"p-{number:032x}") for number in range(8)]
    with home_with(tmp_path, [*RELEASED, *others], kept_at) as (home, clock):
        due = in_any_order(ticked(home, clock, late, dry_run=True))
        before = home.ledger.store.length()
    counts = at_once([partial(tick_there, tmp_path / "home", late)] * MACHINES)

    with open_home(tmp_path / "home", Clock(late)) as home:
        recorded = [fact.event for fact in home.ledger.facts(after=before)]
    assert (sum(counts), in_any_order(recorded)) == (len(due), due)


def renew_there(path: Path, now: datetime) -> int:
    with open_home(path, Clock(now)) as home:
        meet()
        done = Clerk(home, Clock(now)).take(Renew(request=REQUEST, agreement=MOU, report=REPORT), BY)
        return len(done.entries)


@pytest.mark.parametrize("late", [last_moment_of(FAR_OFF), first_moment_of(LAPSE)])
def test_an_agreement_is_renewed_or_expires_and_never_both(tmp_path: Path, late: datetime, kept_at):
    """The clock of the machine that renews is one moment behind: at the first, both would be right by their own."""
    midnight = first_moment_of(LAPSE)
    with home_with(tmp_path, ready(**LASTING), kept_at):
        pass
    path = tmp_path / "home"
    at_once([partial(tick_there, path, midnight), partial(renew_there, path, late)])

    with open_home(path, Clock(midnight)) as home:
        events = [fact.event for fact in home.ledger.facts()]
    ends = [one for one in events if isinstance(one, AgreementRenewed | AgreementExpired) and one.agreement == MOU]
    assert len(ends) == 1
    if isinstance(ends[0], AgreementExpired):
        assert any(isinstance(one, ActRefused) and one.act == "renew-agreement" for one in events)


def test_what_was_recorded_is_known_by_its_key_and_not_by_who_recorded_it(tmp_path: Path):
    with home_with(tmp_path, ready(**LASTING)) as (home, clock):
        clock.now = first_moment_of(LAPSE)
        assert len(list(Calendar(home, clock(), CRON).tick())) == 2
        by_the_director = msgspec.structs.replace(CRON, actor=THE_DIRECTOR)
        assert list(Calendar(home, clock(), by_the_director).tick()) == []


def hold_there(path: Path, now: datetime) -> int:
    with open_home(path, Clock(now)) as home:
        meet()
        return len(Desk(home.ledger, Clock(now)).report(legal_hold(person=BEN), BY).entries)


def test_nothing_is_asked_to_be_destroyed_that_is_on_hold_by_then(tmp_path: Path, kept_at):
    """Only what was asked for before the hold came in stands before it."""
    with home_with(tmp_path, ENDED, kept_at):
        pass
    path = tmp_path / "home"
    at_once([partial(tick_there, path, NOON), partial(hold_there, path, NOON)])

    with open_home(path, Clock(NOON)) as home:
        facts = {
            type(fact.event): fact.position for fact in home.ledger.facts() if getattr(fact.event, "person", "") == BEN
        }
    assert LegalHoldPlaced in facts
    assert facts.get(DestructionRequired, 0) < facts[LegalHoldPlaced]
