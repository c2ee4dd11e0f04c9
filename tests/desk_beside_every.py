"""A whole office with the model of it beside: desk, calendar, registers of the past and outbox, in one ledger home."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from api.desk import Outcome
from api.errors import NotEntitled
from api.importing.mapping import read_map
from api.importing.reading import Register
from api.importing.survey import survey
from api.importing.taking import Importer
from api.notices.outbox import open_outbox
from api.notices.reviving import revive
from api.notices.sending import Sender, Tried
from api.notices.settings import settings_in
from ledger.errors import Malformed
from ledger.events import (
    Event,
    FactCorrected,
    NoticeRefused,
    NoticeRevived,
    NoticeSent,
    OrganisationRegistered,
    PastDataSetRecorded,
    PastRegisterTakenIn,
    PastReleaseRecorded,
    PersonDetailsChanged,
    PersonRegistered,
)
from ledger.home import VIEWS, create_home, erase_person, open_home
from ledger.log import IdempotencyKey, Ledger
from projections.acts import EraseDetails
from projections.upkeep import Upkeep
from projections.views.findings import findings
from tests.desk_beside_whole import CRON, Place, WholeDesk
from tests.desk_model_every import OFFICE, EveryModel
from tests.desk_model_written import DECIDING
from tests.desk_thrown import among, principals
from tests.desk_thrown_every import (
    ADDRESSES,
    GONE,
    MORE,
    NAMES,
    OFFICES,
    ORIGIN,
    REST,
    AnotherRequest,
    DaysGoBy,
    Past,
    Sends,
    SendsAgain,
    TakenBack,
    TakesIn,
    all_else,
    registers,
    whom,
)
from tests.desk_thrown_later import anything
from tests.facts import ANA
from tests.office import BY_THE_DIRECTOR
from tests.office_facts import THE_DIRECTOR, TYPIST
from tests.past_facts import MAP, csv_of, past_release
from tests.smtp_server import Smtp

RECORDED: dict[str, type[NoticeSent | NoticeRefused]] = {"sent": NoticeSent, "refused": NoticeRefused}
INTRODUCING = (OrganisationRegistered, PastDataSetRecorded, PersonRegistered)
SETTINGS = """
[email]
since = 2026-01-01
server = "localhost"
port = {port}
security = "none"
from = "Institutional Research <ir@example.edu>"
office = "ir-staff@example.edu"
timeout = 180
"""


class EveryDesk(WholeDesk):
    """And whatever else is recorded of an office, in a ledger home whose people have names and addresses."""

    office: ClassVar[type[EveryModel]] = EveryModel
    model: EveryModel
    mail: ClassVar[Smtp]
    nobody: ClassVar[int]

    def new_ledger(self) -> Ledger:
        folder = Path(self.rest.enter_context(TemporaryDirectory()))
        create_home(folder / "home", ORIGIN, actor="operator:root", via="command line", clock=self.clock)
        self.home = self.rest.enter_context(open_home(folder / "home", self.clock))
        self.place = Place(self.home.ledger, self.home.path)
        self.goes_by(self.mail.port)
        self.read = read_map(self.file("map.toml", MAP.encode()))
        self.addresses = dict(ADDRESSES)
        self.ids: dict[tuple[str, ...], str] = {}
        self.marks: set[str] = set()
        self.messages: dict[tuple[int, str], str] = {}
        return self.home.ledger

    def file(self, name: str, content: bytes) -> str:
        path = self.home.path / name
        path.write_bytes(content)
        return str(path)

    def goes_by(self, port: int) -> None:
        """Mail goes out by the server at this port."""
        self.file("notices.toml", SETTINGS.format(port=port).encode())

    def of_an_office(self) -> list[Event]:
        """With the entry that opened its ledger; and the office knows people by name."""
        self.is_written(next(self.ledger.facts()).event)
        facts = super().of_an_office()
        return [self.known_by_name(fact) if isinstance(fact, PersonRegistered) else fact for fact in facts]

    def known_by_name(self, fact: Any) -> Event:
        """What the office is told of somebody, as far as it does not know it yet."""
        texts = {"name": NAMES.get(fact.person), "email": self.addresses.get(fact.person)}
        texts |= REST if fact.person == ANA else {}
        known = self.model.details(fact.person)
        told = {member: text for member, text in texts.items() if text and member not in known}
        sealed = self.home.custody.seal(f"person:{fact.person}", fact.wire_name, told)
        named: Event = type(fact)(person=fact.person, **sealed) if sealed else fact
        return named

    def the_office_is_in_order(self) -> None:
        """Ana, should she have been forgotten, has told again who she is, and another address."""
        super().the_office_is_in_order()
        known = self.model.details(ANA)
        if "email" not in known:
            self.addresses[ANA] = f"ana{len(self.model.log)}@example.edu"
        if not {"name", "email", *REST} <= known:
            self.tell(self.known_by_name(PersonDetailsChanged(person=ANA)))

    @rule(
        story=among(list(MORE)),
        left_out=st.none() | st.integers(0, 12),
        between=st.lists(st.tuples(st.integers(0, 12), anything | all_else), max_size=3),
        hours=st.sampled_from([0, 0, 13]),
    )
    def and_more_goes_on(self, story: str, left_out: int | None, between: list[tuple[int, Any]], hours: int) -> None:
        self.another_release()
        self.goes_on(MORE[story], left_out, between, hours)

    @rule(what=st.lists(all_else, min_size=1, max_size=3))
    def something_else_has_come(self, what: list[Any]) -> None:
        for one in what:
            self.comes(one)

    @rule(rows=registers, who=principals)
    def somebody_takes_in_a_register(self, rows: TakesIn, who: str) -> None:
        self.takes_in(rows, who)

    def comes(self, what: Any) -> None:
        """It is done, if it is nothing that is wished for or told."""
        match what:
            case TakesIn():
                self.takes_in(what)
            case Sends():
                self.sends(what)
            case SendsAgain():
                self.sends_again(what.back)
            case DaysGoBy():
                self.the_calendar_is_asked(what.days)
            case TakenBack():
                self.something_is_corrected(0, False)
            case AnotherRequest():
                self.another_request(without=None)
            case _:
                super().comes(what)

    # Who is forgotten.

    def wish(self, act: Any, key: IdempotencyKey | None = None) -> Outcome | None:
        """What somebody is forgotten by is destroyed, too."""
        outcome = super().wish(act, key)
        if isinstance(act, EraseDetails) and outcome and not outcome.refused:
            circumstances = {"actor": THE_DIRECTOR, "via": "command line"}
            erase_person(self.home, act.person, act.details, last_copy_lapses=act.last_copy_lapses, **circumstances)
            self.nothing_is_written()
        return outcome

    # What a register says.

    def takes_in(self, what: TakesIn, actor: str = TYPIST) -> None:
        """What is new of it is recorded as it stands there, and once; nothing else is."""
        content = csv_of(*(one.cells for one in what.rows))
        if not self.model.roles(actor, self.today) & (DECIDING | {"admin"}):
            with pytest.raises(NotEntitled):
                Importer(self.home, self.read, actor, self.clock)
            self.nothing_is_written()
            return
        new, file = self.model.new_rows(what.rows), sha256(content).hexdigest()
        with closing(Importer(self.home, self.read, actor, self.clock)) as importer:
            register = Register(Path(self.file("register.csv", content)), self.read.map, self.today)
            found = survey(register, lambda problem: pytest.fail(str(problem)))
            importer.take(register, found.file, found.bad, lambda rows: None)
        recorded = [fact.event for fact in self.ledger.facts(after=len(self.model.log))]
        if not new and self.model.is_taken_in(file):
            assert recorded == []
            return
        self.learns(recorded, new)
        self.is_written(*recorded)
        known = [fact for fact in recorded if isinstance(fact, INTRODUCING)]
        marks = [fact.row for fact in recorded if isinstance(fact, PastReleaseRecorded)]
        assert len({*marks, *self.marks}) == len(marks) + len(self.marks)
        self.marks |= {*marks}
        end = PastRegisterTakenIn(
            register=self.read.map.register, file=file, map=self.read.digest, taken=len(what.rows), left_out=0
        )
        assert recorded == [*known, *(self.release(one, mark) for one, mark in zip(new, marks, strict=True)), end]

    def learns(self, recorded: list[Any], new: list[Past]) -> None:
        """Whom and what nobody knew by then became known, once, by the very words of the register."""
        known = self.known
        unknown = {key: one for one in reversed(new) for key in one.keys if key not in known}
        learnt: dict[tuple[str, ...], str] = {}
        for fact in recorded:
            texts = {member: self.home.custody.unseal(one) for member, one in fact.sealed().items()}
            match fact:
                case OrganisationRegistered():
                    learnt["organisation", texts["name"]] = fact.organisation
                case PastDataSetRecorded():
                    learnt["dataset", fact.title] = fact.dataset
                case PersonRegistered():
                    key = whom(texts["institution"], texts["name"], texts.get("email", ""))
                    assert texts == unknown[key].texts
                    learnt[key] = fact.person
        assert learnt.keys() == unknown.keys()
        ids = [*known.values(), *self.addresses]
        assert len({*learnt.values()}) == len(learnt)
        assert not {*learnt.values()} & {*ids}
        self.addresses |= {id_: key[1] for key, id_ in learnt.items() if key[0] == "address"}
        self.ids |= {key: id_ for key, id_ in learnt.items() if key[0] != "address"}

    @property
    def known(self) -> dict[tuple[str, ...], str]:
        """The ids of whom and what registers may name."""
        return self.ids | {("address", to): who for who, to in self.addresses.items() if self.reaches(who)}

    def reaches(self, who: str) -> bool:
        """Whether the office knows an address of somebody."""
        return who in self.addresses and "email" in self.model.details(who)

    def release(self, said: Past, mark: str) -> Event:
        organisation, dataset, *person = (self.known[key] for key in said.keys)
        return past_release(
            row=mark,
            reference=said.reference,
            organisation=organisation,
            dataset=dataset,
            person=person[0] if person else None,
            form="de-identified",
            agreement_version="1.2",
            on=date(2019, 3, 31),
            dated="day",
        )

    # Who is told.

    def sends(self, what: Sends) -> None:
        """All that waits and is due goes out once, as far as the server takes it."""
        self.mail.refuses = dict(what.answers)
        self.goes_by(self.mail.port if what.is_there else self.nobody)
        self.catches_up()
        expected = list(self.what_comes_of(what))
        before = len(self.mail.received)
        sender = Sender(self.home, settings_in(self.home.path), self.clock, CRON)
        tried = list(sender.send(what.limit))
        assert [((one.notice.position, one.notice.recipient), one.what) for one in tried] == expected
        for one in tried:
            notice = (one.notice.position, one.notice.recipient)
            assert self.messages.setdefault(notice, one.notice.message) == one.notice.message
        assert len({*self.messages.values()}) == len(self.messages)
        sent = [one.notice for one in tried if one.what == "sent"]
        assert [str(one["Message-ID"]) for one in self.mail.received[before:]] == [one.message for one in sent]
        assert [str(one["To"]) for one in self.mail.received[before:]] == [self.address(one.recipient) for one in sent]
        self.is_written(*(self.record(one) for one in tried if one.what in RECORDED))
        self.catches_up()

    def what_comes_of(self, what: Sends) -> Iterator[tuple[tuple[int, str], str]]:
        """Of each notice that is tried; one that nobody can be sent waits longer each time."""
        for notice in self.model.due()[: what.limit]:
            answer = dict(what.answers).get(self.address(notice[1]) or "")
            if self.model.is_moot(notice):
                del self.model.notices[notice]
                yield notice, "moot"
            elif answer == GONE and what.is_there:
                yield notice, "refused"
            elif answer is None and what.is_there and self.address(notice[1]):
                yield notice, "sent"
            else:
                self.model.put_off(notice)
                yield notice, "later"
                if self.address(notice[1]) and not what.is_there:
                    # Nobody is there for the others either.
                    return

    def record(self, tried: Tried) -> Event:
        of = tried.notice
        person = None if of.recipient == OFFICE else of.recipient
        request = getattr(self.model.log[of.position - 1], "request", None)
        return RECORDED[tried.what](
            of=of.position,
            kind=self.model.notices[of.position, of.recipient].kind,
            way="e-mail",
            message=of.message,
            person=person,
            request=request,
        )

    def address(self, who: str) -> str | None:
        return OFFICES if who == OFFICE else self.addresses[who] if self.reaches(who) else None

    def catches_up(self) -> set[int]:
        """What waits is what the model has waiting. Which entries show a finding is for whoever lists findings."""
        views = Upkeep(self.home.path / VIEWS, self.ledger)
        shown = {one.position for one in views.ask(lambda tables: findings(tables, date.min, closed=True)).rows}
        self.model.now = self.clock.now
        self.model.catch_up(shown)
        with open_outbox(self.home, settings_in(self.home.path)) as outbox:
            waiting = {(one.position, one.recipient): (one.kind, one.attempts, one.next_at) for one in outbox.waiting()}
        assert waiting == self.model.notices
        return shown

    def sends_again(self, back: int) -> None:
        """What was refused for good waits anew, once for each refusal, unless nobody is to be told any more."""
        refusals = self.model.placed(NoticeRefused)
        if not refusals:
            return
        position, refused = refusals[-1 - min(back, len(refusals) - 1)]
        shown = self.catches_up()
        settings = settings_in(self.home.path)
        taken_back = [one for _, one in self.model.ever(FactCorrected) if one.corrected == refused.of]
        if taken_back or (refused.person or OFFICE) not in self.model.calls_for(refused.of, shown).to:
            with pytest.raises(Malformed):
                revive(self.home, settings, BY_THE_DIRECTOR, position)
            self.nothing_is_written()
            return
        revive(self.home, settings, BY_THE_DIRECTOR, position)
        again = {name: getattr(refused, name) for name in refused.__struct_fields__}
        if not self.model.told(NoticeRevived, refusal=position):
            self.is_written(NoticeRevived(refusal=position, **again))
        self.nothing_is_written()

    def teardown(self) -> None:
        """What waits at the end is what it should be."""
        self.catches_up()
        super().teardown()
