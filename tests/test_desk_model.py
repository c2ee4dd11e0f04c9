"""The desk against a model of it: whatever is thrown at it, nothing that it approved broke a clause at that instant.

The model knows nothing of the rules, of standings and of the desk. It keeps what it was told in a few sets and says in
plain sentences what an office must not approve and what it has to write down.
"""

import os
from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import date, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from api.desk import Desk, Outcome
from api.errors import NotEntitled
from ledger.errors import KeyReused, LedgerError, Malformed
from ledger.events import (
    ActRefused,
    AffiliationDetermined,
    DeterminationEnded,
    EthicsDetermined,
    Event,
    LawDetermined,
    PersonDetailsChanged,
    PersonRegistered,
    PersonSuspended,
    PolicyPublished,
    RelianceElected,
    RequestApproved,
    RequestDeclined,
    RequestReturned,
    RequestSubmitted,
    RequestWithdrawn,
    RoleEnded,
    RoleGranted,
    SuspensionLifted,
)
from ledger.events.governance import Role
from ledger.log import IdempotencyKey
from ledger.storage import open_store
from projections.acts import Act
from projections.judgement import judge_again
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, Clock, commitment, ledger_on, opened, person
from tests.office import (
    COUHES,
    DIRECTOR,
    ELSEWHERE,
    HEAD,
    HOUSE,
    IRB,
    NOWHERE,
    OTHER_REQUEST,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    approve,
    approved,
    board_ended,
    complete,
    couhes,
    decline,
    head_approval,
    irb,
    lifted,
    request,
    returned,
    role,
    suspended,
    wanted,
    withdrawn,
)
from tests.stores import assert_holds

CAMPAIGN = os.environ.get("CAMPAIGN") == "1"
HOW_MANY = settings(max_examples=3000 if CAMPAIGN else 60, stateful_step_count=50, deadline=None)

NOBODY = "p-" + 32 * "0"
ZONE = ZoneInfo("America/New_York")


# What the model knows of one request, and of an office.


class Board:
    """What a board said, and what became of it."""

    def __init__(self, said: EthicsDetermined) -> None:
        self.said = said
        self.relied_on_since: date | None = None
        self.over_since: date | None = None

    def clears(self, who: str, day: date, accepted: set[str]) -> bool:
        return (
            self.said.outcome in accepted
            and (who in self.said.covers or self.said.covers == ())
            and (self.said.on or date.max) <= day <= (self.said.expires or date.max)
            and day < (self.over_since or date.max)
        )


class Ask:
    """A request."""

    def __init__(self) -> None:
        self.stage = "nowhere"
        self.said: RequestSubmitted | None = None
        self.law: LawDetermined | None = None
        self.homes: dict[str, tuple[str, str | None]] = {}
        self.boards: dict[str, Board] = {}

    @property
    def in_the_office(self) -> bool:
        return self.stage == "in"


