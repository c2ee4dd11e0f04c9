"""A desk with the model of it beside, and whatever is thrown at both: it allowed nothing that broke a clause then."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from api.desk import Desk, Outcome
from api.errors import NotEntitled, OwnCase
from ledger.errors import KeyReused, LedgerError, Malformed
from ledger.events import (
    ActRefused,
    AgreementExecuted,
    AgreementIssued,
    Event,
    FactCorrected,
    PersonSuspended,
    ReleaseAuthorised,
    RequestApproved,
    SuspensionLifted,
    TrainingVerified,
)
from ledger.log import IdempotencyKey, Ledger
from ledger.storage import open_store
from projections.acts import Act
from projections.judgement import judge_again
from tests.desk_model import Model
from tests.desk_model_written import DECIDING, GOVERNING, GRAVE, IN_CHARGE, ZONE
from tests.desk_thrown import (
    acts,
    few_twists,
    good,
    hours,
    mad_acts,
    mishaps,
    mostly,
    nonsense,
    of_a_release,
    of_a_request,
    principals,
    reports,
)
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, Clock, ledger_on
from tests.office import HOUSE
from tests.office_acts import approve, authorise, execute, hand_over, issue, let_in
from tests.office_facts import (
    DIRECTOR,
    HEAD,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    TYPIST,
    correction,
    form_changed,
    role,
    verified,
)
from tests.stores import CAMPAIGN, assert_holds

HOW_MANY = settings(max_examples=5000 if CAMPAIGN else 90, stateful_step_count=50, deadline=None)

ADMIN = "staff:admin"

NAMING_ITSELF = ("determination", "agreement", "key", "release", "waiver", "amends", "publication", "attestation")


class AnyDesk(RuleBasedStateMachine):
    """Acts and reports in any order, sense and nonsense, while time goes on."""

    office: ClassVar[type[Model]] = Model

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(NOON)
        self.ledger = self.new_ledger()
        self.store = self.ledger.store
        self.desk = Desk(self.ledger, self.clock)
        self.model = self.office()
        self.current = REQUEST
        self.keys: dict[str, tuple[Act | Event, Outcome]] = {}

    def new_ledger(self) -> Ledger:
        return ledger_on(open_store("sqlite://", self.clock), self.clock)

    def of_an_office(self) -> list[Event]:
        """Its people, its organisations and its catalogue."""
        facts = [fact for fact in good if "request" not in fact.__struct_fields__]
        return [*facts, role(principal=ADMIN, person=None, role="admin")]

    @initialize()
    def an_office_opens(self) -> None:
        facts = self.of_an_office()
        self.desk.report_together([(fact, msgspec.structs.replace(HOUSE, actor=THE_DIRECTOR)) for fact in facts])
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

    @rule(twists=few_twists, hours=st.sampled_from([0, 1, 13]))
    def a_release_is_made(self, twists: list[tuple[str, Any]], hours: int) -> None:
        """Of a request that is ready for it, but for a few things that are wanting or happen to it."""
        self.the_office_is_in_order()
        self.another_request(without=None)
        for fact in of_a_release[len(of_a_request) :]:
            if ("wanting", fact) not in twists:
                self.step(self.about_this(fact))
        self.twist("before", twists)
        self.wish(self.about_this(authorise()))
        self.twist("between", twists)
        self.clock.go(timedelta(hours=hours))
        self.wish(self.about_this(hand_over()))
        self.wish(self.about_this(let_in(BEN)))

    def twist(self, when: str, twists: list[tuple[str, Any]]) -> None:
        """What happens then is told, wished, or who is meant has a certificate that is in doubt."""
        for what in [what for at, what in twists if at == when]:
            if isinstance(what, str):
                self.a_certificate_is_in_doubt(what)
            elif isinstance(what, Act):
                self.wish(self.about_this(what))
            else:
                self.tell(self.about_this(what))

    @rule()
    def a_request_comes_in(self) -> None:
        """Complete; what happens from now on is mostly about this one."""
        self.another_request(without=None)

    @rule(report=reports, here=mostly)
    def something_has_happened(self, report: Event, here: bool) -> None:
        self.tell(self.about_this(report) if here else report)

    @rule(report=reports, who=principals)
    def somebody_reports(self, report: Event, who: str) -> None:
        self.tell(self.about_this(report), who)

    @rule(back=st.integers(0, 30), wrongly=st.sampled_from([False] * 7 + [True]))
    def something_is_corrected(self, back: int, wrongly: bool) -> None:
        """One of the last things that were written down, or with other tags than it has."""
        position = max(1, len(self.model.log) - back)
        report = correction(position, self.model.log[position - 1])
        if wrongly:
            report = msgspec.structs.replace(report, about=(f"person:{ANA}", "organisation:O-none"))
        if report.about:
            self.tell(report)

    @rule(back=st.integers(0, 3))
    def a_correction_is_corrected(self, back: int) -> None:
        corrections = [at for at, fact in enumerate(self.model.log, 1) if isinstance(fact, FactCorrected)]
        if corrections:
            position = corrections[-1 - min(back, len(corrections) - 1)]
            self.tell(correction(position, self.model.log[position - 1]))

    @rule(who=st.sampled_from([ANA, BEN]))
    def a_certificate_is_in_doubt(self, who: str) -> None:
        """That it was verified is not so."""
        for position, fact in self.model.placed(TrainingVerified, person=who):
            self.tell(correction(position, fact))

    @rule(who=st.sampled_from([ANA, BEN]), here=st.booleans())
    def somebody_is_suspended(self, who: str, here: bool) -> None:
        self.tell(PersonSuspended(person=who, request=self.current if here else None))

    @rule(who=st.sampled_from([ANA, BEN]), here=st.booleans())
    def a_suspension_is_lifted(self, who: str, here: bool) -> None:
        self.tell(SuspensionLifted(person=who, request=self.current if here else None))

    @rule(several=st.lists(reports, min_size=2, max_size=3), here=mostly)
    def several_things_have_happened(self, several: list[Event], here: bool) -> None:
        several = [self.about_this(report) if here else report for report in several]
        self.tell_together([(report, self.clerk(report)) for report in several])

    @rule(report=nonsense)
    def nonsense_is_told(self, report: Event) -> None:
        with pytest.raises(Malformed):
            self.desk.report(report, HOUSE)
        self.nothing_is_written()

    @rule(act=acts, here=mostly)
    def somebody_wishes(self, act: Act, here: bool) -> None:
        self.wish(self.about_this(act) if here else act)

    @precondition(lambda self: self.model.roles(THE_DIRECTOR, self.today) & IN_CHARGE)
    @rule(act=acts)
    def the_director_wishes(self, act: Any) -> None:
        """Whatever is wanting."""
        self.wish(self.about_this(msgspec.structs.replace(act, principal=THE_DIRECTOR)))

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
        """Somebody may decide, nobody is suspended in all requests, training is verified, the data set what it was."""
        if not self.model.roles(THE_DIRECTOR, self.today) & IN_CHARGE:
            self.tell(role(starts=self.today))
        for who in (ANA, BEN, STRANGER, HEAD, DIRECTOR):
            if self.model.is_barred(who, None):
                self.tell(SuspensionLifted(person=who, request=None))
        for who in (ANA, BEN):
            if not self.model.told(TrainingVerified, person=who):
                self.tell(verified(who))
        if self.model.form(DATA_SET, "1") != "identified":
            self.tell(form_changed("identified"))

    def another_request(self, without: Event | None) -> None:
        self.current = f"R-2026-{sum(one.startswith('R-') for one in self.model.known) + 1:04}"
        facts = [self.about_this(fact) for fact in of_a_request if fact != without]
        self.tell_together([(fact, TYPIST) for fact in facts])

    def step(self, fact: Any) -> None:
        """This is done, if it is something that this office does, and else told."""
        match fact:
            case RequestApproved():
                self.wish(approve(request=fact.request))
            case AgreementIssued():
                self.wish(issue(fact))
            case AgreementExecuted():
                self.wish(execute(fact.agreement, request=fact.request, starts=fact.starts, ends=fact.ends))
            case _:
                self.tell(fact)

    def clerk(self, report: Event) -> str:
        """Who usually reports such things."""
        if isinstance(report, GOVERNING):
            return ADMIN
        return THE_DIRECTOR if isinstance(report, GRAVE) else TYPIST

    def tell(self, report: Event, actor: str | None = None) -> None:
        """It is written down, if it is well formed and somebody tells it who may."""
        self.tell_together([(report, actor or self.clerk(report))])

    def tell_together(self, told: Sequence[tuple[Event, str]]) -> None:
        reports = [(report, msgspec.structs.replace(HOUSE, actor=actor)) for report, actor in told]
        expected = self.what_is_wrong(told)
        if expected is not None:
            with pytest.raises(expected):
                self.desk.report_together(reports)
            self.nothing_is_written()
            return
        self.desk.report_together(reports)
        self.is_written(*(report for report, _ in told))

    def what_is_wrong(self, told: Sequence[tuple[Event, str]]) -> type[LedgerError] | None:
        """The first thing that is, each report after those before it; roles are those of the beginning."""
        ahead = self.office(self.model.log) if len(told) > 1 else self.model
        for report, actor in told:
            if not self.model.may_report(actor, report, self.today):
                return NotEntitled
            if not ahead.admits(report, self.today):
                return Malformed
            if ahead.is_own_case(self.model.face(actor), report):
                return OwnCase
            if len(told) > 1:
                ahead.takes(report)
        return None

    def about_this(self, fact: Any) -> Any:
        """The same today, of the current request if it is about any, and of an agreement, a key, ... of its own."""
        changes: dict[str, Any] = {"request": self.current} if getattr(fact, "request", None) else {}
        for name in NAMING_ITSELF:
            number = getattr(fact, name, None) or ""
            if "request" in fact.__struct_fields__ and number[1:2] == "-":
                changes[name] = f"{number}-{self.current}"
        if getattr(fact, "on", None) == TODAY:
            changes["on"] = self.today
        return msgspec.structs.replace(fact, **changes)

    def wish(self, act: Any, key: IdempotencyKey | None = None) -> Outcome | None:
        """The act is done when the model forbids nothing, refused when it does, and else not let in."""
        expected = self.what_turns_away(act)
        if expected is not None:
            with pytest.raises(expected):
                self.desk.act(act, HOUSE, key)
            self.nothing_is_written()
            return None
        broken = self.model.forbids(act, self.clock.now)
        excepted = self.model.excepted(act, self.clock.now)
        outcome = self.desk.act(act, HOUSE, key)
        (entry,) = outcome.entries
        event: Any = self.ledger.codec.decode(entry).event
        assert (outcome.refused, isinstance(event, ActRefused)) == (broken != set(), broken != set()), broken
        if hasattr(event, "waivers"):
            assert set(event.waivers) == excepted
        if isinstance(event, ReleaseAuthorised):
            things = [(one.dataset, one.label) for one in event.versions]
            assert (set(event.parties), set(event.bases)) == self.model.record_of(event.request, things, self.today)
        self.is_written(event)
        return outcome

    def what_turns_away(self, act: Any) -> type[LedgerError] | None:
        roles = DECIDING | ({"data server"} if act.name == "let-in" else set())
        roles = IN_CHARGE if act.name in ("grant-waiver", "write-off", "close-incident") else roles
        roles = IN_CHARGE | {"admin"} if act.name == "erase-details" else roles
        if not self.model.roles(act.principal, self.today) & roles:
            return NotEntitled
        named = [getattr(act, name, None) for name in ("template_approved_by", "extracted_by")]
        named += [one.person for one in getattr(act, "recipients", ())]
        named += [act.person] if act.name in ("write-off", "erase-details") else []
        unknown = act.request is not None and self.model.said(act.request) is None
        if unknown or {*named} - {None} - self.model.known.keys():
            return Malformed
        return Malformed if act.name == "execute-agreement" and act.ends < act.starts else None

    def is_written(self, *facts: Event) -> None:
        """These are in the log now, at its end, and nothing else is new."""
        after = len(self.model.log)
        assert [fact.event for fact in self.ledger.facts(after=after)] == list(facts)
        for fact in facts:
            self.model.takes(fact)

    def nothing_is_written(self) -> None:
        assert self.store.head().position == len(self.model.log)

    @property
    def today(self) -> date:
        return self.clock.now.astimezone(ZONE).date()

    def teardown(self) -> None:
        """The log is what was written, an auditor finds nothing, and every judgement is explained."""
        facts = list(self.ledger.facts())
        assert [fact.event for fact in facts] == self.model.log
        for fact in facts:
            explanation = judge_again(self.ledger, fact, self.clock.now)
            assert (explanation is None) == (fact.judged is None)
            assert explanation is None or explanation.agrees
        assert_holds(self.store)
        self.store.close()
