"""The desk against a model of a whole office: whatever comes after a release, nothing that it allowed broke a clause.

Stories that end well are told with a thing left out, or others happening in between: what the desk does in each of
them is what the model of `tests.desk_model_outside` says, who knows none of its rules.
"""

import inspect
import os
import re
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, NamedTuple, cast, get_args

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

import tests.desk_model_endings
import tests.desk_model_outside
from api.desk import Circumstances
from api.ticking import Calendar
from ledger.events import (
    AgreementExecuted,
    AgreementExpired,
    DestructionAccepted,
    DestructionRequired,
    Event,
    IncidentClosed,
    IncidentReported,
    LegalHoldLifted,
    LegalHoldPlaced,
    PublicationPassed,
    QueryAnswered,
    RequestClosed,
)
from ledger.events.query import Answer, Asking
from ledger.home import Home
from ledger.log import Ledger
from projections.acts import Act
from tests.amending_facts import (
    ADDENDUM,
    AMENDMENT,
    addendum,
    amend,
    amendment,
    compelled,
    debarment_lifted,
    debarred,
    renew,
    signatures,
    strangers,
)
from tests.desk_model import Model
from tests.desk_model_outside import WholeModel
from tests.endings import (
    accept,
    attested,
    close,
    close_incident,
    contained,
    copied,
    declared,
    departed,
    finding_assigned,
    finding_closed,
    held,
    hold_lifted,
    incident,
    legal_hold,
    moved_away,
    restored,
    revoked,
    write_off,
)
from tests.facts import ANA, BEN, DATA_SET, REQUEST, commitment
from tests.office_acts import authorise, execute, hand_over, let_in, waive
from tests.office_facts import (
    DIRECTOR,
    DUA,
    ELSEWHERE,
    FAR_OFF,
    HEAD,
    MOU,
    OTHER_REQUEST,
    STRANGER,
    TODAY,
    failed,
    received,
    recipient,
    terminated,
)
from tests.outside import (
    DOI,
    PUBLICATION,
    QUERY,
    answer,
    asked,
    changes_asked,
    has_appeared,
    let_appear,
    notified,
    query_withdrawn,
    retracted,
    reviewed,
    reviewers,
)
from tests.stores import CAMPAIGN
from tests.test_desk_model import AnyDesk, among, of_a_release, of_a_request, past, principals
from tests.test_desk_model import acts as earlier_acts
from tests.test_desk_model import reports as earlier_reports

EXAMPLES = int(os.environ.get("EXAMPLES", "3000" if CAMPAIGN else "30"))
HOW_MANY = settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None)
CRON = Circumstances(actor="operator:cron", via="command line")
LONG, SHORT = date(2027, 11, 1), TODAY + timedelta(2)

# What may happen after a release.