class Model:
    """An office, simply."""

    def __init__(self) -> None:
        self.people: dict[str, set[str]] = {}
        self.known: set[str] = set()
        self.asks: dict[str, Ask] = {}
        self.boards: dict[str, str] = {}
        self.terms: list[RoleGranted] = []
        self.faces: dict[str, str] = {}
        self.barred: set[tuple[str, str | None]] = set()
        self.accepted = {"approved", "exempt"}

    # What has to be written down.

    def admits(self, fact: Event) -> bool:
        """Whether a report is well formed: of something that is reported, about what is known, in its turn."""
        match fact:
            case PersonRegistered():
                return fact.person not in self.people
            case PersonDetailsChanged():
                return fact.person in self.people
            case RequestSubmitted():
                named = {fact.researcher, *fact.personnel, *fact.study_group}
                named |= {fact.sponsor or fact.researcher}
                named |= {fact.head_approval.by if fact.head_approval else fact.researcher}
                known = named <= set(self.people) and {one.dataset for one in fact.datasets} <= self.known
                return known and self.ask(fact.request).stage in ("nowhere", "back")
            case RequestReturned() | RequestWithdrawn():
                return self.ask(fact.request).in_the_office
            case AffiliationDetermined():
                known = fact.organisation is None or fact.organisation in self.known
                return known and fact.person in self.people and fact.request in self.asks
            case EthicsDetermined():
                known = fact.organisation is None or fact.organisation in self.known
                known = known and set(fact.covers) <= set(self.people) and fact.request in self.asks
                return known and fact.determination not in self.boards
            case RelianceElected() | DeterminationEnded():
                return self.boards.get(fact.determination) == fact.request
            case LawDetermined():
                return fact.request in self.asks and {one.dataset for one in fact.bases} <= self.known
            case PersonSuspended() | SuspensionLifted():
                return fact.person in self.people and (fact.request is None or fact.request in self.asks)
            case RoleGranted():
                return fact.person is None or fact.person in self.people
            case RoleEnded():
                return True
            case PolicyPublished():
                return fact.time_zone == "America/New_York"
        return False

    def takes(self, fact: Event) -> None:
        """This has been written down."""
        match fact:
            case PersonRegistered() | PersonDetailsChanged():
                self.people.setdefault(fact.person, set()).update(fact.sealed())
            case PersonSuspended():
                self.barred.add((fact.person, fact.request))
            case SuspensionLifted():
                self.barred.discard((fact.person, fact.request))
            case RoleGranted():
                self.terms.append(fact)
                if fact.person:
                    self.faces[fact.principal] = fact.person
            case RoleEnded():
                self.terms = [one for one in self.terms if (one.principal, one.role) != (fact.principal, fact.role)]
            case PolicyPublished():
                extra = {"not human subjects"} if fact.accepts_not_human_subjects else set()
                self.accepted = {"approved", "exempt"} | extra
            case EthicsDetermined():
                self.boards[fact.determination] = fact.request
                self.ask(fact.request).boards[fact.determination] = Board(fact)
            case _ if "request" in fact.__struct_fields__:
                self._takes_of_a_request(fact)

    def _takes_of_a_request(self, fact: Any) -> None:
        ask = self.asks.setdefault(fact.request, Ask())
        match fact:
            case RequestSubmitted():
                ask.stage, ask.said, ask.law = "in", fact, None
            case RequestReturned():
                ask.stage = "back"
            case RequestWithdrawn() | RequestApproved() | RequestDeclined():
                ask.stage = "over"
            case AffiliationDetermined():
                ask.homes[fact.person] = (fact.affiliation, fact.organisation)
            case RelianceElected():
                board = ask.boards[fact.determination]
                board.relied_on_since = min(board.relied_on_since or date.max, fact.on)
            case DeterminationEnded():
                board = ask.boards[fact.determination]
                board.over_since = min(board.over_since or date.max, fact.on)
            case LawDetermined():
                ask.law = fact

    def ask(self, request: str) -> Ask:
        return self.asks.get(request) or Ask()

    # What must not be approved.

    def may_decide(self, principal: str, day: date) -> bool:
        return any(
            one.principal == principal
            and one.role in ("director", "acting director", "alternate", "staff")
            and one.starts <= day <= (one.ends or date.max)
            for one in self.terms
        )

    def forbids(self, act: Act, day: date) -> set[str]:
        """The clauses that doing this would break."""
        ask = self.ask(act.request)
        said = ask.said
        assert said is not None
        parts = {said.researcher, said.sponsor or "", *said.personnel, *said.study_group}
        parts |= {said.head_approval.by} if said.head_approval else set()
        broken = set()
        if not ask.in_the_office:
            broken.add("not before the office")
        if self.faces.get(act.principal) in parts:
            broken.add("own request")
        if act.name == "approve-request":
            broken |= set(self._incomplete(said))
            for who in set(said.study_group):
                broken |= set(self._unfit(who, ask, act.request, day))
            broken |= set(self._unlawful(said, ask))
        return broken

    def _incomplete(self, said: RequestSubmitted) -> Iterator[str]:
        told = self.people[said.researcher]
        if not {"name", "institution", "department", "address"} <= told or not told & {"email", "phone"}:
            yield "C1.1"
        if said.researcher_is_student and said.sponsor in (None, said.researcher):
            yield "sponsor"
        for answer, by_whom in ((said.funded, said.funding), (said.peer_reviewed, said.reviewers)):
            if answer is None or (answer and not by_whom):
                yield "C1.2"
        above = said.head_approval
        if (
            above is None
            or above.by == said.researcher
            or (said.researcher_heads_department and above.capacity not in ("dean", "next above"))
        ):
            yield "C1.2"
        if not said.datasets or not said.study_group or not set(said.study_group) <= set(said.personnel):
            yield "C1.3"
        if not said.description or not said.purposes:
            yield "C1.7"

    def _unfit(self, who: str, ask: Ask, request: str, day: date) -> Iterator[str]:
        where, whose = ask.homes.get(who, ("in doubt", None))
        clear = [board for board in ask.boards.values() if board.clears(who, day, self.accepted)]
        at_home = [board for board in clear if board.said.organisation is None]
        own = [
            board
            for board in clear
            if board.said.organisation
            and (board.said.organisation == whose or (whose is None and who in board.said.covers))
        ]
        relied_on = [board for board in own if board.relied_on_since and board.relied_on_since <= day]
        if where != "outside" and not at_home:
            yield "C1.4"
        if where != "home" and not (own and (at_home or relied_on)):
            yield "C1.5"
        if self.barred & {(who, None), (who, request)}:
            yield "suspended"

    def _unlawful(self, said: RequestSubmitted, ask: Ask) -> Iterator[str]:
        if ask.law is None or not ask.law.consistent:
            yield "law"
            return
        wheres = {ask.homes.get(who, ("in doubt", None))[0] for who in said.study_group}
        classes = {one for where in wheres for one in (("home", "outside") if where == "in doubt" else (where,))}
        carried = {
            (one.dataset, one.form, one.recipients)
            for one in ask.law.bases
            if one.form == "de-identified" or one.basis != "34 CFR 99.31(b)"
        }
        if {(one.dataset, one.form, to) for one in said.datasets for to in classes} - carried:
            yield "law"


