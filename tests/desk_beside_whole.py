"""A desk with the model of a whole office beside it, before a release and after it."""

import os
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, NamedTuple, cast, get_args

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

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
from ledger.events.query import Answer
from ledger.home import Home
from ledger.log import Ledger
from projections.acts import Act
from tests.amending_facts import debarment_lifted
from tests.desk_beside_model import AnyDesk
from tests.desk_model import Model
from tests.desk_model_outside import WholeModel
from tests.desk_thrown import among, of_a_release, of_a_request, principals
from tests.desk_thrown_later import STORIES, anything, later_acts, later_reports
from tests.endings import close_incident, contained, hold_lifted
from tests.facts import ANA, BEN
from tests.office_acts import authorise, hand_over
from tests.office_facts import HEAD, OTHER_REQUEST, STRANGER, received
from tests.outside import PUBLICATION, QUERY, asked, notified
from tests.stores import CAMPAIGN

EXAMPLES = int(os.environ.get("EXAMPLES", "3000" if CAMPAIGN else "30"))
HOW_MANY = settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None)
CRON = Circumstances(actor="operator:cron", via="command line")


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