members = st.sampled_from([ANA, BEN, ANA, BEN, STRANGER, HEAD])
anybody = st.sampled_from([ANA, BEN, ANA, BEN, STRANGER, DIRECTOR])
things = st.sampled_from([{"request": REQUEST}, {"request": REQUEST}, {"dataset": DATA_SET}, {"person": BEN}])
concerns = st.sampled_from([((REQUEST,), (), ()), ((REQUEST,), (BEN,), ()), ((), (ANA,), ()), ((), (), (DATA_SET,))])
holdings = st.lists(st.builds(held, members), min_size=1, max_size=2, unique=True)
cells = st.sampled_from([None, 4, 5, 5, 9])
of_endings = st.one_of(
    st.builds(lambda who, by, where: copied(who, by, since=where), st.none() | members, st.none() | members, past),
    st.builds(declared, members),
    st.builds(
        lambda what, by, left: attested(*what, by=by, exceptions=left),
        holdings,
        members,
        st.sampled_from([None, None, commitment()]),
    ),
    st.builds(
        lambda who: incident(*who[0], people=who[1], datasets=who[2]),
        concerns,
    ),
    st.builds(lambda who: contained(*who[0], people=who[1], datasets=who[2]), concerns),
    st.builds(departed, members),
    st.builds(moved_away, members, st.sampled_from([None, ELSEWHERE])),
    st.builds(revoked, members),
    st.builds(restored, members),
    st.builds(lambda on: legal_hold(**on), things),
    st.builds(lambda on: hold_lifted(**on), things),
    st.builds(debarred, members, past.map(lambda day: day + timedelta(5))),
    st.builds(debarment_lifted, members),
    st.builds(terminated, st.sampled_from([MOU, DUA, AMENDMENT, ADDENDUM])),
    st.sampled_from([compelled(), compelled(notice_on=FAR_OFF), received(), failed("delivery")]),
    st.sampled_from([finding_assigned(7, "written off", who=BEN), finding_closed(7, "written off", who=BEN)]),
)
of_outside = st.one_of(
    st.builds(
        lambda kind, by, about, sets: asked(kind, by=by, request=about, datasets=sets, asked=ANA, referred_by=None),
        st.sampled_from(get_args(Asking)),
        st.none() | anybody,
        st.sampled_from([REQUEST, REQUEST, None]),
        st.sampled_from([(DATA_SET,), (DATA_SET,), ()]),
    ),
    st.just(query_withdrawn()),
    st.builds(lambda who: notified(authors=who), st.sampled_from([(ANA,), (ANA, STRANGER)])),
    st.builds(
        lambda who, cell, verdict: reviewed(who, cell, result=verdict),
        st.sampled_from([STRANGER, STRANGER, DIRECTOR, ANA]),
        cells,
        st.sampled_from(["fit to be published"] * 3 + ["changes needed"]),
    ),
    st.sampled_from([changes_asked(), has_appeared(), has_appeared(doi=DOI), retracted()]),
    st.builds(reviewers, st.integers(0, 2), smallest_cell=st.sampled_from([5, 5, 10])),
)
# Written out, all that may happen would be too long for a message.
later_reports: st.SearchStrategy[Event] = st.deferred(lambda: st.one_of(of_endings, of_outside))
answers = st.builds(
    lambda outcome, where, paper, publication, cell, document, who: answer(
        outcome,
        request=where,
        agreement=paper,
        publication=publication,
        smallest_cell=cell,
        answer=commitment(),
        document=document,
        principal=who,
    ),
    st.sampled_from(get_args(Answer)),
    st.sampled_from([REQUEST, OTHER_REQUEST, OTHER_REQUEST, None]),
    st.sampled_from([None, None, MOU, DUA, ADDENDUM]),
    st.sampled_from([None, PUBLICATION]),
    cells,
    st.sampled_from([None, commitment()]),
    principals,
)
named = st.sampled_from(
    [
        (recipient(ANA), recipient(STRANGER)),
        (recipient(STRANGER),),
        (recipient(ANA),),
        (recipient(BEN, ELSEWHERE),),
        (),
    ]
)
amendments = st.builds(
    lambda paper, who, of, template: msgspec.structs.replace(
        paper, recipients=who or paper.recipients, amends=of, template_approved_by=template
    ),
    st.sampled_from([amendment(), amendment(), addendum()]),
    st.none() | named,
    st.sampled_from([MOU, MOU, MOU, DUA, "A-none"]),
    st.sampled_from([HEAD, HEAD, HEAD, STRANGER]),
)
any_later_act = st.one_of(
    st.builds(lambda why, who: accept(reason=why, principal=who), st.sampled_from([None, commitment()]), principals),
    st.builds(write_off, members),
    st.builds(lambda who: close(principal=who), principals),
    st.builds(lambda where, who: close_incident(where, principal=who), st.sampled_from([REQUEST, None]), principals),
    answers,
    answers,
    st.builds(lambda who: let_appear(principal=who), principals),
    st.builds(amend, amendments),
    st.builds(lambda which, ends: execute(which, ends=ends), st.sampled_from([AMENDMENT, ADDENDUM]),
              st.sampled_from([FAR_OFF, FAR_OFF, SHORT, LONG])),
    st.builds(lambda ends, which: renew(ends, agreement=which),
              st.sampled_from([LONG, SHORT, FAR_OFF, date(2029, 1, 1)]), st.sampled_from([MOU, MOU, DUA, AMENDMENT])),
    st.sampled_from([let_in(ANA), let_in(BEN), let_in(STRANGER), waive("second-reviewer", expires=FAR_OFF)]),
)  # fmt: skip
later_acts: st.SearchStrategy[Act] = st.deferred(lambda: any_later_act)
anything: st.SearchStrategy[Any] = st.deferred(
    lambda: st.one_of(later_reports, later_reports, later_acts, later_acts, earlier_reports, earlier_acts)
)

# Stories that end well.