# What may be thrown at a desk.

people = st.sampled_from([ANA, ANA, ANA, BEN, BEN, BEN, STRANGER, HEAD, DIRECTOR, NOBODY])
groups = st.lists(st.sampled_from([ANA, BEN, ANA, BEN, STRANGER]), max_size=3).map(tuple)
organisations = st.sampled_from([None, None, ELSEWHERE, ELSEWHERE, NOWHERE])
requests = st.sampled_from([REQUEST, REQUEST, OTHER_REQUEST, "R-2026-0099"])
determinations = st.sampled_from([COUHES, COUHES, IRB, IRB, "E-1", "E-2"])
hours = st.sampled_from([0, 1, 5, 13, 24, 60])
mostly = st.sampled_from([True, True, True, False])
days = st.integers(-4, 12).map(lambda number: TODAY + timedelta(days=number))
principals = st.sampled_from([THE_DIRECTOR, THE_DIRECTOR, "staff:2", "staff:nobody"])
data_sets = st.sampled_from([DATA_SET, DATA_SET, DATA_SET, "D-unknown"])
forms = st.sampled_from(["identified", "de-identified"])
sealed = st.sampled_from([None, commitment()])
good = complete()
of_a_request = [fact for fact in good if "request" in fact.__struct_fields__]


def struct(kind: Any, **members: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, **members)


submissions = st.fixed_dictionaries(
    {},
    optional={
        "researcher": people,
        "researcher_is_student": st.booleans(),
        "sponsor": st.none() | people,
        "researcher_heads_department": st.booleans(),
        "funded": st.sampled_from([None, False, True]),
        "funding": sealed,
        "peer_reviewed": st.sampled_from([None, False, True]),
        "reviewers": sealed,
        "head_approval": st.sampled_from([None, head_approval(), head_approval(ANA), head_approval(HEAD, "dean")]),
        "datasets": st.sampled_from([(), (wanted(),), (wanted("de-identified"),), (wanted(dataset="D-unknown"),)]),
        "personnel": groups,
        "study_group": groups,
        "purposes": st.sampled_from([(), ("improving teaching and curriculum",)]),
        "description": sealed,
    },
)


def submission(request: str, changes: dict[str, Any]) -> RequestSubmitted:
    """A submission that is complete but for a few things: else hardly any would be."""
    complete_one = next(fact for fact in good if isinstance(fact, RequestSubmitted))
    few = dict(list(changes.items())[:2])
    return msgspec.structs.replace(complete_one, request=request, **few)


def policy(accepts: bool, zone: str) -> PolicyPublished:
    return PolicyPublished(accepts_not_human_subjects=accepts, time_zone=zone)


def lawful(request: str, consistent: bool, ways: set[tuple[str, str, str, str]]) -> LawDetermined:
    bases = [dict(zip(("dataset", "form", "recipients", "basis"), way, strict=True)) for way in sorted(ways)]
    return msgspec.convert({"request": request, "consistent": consistent, "bases": bases}, LawDetermined)


usual = [(DATA_SET, form, to, "34 CFR 99.30") for form in ("identified", "de-identified") for to in ("home", "outside")]
ways = st.sampled_from([set(usual), set(usual), set(usual[:2]), set(usual[2:])]) | st.sets(
    st.tuples(
        data_sets, forms, st.sampled_from(["home", "outside"]), st.sampled_from(["34 CFR 99.31(b)", "34 CFR 99.30"])
    ),
    max_size=3,
)
boards = struct(
    EthicsDetermined,
    determination=determinations,
    request=requests,
    organisation=organisations,
    protocol=st.just("1211-01"),
    outcome=st.sampled_from(["approved", "approved", "exempt", "not human subjects", "pending"]),
    on=days,
    expires=st.none() | days,
    covers=st.just(()) | groups,
    document=sealed,
)
laws = st.builds(lawful, requests, st.sampled_from([True, True, True, False]), ways)
reports = st.one_of(
    struct(person, who=people, **dict.fromkeys(("institution", "email"), sealed)),
    struct(PersonDetailsChanged, person=people, **dict.fromkeys(("address", "phone", "department"), sealed)),
    st.builds(submission, requests, submissions),
    st.builds(submission, requests, submissions),
    struct(RequestReturned, request=requests, items=st.just(("C1.2",))),
    struct(RequestWithdrawn, request=requests),
    struct(
        AffiliationDetermined,
        request=requests,
        person=people,
        affiliation=st.sampled_from(["home", "outside", "in doubt"]),
        organisation=organisations,
    ),
    boards,
    boards,
    struct(RelianceElected, request=requests, determination=determinations, on=days, document=sealed),
    struct(
        DeterminationEnded,
        request=requests,
        determination=determinations,
        how=st.sampled_from(["suspended", "lapsed"]),
        on=days,
    ),
    laws,
    struct(PersonSuspended, person=people, request=st.none() | requests),
    struct(SuspensionLifted, person=people, request=st.none() | requests),
    struct(
        RoleGranted,
        principal=principals,
        person=st.none() | people,
        role=st.sampled_from(get_args(Role)),
        starts=days,
        ends=st.none() | days,
    ),
    struct(RoleEnded, principal=principals, role=st.sampled_from(get_args(Role))),
    st.builds(policy, st.booleans(), st.sampled_from(["America/New_York"] * 4 + ["Middle/Earth"])),
)
a_number: Any = 7
mishaps = st.one_of(
    reports,
    st.sampled_from([suspended(ANA, REQUEST), suspended(BEN), lifted(BEN), returned(), withdrawn(), request()]),
    st.builds(board_ended, st.sampled_from([COUHES, IRB]), days),
    st.builds(
        msgspec.structs.replace, st.sampled_from([couhes(determination="E-3"), irb(determination="E-3")]), on=days
    ),
    laws,
)
nonsense = st.sampled_from(
    [
        opened(),
        approved().event,
        RequestDeclined(request=REQUEST, reason=commitment()),
        ActRefused(act="approve-request", request=REQUEST, objections=()),
        person("p-short"),
        person("p-" + 32 * "7", name="Dr No"),
        PersonSuspended(person=a_number, request=None),
        RequestWithdrawn(request="R-1"),
        RequestWithdrawn(request=REQUEST + "\n"),
        PersonDetailsChanged(person=ANA, phone="+1 617 253 1000"),
    ]
)
acts = st.one_of(
    st.builds(lambda who, what: approve(principal=who, request=what), principals, requests),
    st.builds(lambda who, what: approve(principal=who, request=what), principals, requests),
    st.builds(lambda who, what: decline(principal=who, request=what), principals, requests),
)
mad_acts = st.sampled_from(
    [approve(principal=""), approve(request="R-1"), approve(conditions="none"), decline(reason=None)]
)