OF_THE_STRANGER = strangers()
STORIES: dict[str, list[Any]] = {
    "destroyed and closed": [
        *(declared(), terminated(MOU), terminated(DUA), attested(), accept(), close()),
    ],
    "a copy, and who has it attests": [
        *(copied(BEN), declared(), terminated(MOU), terminated(DUA), attested(held(ANA), held(BEN)), accept(), close()),
    ],
    "whoever leaves attests alone": [
        *(copied(BEN), departed(BEN), attested(held(BEN), by=BEN), accept(), let_in(BEN), let_in(ANA)),
    ],
    "written off and closed": [
        *(declared(), terminated(MOU), terminated(DUA), write_off(), close()),
    ],
    "a hold, for a while": [
        *(declared(), legal_hold(request=REQUEST), attested(), accept(), hold_lifted(request=REQUEST), accept()),
        *(terminated(MOU), terminated(DUA), close()),
    ],
    "an incident": [
        *(incident(REQUEST), let_in(ANA), contained(REQUEST), close_incident(), let_in(ANA)),
        *(declared(), terminated(MOU), terminated(DUA), attested(), accept(), close()),
    ],
    "amended": [*OF_THE_STRANGER, amend(), *signatures(amendment()), execute(AMENDMENT), let_in(STRANGER)],
    "an addendum": [
        *(*OF_THE_STRANGER, amend(addendum()), *signatures(addendum()), execute(ADDENDUM), let_in(STRANGER)),
        *(asked(by=STRANGER, asked=ANA, referred_by=None), answer("addendum", agreement=ADDENDUM)),
    ],
    "published": [
        *(notified(), reviewed(STRANGER, 4), let_appear(), changes_asked(), notified(), reviewed(STRANGER, 5)),
        *(let_appear(), has_appeared(), asked("verify", by=None, datasets=())),
        answer("public data suffice", publication=PUBLICATION),
    ],
    "asked by somebody with a request": [
        *(asked(by=BEN, request=None), answer("own request", request=OTHER_REQUEST)),
    ],
    "asked to verify": [
        *(asked("verify", by=None), answer("to counsel"), answer("not about data")),
        answer("office verifies", smallest_cell=5, document=commitment()),
    ],
    "renewed": [renew(LONG), renew(LONG + timedelta(10))],
}  # fmt: skip


class Place(NamedTuple):
    """Where the calendar finds a ledger, and keeps its views of it."""

    ledger: Ledger
    path: Path


class WholeDesk(AnyDesk):
    """Whatever may be thrown at a desk before a release, and whatever may come after it."""

    office: ClassVar[type[Model]] = WholeModel
    model: WholeModel

    def __init__(self) -> None:
        self.rest = ExitStack()
        self.place: Place | None = None
        super().__init__()

    @rule(
        story=among(list(STORIES)),
        left_out=st.none() | st.integers(0, 12),
        between=st.lists(st.tuples(st.integers(0, 12), anything), max_size=3),
        hours=st.sampled_from([0, 0, 1, 13, 60]),
        days=st.sampled_from([None, None, None, 2]),
    )
    def data_have_gone_out(
        self, story: str, left_out: int | None, between: list[tuple[int, Any]], hours: int, days: int | None
    ) -> None:
        """And what comes then is a story, without a thing of it or with something in between."""
        self.another_release(days)
        self.goes_on(STORIES[story], left_out, between, hours)

    def goes_on(self, story: list[Any], left_out: int | None, between: list[tuple[int, Any]], hours: int) -> None:
        for place, what in enumerate(story):
            for _, also in [one for one in between if one[0] == place]:
                self.comes(also)
            if place != left_out:
                self.comes(what)
            if place == len(between):
                self.clock.go(timedelta(hours=hours))
        for also in [what for place, what in between if place >= len(story)]:
            self.comes(also)

    @rule(what=st.lists(st.one_of(later_reports, later_acts), min_size=1, max_size=4))
    def more_has_come(self, what: list[Any]) -> None:
        for one in what:
            self.comes(one)

    @rule(report=later_reports, who=principals)
    def somebody_reports_later(self, report: Event, who: str) -> None:
        self.tell(self.about_this(report), who)

    @rule(days=st.sampled_from([0, 1, 3, 30]))
    def the_calendar_is_asked(self, days: int) -> None:
        """Each thing that is due is recorded, and once; nobody is told to destroy what they haven't got."""
        self.clock.go(timedelta(days))
        self.model.now = self.clock.now
        expired = self.model.expired()
        came = self.tick()
        ran_out = [(one.agreement, one.on) for one in came if isinstance(one, AgreementExpired)]
        assert sorted(ran_out) == sorted(expired)
        for one in came:
            if isinstance(one, DestructionRequired):
                assert (one.person, one.dataset, one.label) in self.model.held(one.request)
        self.is_written(*came)
        assert self.tick() == []

    def tick(self) -> list[Event]:
        if self.place is None:
            self.place = Place(self.ledger, Path(self.rest.enter_context(TemporaryDirectory())))
        return [one.due.event for one in Calendar(cast(Home, self.place), self.clock.now, CRON).tick()]

    def another_release(self, days: int | None = None) -> None:
        """Of a request under agreements for so many days, or long ones; received by its contact."""
        self.the_office_is_in_order()
        self.another_request(without=None)
        for fact in of_a_release[len(of_a_request) :]:
            this = self.about_this(fact)
            if isinstance(this, AgreementExecuted) and days is not None:
                this = msgspec.structs.replace(this, ends=self.today + timedelta(days))
            self.step(this)
        for one in (authorise(), hand_over(), received()):
            self.comes(one)

    def the_office_is_in_order(self) -> None:
        """Nobody is debarred either, and what stood in the way of everybody is over."""
        super().the_office_is_in_order()
        for who in (ANA, BEN, STRANGER, HEAD):
            if self.model.is_debarred(who):
                self.tell(debarment_lifted(who))
        for one in self.model.told(LegalHoldPlaced):
            if not one.request and not self.model.told(LegalHoldLifted, hold=one.hold):
                self.tell(msgspec.structs.replace(hold_lifted(), hold=one.hold, dataset=one.dataset, person=one.person))
        for one in self.model.told(IncidentReported):
            if not one.requests and not self.model.told(IncidentClosed, incident=one.incident):
                of_it = {"incident": one.incident, "people": one.people, "datasets": one.datasets}
                if self.model.admits(contained(**of_it), self.today):
                    self.tell(contained(**of_it))
                self.wish(close_incident(None, incident=one.incident))

    def comes(self, what: Any) -> None:
        """It is wished for or told, about the current request."""
        if isinstance(what, Act):
            self.wish(self.about_this(what))
        elif isinstance(what, Event):
            self.tell(self.about_this(what))

    def about_this(self, fact: Any) -> Any:
        """Also of an incident, a hold and a query of its own; what is another request is the one before."""
        fields = fact.__struct_fields__
        changes: dict[str, Any] = {}
        number = int(self.current[-4:])
        if "requests" in fields and fact.requests:
            changes["requests"] = (self.current,)
        for name in {"incident", "hold"} & {*fields}:
            changes[name] = f"{getattr(fact, name)}-{self.current}"
        if getattr(fact, "query", None) == QUERY:
            changes["query"] = f"Q{self.current[1:]}"
        if getattr(fact, "publication", None) == PUBLICATION and getattr(fact, "request", None) is None:
            changes["publication"] = f"{PUBLICATION}-{self.current}"
        this = msgspec.structs.replace(super().about_this(fact), **changes)
        if getattr(fact, "request", None) == OTHER_REQUEST and "query" in fields and number > 1:
            this = msgspec.structs.replace(this, request=f"R-2026-{number - 1:04}")
        return this

    def is_written(self, *facts: Event) -> None:
        """And nothing of it breaks what may never be broken, whatever else was there."""
        for fact in facts:
            match fact:
                case QueryAnswered(outcome="own request" | "addendum"):
                    (asked_for,) = self.model.told(type(asked()), query=fact.query)
                    assert fact.request is not None
                    assert fact.outcome == "addendum" or fact.request != asked_for.request
                case QueryAnswered():
                    assert (fact.outcome in get_args(Answer), fact.request, fact.agreement) == (True, None, None)
                case RequestClosed():
                    assert not self.model.held(fact.request)
                case DestructionAccepted():
                    whose = {one.person for one in fact.holdings}
                    what = {one.dataset for one in fact.holdings}
                    assert not list(self.model.held_by_law(fact.request, whose, what))
                case PublicationPassed():
                    assert self.model.told(type(notified()), publication=fact.publication)
        super().is_written(*facts)

    def teardown(self) -> None:
        with self.rest:
            super().teardown()


def test_no_part_of_the_model_is_made_with_the_rules():
    for part in (tests.desk_model_endings, tests.desk_model_outside):
        assert not re.findall(r"(?m)^\s*(?:from|import) (?:projections|api)\b", inspect.getsource(part))


@pytest.mark.parametrize("story", STORIES)
def test_a_story_that_nothing_disturbs_ends_well(story: str):
    """Else the model and the desk would agree in refusing everything."""
    desk = WholeDesk()
    desk.an_office_opens()
    desk.another_release()
    desk.data_have_gone_out(story, None, [], 0, None)
    last = [act for act in STORIES[story] if isinstance(act, Act)][-1]
    refused = [fact.position for fact in desk.ledger.facts() if fact.type == "act.refused.v1"]
    assert len(desk.model.log) not in refused, last
    desk.teardown()