class AnyDesk(RuleBasedStateMachine):
    """Acts and reports in any order, sense and nonsense, while time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(NOON)
        self.store = open_store("sqlite://", self.clock)
        self.ledger = ledger_on(self.store, self.clock)
        self.desk = Desk(self.ledger, self.clock)
        self.model = Model()
        self.model.known |= {ELSEWHERE, NOWHERE, DATA_SET}
        self.written: list[Event] = []
        self.current = REQUEST
        self.keys: dict[str, tuple[Act | Event, Outcome]] = {}

    @initialize()
    def an_office_opens(self) -> None:
        """With its people, its organisations and its catalogue."""
        facts = [fact for fact in good if "request" not in fact.__struct_fields__]
        self.desk.report_together([(fact, HOUSE) for fact in facts])
        self.is_written(*facts)

    @rule(
        wanting=st.sampled_from(of_a_request), mishaps=st.lists(mishaps, max_size=2), hours=st.sampled_from([0, 13, 60])
    )
    def a_request_comes_in_and_is_decided(self, wanting: Event, mishaps: list[Event], hours: int) -> None:
        """Complete, or with one thing wanting, or with something happening to it in between."""
        self.the_office_is_in_order()
        self.another_request(without=None if mishaps else wanting)
        for mishap in mishaps:
            self.tell(self.about_this(mishap))
        self.clock.go(timedelta(hours=hours))
        self.wish(approve(request=self.current))

    @rule()
    def a_request_comes_in(self) -> None:
        """Complete; what happens from now on is mostly about this one."""
        self.another_request(without=None)

    @rule(report=reports, here=mostly)
    def something_has_happened(self, report: Event, here: bool) -> None:
        self.tell(self.about_this(report) if here else report)

    @rule(who=st.sampled_from([ANA, BEN]), here=st.booleans())
    def somebody_is_suspended(self, who: str, here: bool) -> None:
        self.tell(PersonSuspended(person=who, request=self.current if here else None))

    @rule(who=st.sampled_from([ANA, BEN]), here=st.booleans())
    def a_suspension_is_lifted(self, who: str, here: bool) -> None:
        self.tell(SuspensionLifted(person=who, request=self.current if here else None))

    @rule(which=st.sampled_from([COUHES, IRB]), on=days)
    def a_determination_ends(self, which: str, on: date) -> None:
        self.tell(self.about_this(board_ended(which, on)))

    @rule(law=laws)
    def the_law_is_determined(self, law: LawDetermined) -> None:
        self.tell(self.about_this(law))

    @rule(several=st.lists(reports, min_size=2, max_size=3), here=mostly)
    def several_things_have_happened(self, several: list[Event], here: bool) -> None:
        several = [self.about_this(report) if here else report for report in several]
        if not all(self.admits_together(several)):
            self.is_not_let_in(*several)
            return
        self.desk.report_together([(report, HOUSE) for report in several])
        self.is_written(*several)

    @rule(report=nonsense)
    def nonsense_is_told(self, report: Event) -> None:
        self.is_not_let_in(report)

    @rule(act=acts)
    def somebody_wishes(self, act: Act) -> None:
        self.wish(act)

    @precondition(lambda self: self.model.may_decide(THE_DIRECTOR, self.today))
    @rule()
    def the_director_approves(self) -> None:
        """Or wishes to: whatever is wanting."""
        self.wish(approve(request=self.current))

    @rule(act=mad_acts)
    def nonsense_is_wished(self, act: Act) -> None:
        with pytest.raises(Malformed):
            self.desk.act(act, HOUSE)
        self.nothing_is_written()

    @rule(act=acts, name=st.sampled_from(["k-1", "k-2", "k-3"]))
    def somebody_wishes_under_a_key(self, act: Act, name: str) -> None:
        key = IdempotencyKey("staff:typist", name, msgspec.json.encode(act))
        if name not in self.keys:
            outcome = self.wish(act, key)
            if outcome is not None:
                self.keys[name] = (act, outcome)
            return
        before, outcome = self.keys[name]
        if act == before:
            assert self.desk.act(act, HOUSE, key) == msgspec.structs.replace(outcome, again=True)
        else:
            with pytest.raises(KeyReused):
                self.desk.act(act, HOUSE, key)
        self.nothing_is_written()

    @rule(hours=hours)
    def time_goes_on(self, hours: int) -> None:
        self.clock.go(timedelta(hours=hours))

    def the_office_is_in_order(self) -> None:
        """Somebody may decide, and nobody is suspended in all requests."""
        if not self.model.may_decide(THE_DIRECTOR, self.today):
            self.tell(role(starts=self.today))
        for who, where in sorted(self.model.barred, key=str):
            self.tell(SuspensionLifted(person=who, request=where))

    def another_request(self, without: Event | None) -> None:
        self.current = f"R-2026-{len(self.model.asks) + 1:04}"
        facts = [self.about_this(fact) for fact in of_a_request if fact != without]
        if not all(self.admits_together(facts)):
            self.is_not_let_in(*facts)
            return
        self.desk.report_together([(fact, HOUSE) for fact in facts])
        self.is_written(*facts)

    def tell(self, report: Event) -> None:
        """It is written down, if it is well formed."""
        if not self.model.admits(report):
            self.is_not_let_in(report)
            return
        self.desk.report(report, HOUSE)
        self.is_written(report)

    def about_this(self, fact: Any) -> Any:
        """The same of the current request, if it is about any, and of a determination of its own."""
        changes = {"request": self.current} if getattr(fact, "request", None) else {}
        if "determination" in fact.__struct_fields__:
            changes["determination"] = f"{fact.determination}-{self.current}"
        return msgspec.structs.replace(fact, **changes)

    def admits_together(self, several: Sequence[Event]) -> Iterator[bool]:
        """Whether each is admitted after those before it."""
        ahead = deepcopy(self.model)
        for report in several:
            admitted = ahead.admits(report)
            yield admitted
            if admitted:
                ahead.takes(report)

    def wish(self, act: Act, key: IdempotencyKey | None = None) -> Outcome | None:
        """The act is done when the model forbids nothing, refused when it does, and else not let in."""
        expected: type[LedgerError] | None = None
        if not self.model.may_decide(act.principal, self.today):
            expected = NotEntitled
        elif self.model.ask(act.request).said is None:
            expected = Malformed
        if expected is not None:
            with pytest.raises(expected):
                self.desk.act(act, HOUSE, key)
            self.nothing_is_written()
            return None
        broken = self.model.forbids(act, self.today)
        outcome = self.desk.act(act, HOUSE, key)
        (entry,) = outcome.entries
        event = self.ledger.codec.decode(entry).event
        assert (outcome.refused, isinstance(event, ActRefused)) == (broken != set(), broken != set()), broken
        self.is_written(event)
        return outcome

    def is_written(self, *facts: Event) -> None:
        """These are in the log now, at its end, and nothing else is new."""
        after = len(self.written)
        assert [fact.event for fact in self.ledger.facts(after=after)] == list(facts)
        for fact in facts:
            self.model.takes(fact)
            self.written.append(fact)

    def nothing_is_written(self) -> None:
        assert self.store.head().position == len(self.written)

    def is_not_let_in(self, *several: Event) -> None:
        with pytest.raises(Malformed):
            self.desk.report_together([(report, HOUSE) for report in several])
        self.nothing_is_written()

    @property
    def today(self) -> date:
        return self.clock.now.astimezone(ZONE).date()

    def teardown(self) -> None:
        """The log is what was written, an auditor finds nothing, and every judgement is explained."""
        facts = list(self.ledger.facts())
        assert [fact.event for fact in facts] == self.written
        for fact in facts:
            explanation = judge_again(self.ledger, fact, self.clock.now)
            assert (explanation is None) == (fact.judged is None)
            assert explanation is None or explanation.agrees
        assert_holds(self.store)
        self.store.close()


@pytest.mark.campaign
def test_whatever_is_thrown_at_the_desk_it_does_as_the_model_does():
    run_state_machine_as_test(AnyDesk, settings=HOW_MANY)
