"""Notices: what waits follows from the log, is sent at least once, under one id, and recorded once."""

import hmac
import json
import os
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event as Flag
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec.structs import replace

import api.notices
from api.commands import Clerk
from api.commands.people import RegisterPerson
from api.desk import Circumstances, Desk
from api.errors import NotEntitled
from api.notices.calling import CALLING
from api.notices.outbox import OUTBOX, message_id, open_outbox
from api.notices.reviving import refusals, revive
from api.notices.sending import Sender, Tried
from api.notices.settings import SHOWN_BY, Settings, settings_in
from ledger.errors import Busy, Malformed, Unreachable
from ledger.events import (
    ActRefused,
    AgreementExpired,
    DataSetOpened,
    DestructionRequired,
    Event,
    NoticeRefused,
    NoticeRevived,
    NoticeSent,
    PersonRegistered,
    ReminderFellDue,
    RequestClosed,
    RequestDeclined,
    RequestSubmitted,
)
from ledger.events.governance import Objected
from ledger.files import new_file
from ledger.home import Home, create_home, erase_person, open_home
from ledger.storage.turn import Turn
from tests.command_line import STOPPED_PROGRAM, dua_ledger
from tests.endings import copied, finding_assigned, gone, incident
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST, Clock, commitment
from tests.office import (
    DUA,
    FAR_OFF,
    MOU,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    approved,
    complete,
    correction,
    in_force,
    returned,
    use_agreement,
    withdrawn,
    written,
)
from tests.outside import asked, changes_asked, has_appeared, notified, passed, reviewed, told
from tests.smtp_server import Smtp, served
from tests.stores import PATIENCE

BY = Circumstances(actor=THE_DIRECTOR, via="command line")
CRON = Circumstances(actor="operator:cron", via="command line")
ORIGIN = "log.example.com/dua"
ANAS, BENS, OFFICES = "ana@example.edu", "ben@example.org", "ir-staff@example.edu"
REMINDER = ReminderFellDue(kind="agreement ends", what=MOU, day=FAR_OFF, days=60, whom=(ANA, BEN), request=REQUEST)
KEY = b"a key that both sides know"


class Place(NamedTuple):
    """An open home whose people have addresses, with a clock."""

    home: Home
    clock: Clock

    @property
    def settings(self) -> Settings:
        return settings_in(self.home.path)

    def send(self, limit: int | None = None) -> list[Tried]:
        return list(Sender(self.home, self.settings, self.clock, CRON).send(limit))

    def told(self, *events: Event) -> None:
        written(events, self.home.ledger)

    def recorded(self) -> list[Event]:
        facts = self.home.ledger.facts()
        return [fact.event for fact in facts if isinstance(fact.event, NoticeSent | NoticeRefused)]

    def waiting(self) -> list[tuple[str, str]]:
        with open_outbox(self.home, self.settings) as outbox:
            return [(one.kind, one.recipient) for one in outbox.waiting()]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Ana's request was approved, of which nobody is told: notices begin tomorrow."""
    clock = Clock(NOON)
    create_home(tmp_path / "home", ORIGIN, actor="staff:1", via="command line", clock=clock)
    with open_home(tmp_path / "home", clock) as home:
        facts = complete(ana=None, ben=None)
        written([fact for fact in facts if "role" in fact.wire_name], home.ledger)
        clerk = Clerk(home, clock)
        for who, name, address in ((ANA, "Ana Ejemplo", ANAS), (BEN, "Ben Beispiel", BENS)):
            clerk.take(RegisterPerson(person=who, name=name, email=address), BY)
        written([*(fact for fact in facts if "role" not in fact.wire_name), approved().event], home.ledger)
        clock.go(timedelta(days=1))
        yield Place(home, clock)


@pytest.fixture
def smtp(place: Place) -> Iterator[Smtp]:
    with served(Smtp()) as server:
        by_email(place, server)
        yield server


def by_email(place: Place, server: Smtp, *more: str, security: str = "none", since: date | None = None) -> None:
    lines = [
        "[email]",
        f"since = {since or TODAY + timedelta(1)}",
        'server = "localhost"',
        f"port = {server.port}",
        f'security = "{security}"',
        'from = "Institutional Research <ir@example.edu>"',
        f'office = "{OFFICES}"',
        *more,
    ]
    (place.home.path / "notices.toml").write_text("\n".join(lines))


def sent(position: int, kind: str, who: str | None, request: str | None = REQUEST) -> NoticeSent:
    recipient = who or "office"
    message = message_id(ORIGIN, position, "e-mail", recipient)
    return NoticeSent(of=position, kind=kind, way="e-mail", message=message, person=who, request=request)


def refused_release() -> ActRefused:
    held = Objected(rule="citi-training", about=BEN, wanting="current CITI training", facts=())
    return ActRefused(act="authorise-release", request=REQUEST, objections=(held,))


def test_what_was_sent_is_recorded_once_with_the_person_and_no_address(place: Place, smtp: Smtp):
    place.told(REMINDER)
    position = place.home.ledger.store.length()

    assert [one.what for one in place.send()] == ["sent", "sent"]
    assert place.send() == []
    assert place.recorded() == [sent(position, "reminder", who) for who in (ANA, BEN)]
    assert (smtp.to(), smtp.connections) == ([ANAS, BENS], 1)


def test_a_message_says_whom_it_is_from_and_that_nobody_wrote_it_by_hand(place: Place, smtp: Smtp):
    place.told(REMINDER)
    position = place.home.ledger.store.length()
    place.send(limit=1)
    (message,) = smtp.received

    assert message["From"] == "Institutional Research <ir@example.edu>"
    assert message["Subject"] == f"Request {REQUEST}: agreement ends on {FAR_OFF}"
    assert message["Message-ID"] == message_id(ORIGIN, position, "e-mail", ANA)
    assert message["Message-ID"].endswith("@log.example.com>")
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content()
    assert text.startswith("Dear Ana Ejemplo,")
    assert f"Agreement {MOU} of request {REQUEST} ends on {FAR_OFF}, in 54 days." in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 78


def of_ben(kind: Any, dataset: str | None = None) -> ReminderFellDue:
    return ReminderFellDue(kind=kind, what="1", day=FAR_OFF, days=30, whom=(BEN,), request=REQUEST, dataset=dataset)


EVERYTHING: list[tuple[Event, list[str], str]] = [
    (returned(), [ANAS], "Dear Ana Ejemplo, Your request R-2026-0001 comes back to you, for these items: C1.2."),
    (approved().event, [ANAS], "was approved"),
    (RequestDeclined(request=REQUEST, reason=commitment()), [ANAS], "was declined"),
    (refused_release(), [ANAS], "Ben Beispiel has no current CITI training"),
    (REMINDER, [ANAS, BENS], "ends on"),
    (of_ben("ethics determination expires"), [BENS, ANAS], "approval by the ethics board"),
    (of_ben("key expires"), [BENS, ANAS], "OpenPGP key of Ben Beispiel"),
    (of_ben("destruction due", DATA_SET), [OFFICES, ANAS], "to be destroyed by"),
    (of_ben("destruction overdue", DATA_SET), [OFFICES, ANAS], "That is overdue."),
    (
        ReminderFellDue(kind="training expires", what=BEN, day=FAR_OFF, days=30, whom=(BEN,)),
        [BENS],
        "training of Ben Beispiel expires",
    ),
    (AgreementExpired(agreement=MOU, request=REQUEST, on=TODAY), [ANAS], "nobody may use the data"),
    (
        DestructionRequired(request=REQUEST, person=BEN, dataset=DATA_SET, label="1", ended=TODAY, due=FAR_OFF),
        [OFFICES],
        "No agreement ever gave them a right to it",
    ),
    (DataSetOpened(dataset=DATA_SET, label="1", person=BEN, request=None), [OFFICES], "Ben Beispiel opened"),
    (copied(STRANGER), [OFFICES], "Somebody should look at entry"),
    (incident(REQUEST, after=timedelta(days=2)), [OFFICES], "Somebody should look at entry"),
    (gone(BEN), [OFFICES], "Somebody should look at entry"),
    (has_appeared(), [OFFICES], "appeared on"),
    (finding_assigned(1, "late incident"), [OFFICES], "theirs to deal with"),
    (asked(by=BEN), [OFFICES, BENS], "It waits for an answer"),
    (told(), [], ""),
    (changes_asked(), [ANAS], "It is not to appear as it is"),
    (passed().event, [ANAS], "nothing against it that it appears"),
]


@pytest.mark.parametrize(
    ("event", "whom", "says"),
    [
        (
            DestructionRequired(request=REQUEST, person=BEN, dataset=DATA_SET, label="1", ended=TODAY, due=FAR_OFF),
            [BENS],
            "destroy all copies, backups included",
        ),
        (of_ben("destruction due", DATA_SET), [BENS, ANAS], "to be destroyed by"),
        (of_ben("destruction overdue", DATA_SET), [BENS, ANAS], "That is overdue."),
    ],
)
def test_who_once_had_a_right_to_what_they_hold_is_asked_to_destroy_it(
    place: Place, smtp: Smtp, event: Event, whom: list[str], says: str
):
    place.told(use_agreement(), in_force(DUA), event)
    place.send()
    assert sorted(smtp.to()) == sorted(whom)
    assert all(says in " ".join(message.get_content().split()) for message in smtp.received)


def test_every_event_that_calls_for_a_notice_has_its_place_in_the_table():
    assert {type(event) for event, _, _ in EVERYTHING} | {RequestSubmitted} == set(CALLING)


@pytest.mark.parametrize(("event", "whom", "says"), EVERYTHING, ids=lambda one: getattr(one, "wire_name", None))
def test_everybody_concerned_is_told_in_plain_words(place: Place, smtp: Smtp, event: Event, whom: list[str], says: str):
    place.told(event)
    assert {one.what for one in place.send()} == ({"sent"} if whom else set())

    assert sorted(smtp.to()) == sorted(whom)
    for message in smtp.received:
        text = " ".join(message.get_content().split())
        assert says in text
        assert str(message["Subject"])
        assert "None" not in text + str(message["Subject"])
        assert commitment() not in message.as_string()


def test_what_is_missing_is_told_when_a_request_comes_in_as_it_stands_when_it_is_sent(place: Place, smtp: Smtp):
    by_email(place, smtp, since=TODAY)
    assert ("request received", ANA) in place.waiting()
    place.send()

    letters = [one.get_content() for one in smtp.received if str(one["Subject"]) == f"Request {REQUEST}: received"]
    assert ["a certificate of current CITI human-subjects training" in " ".join(one.split()) for one in letters] == [
        True
    ]


def test_nobody_is_told_of_what_was_recorded_before_notices_began_nor_of_what_was_imported(place: Place, smtp: Smtp):
    assert place.waiting() == []
    imported = Circumstances(actor=THE_DIRECTOR, via="import")
    place.home.ledger.append([imported.fact(REMINDER)])

    assert (place.waiting(), place.send(), smtp.received) == ([], [], [])


def test_nobody_is_told_what_was_taken_back_or_asked_for_what_is_withdrawn(place: Place, smtp: Smtp):
    place.told(returned())
    place.told(correction(place.home.ledger.store.length(), returned()))
    assert place.waiting() == []
    place.told(returned(), withdrawn())
    assert [one.what for one in place.send()] == ["moot"]
    assert (smtp.received, place.waiting()) == ([], [])


def test_what_nobody_is_asked_for_any_more_holds_up_nothing_else(place: Place, smtp: Smtp):
    place.told(returned(), RequestClosed(request=REQUEST), finding_assigned(1, "written off"))

    assert [one.what for one in place.send()] == ["moot", "sent"]
    assert (smtp.to(), place.waiting()) == ([OFFICES], [])


def test_an_access_that_an_agreement_covers_is_no_finding(place: Place, smtp: Smtp):
    opened = DataSetOpened(dataset=DATA_SET, label="1", person=BEN, request=None)
    place.told(opened)
    place.send()
    place.told(use_agreement(), in_force(DUA), opened)

    assert (smtp.to(), place.waiting()) == ([OFFICES], [])


def test_who_asked_who_was_asked_and_who_referred_are_told_the_answer_and_not_that_it_went_to_counsel(
    place: Place, smtp: Smtp
):
    place.told(asked(by=BEN, asked=ANA, referred_by=ANA))
    place.send()
    smtp.received.clear()
    place.told(told("to counsel"))
    assert place.waiting() == []
    place.told(told("refused"))
    place.send()

    assert sorted(smtp.to()) == [ANAS, BENS]
    assert all("was answered: no." in " ".join(one.get_content().split()) for one in smtp.received)


@pytest.mark.parametrize("decision", [changes_asked(), passed().event], ids=lambda one: one.wire_name)
def test_the_authors_and_the_researcher_are_told_what_became_of_a_publication(
    place: Place, smtp: Smtp, decision: Event
):
    place.told(notified(authors=(BEN,)), decision)
    place.send()
    assert sorted(smtp.to()) == [ANAS, BENS]


def test_what_is_as_it_should_be_is_no_finding_to_anybody(place: Place, smtp: Smtp):
    place.told(incident(REQUEST), notified(), reviewed(), passed().event, has_appeared())
    assert {kind for kind, _ in place.waiting()} == {"publication passed"}


# What goes wrong.


def test_while_the_server_is_down_everything_waits_longer_each_time_and_nothing_is_lost(place: Place):
    with served(Smtp()) as gone:
        by_email(place, gone)
    place.told(REMINDER)
    pauses = []
    for _ in range(3):
        (tried,) = place.send()
        assert (tried.what, tried.again is not None) == ("later", True)
        pauses.append(tried.again - place.clock.now if tried.again else timedelta())
        place.clock.go(pauses[-1])
        # The other was not tried, and comes first then by its turn; both wait.
        assert place.waiting() == [("reminder", ANA), ("reminder", BEN)]
    assert pauses == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    with served(Smtp(gone.port)) as back:
        assert [one.what for one in place.send()] == ["sent", "sent"]
        assert back.to() == [ANAS, BENS]


def test_what_failed_is_not_tried_again_before_its_pause_is_over(place: Place, smtp: Smtp):
    smtp.refuses = {ANAS: b"450 later"}
    place.told(REMINDER)
    assert [(one.what, one.why) for one in place.send()] == [("later", "450 later"), ("sent", "")]
    smtp.refuses = {}
    place.clock.go(timedelta(seconds=59))
    assert place.send() == []
    place.clock.go(timedelta(seconds=1))
    assert [one.what for one in place.send()] == ["sent"]


def test_an_address_that_is_refused_for_good_is_reported_and_does_not_hold_up_the_others(place: Place, smtp: Smtp):
    smtp.refuses = {ANAS: b"550 no such user"}
    place.told(REMINDER)
    position = place.home.ledger.store.length()

    assert [(one.what, one.why) for one in place.send()] == [("refused", "550 no such user"), ("sent", "")]
    message = message_id(ORIGIN, position, "e-mail", ANA)
    refused = NoticeRefused(of=position, kind="reminder", way="e-mail", message=message, person=ANA, request=REQUEST)
    assert place.recorded() == [refused, sent(position, "reminder", BEN)]
    place.clock.go(timedelta(days=9))
    assert place.send() == []


def test_what_was_refused_for_good_is_sent_again_under_its_id_once_somebody_says_so(place: Place, smtp: Smtp):
    smtp.refuses = {ANAS: b"550 no such user"}
    place.told(REMINDER)
    position = place.home.ledger.store.length()
    place.send()
    (refusal,) = refusals(place.home)
    message = message_id(ORIGIN, position, "e-mail", ANA)
    details: dict[str, Any] = {"of": position, "kind": "reminder", "way": "e-mail", "message": message}
    revived = NoticeRevived(refusal=refusal.position, **details, person=ANA, request=REQUEST)

    for _ in range(2):
        revive(place.home, place.settings, CRON, refusal.position)
    assert (place.waiting(), refusals(place.home)) == ([("reminder", ANA)], [])
    assert [one.what for one in place.send()] == ["refused"]
    smtp.refuses = {}
    # The outbox follows from the log: one that is lost is made again.
    (place.home.path / OUTBOX).unlink()
    (again,) = refusals(place.home)
    revive(place.home, place.settings, CRON, again.position)
    assert [(one.what, one.notice.message) for one in place.send()] == [("sent", message)]
    assert (place.send(), smtp.to(), smtp.received[-1]["Message-ID"]) == ([], [BENS, ANAS], message)
    refused = NoticeRefused(**details, person=ANA, request=REQUEST)
    assert place.recorded() == [refused, sent(position, "reminder", BEN), refused, sent(position, "reminder", ANA)]
    told = [fact.event for fact in place.home.ledger.facts() if isinstance(fact.event, NoticeRevived)]
    assert told == [revived, NoticeRevived(refusal=again.position, **details, person=ANA, request=REQUEST)]


def test_only_what_was_refused_and_is_still_called_for_is_sent_again(place: Place, smtp: Smtp):
    smtp.refuses = {ANAS: b"550 no such user", BENS: b"550 nor he"}
    place.told(REMINDER, returned())
    position = place.home.ledger.store.length()
    place.send()
    of_reminder, _, of_return = refusals(place.home)
    place.told(correction(position, returned()))
    for entry, why in (
        (0, "does not say"),
        (position, "does not say"),
        (10**6, "does not say"),
        (of_return.position, "was taken back"),
    ):
        with pytest.raises(Malformed, match=why):
            revive(place.home, place.settings, CRON, entry)
    by_email(place, smtp, since=TODAY + timedelta(9))
    with pytest.raises(Malformed, match="called for no more"):
        revive(place.home, place.settings, CRON, of_reminder.position)
    assert not [fact for fact in place.home.ledger.facts() if isinstance(fact.event, NoticeRevived)]


def test_a_server_that_falls_silent_is_given_up_after_its_time(place: Place, smtp: Smtp):
    by_email(place, smtp, "timeout = 0.2")
    smtp.silent.set()
    place.told(REMINDER)
    tried = place.send()
    smtp.released.set()
    smtp.silent.clear()

    assert [(one.what, "timed out" in one.why) for one in tried] == 2 * [("later", True)]
    by_email(place, smtp)
    place.clock.go(timedelta(minutes=1))
    assert [one.what for one in place.send()] == ["sent", "sent"]


def test_a_connection_that_is_lost_is_made_again_for_the_next(place: Place, smtp: Smtp):
    smtp.drops_after = 1
    place.told(REMINDER, refused_release())
    assert [one.what for one in place.send()] == ["sent", "later", "later"]
    smtp.drops_after = 10
    place.clock.go(timedelta(minutes=1))
    assert [one.what for one in place.send()] == ["sent", "sent"]
    assert sorted(smtp.to()) == sorted([ANAS, BENS, ANAS])


def test_a_sender_that_is_killed_before_it_could_record_sends_the_same_message_again(place: Place, smtp: Smtp):
    place.told(REMINDER)
    position = place.home.ledger.store.length()
    smtp.kills = Flag()
    environment = os.environ | {"DUA_LEDGER_HOME": str(place.home.path)}
    line = [*STOPPED_PROGRAM, "send"]
    # The program's clock stands still at noon of the day before.
    by_email(place, smtp, since=TODAY - timedelta(1))
    with subprocess.Popen(
        line, env=environment, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as sender:
        smtp.pid = sender.pid
        smtp.kills.set()
        assert sender.wait(PATIENCE) == -9
    smtp.kills = None
    assert place.recorded() == []
    killed_over = smtp.ids()[0]

    assert {one.what for one in place.send()} == {"sent"}
    assert smtp.ids().count(killed_over) == 2
    assert sent(position, "reminder", ANA) in place.recorded()
    assert sum(getattr(one, "message", "") == killed_over for one in place.recorded()) == 1


def test_an_outbox_that_is_lost_is_made_again_and_nothing_is_sent_twice_that_was_recorded(place: Place, smtp: Smtp):
    smtp.refuses = {BENS: b"451 later"}
    place.told(REMINDER)
    place.send()
    (place.home.path / OUTBOX).unlink()

    smtp.refuses = {}
    assert [(one.what, one.notice.recipient) for one in place.send()] == [("sent", BEN)]


def test_an_erased_person_gets_nothing_and_that_is_said(place: Place, smtp: Smtp):
    place.told(REMINDER)
    erase_person(place.home, BEN, (), last_copy_lapses=TODAY, actor=THE_DIRECTOR, via="command line")

    assert [(one.what, one.why) for one in place.send()] == [
        ("sent", ""),
        ("later", "no e-mail address is known, or it was erased"),
    ]
    assert smtp.to() == [ANAS]


def test_two_do_not_send_at_the_same_time(place: Place, smtp: Smtp, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.notices.sending.PATIENCE", 0.05)
    with Turn(place.home.path / f"{OUTBOX}-turn", 1.0), pytest.raises(Busy):
        place.send()


def test_an_address_that_would_add_a_header_is_refused(place: Place, smtp: Smtp):
    evil = "p-" + 32 * "7"
    # No command takes it; but what is on record is not believed either.
    texts = {"name": "Eve", "email": "eve@example.org\nBcc: all@example.org"}
    sealed = place.home.custody.seal(f"person:{evil}", PersonRegistered.wire_name, texts)
    Desk(place.home.ledger, place.clock).report(PersonRegistered(person=evil, **sealed), BY)
    place.told(ReminderFellDue(kind="training expires", what=evil, day=FAR_OFF, days=30, whom=(evil,)))

    (tried,) = place.send()
    assert (tried.what, smtp.received) == ("refused", [])


def test_only_the_office_and_whoever_has_the_folder_in_hand_send(place: Place, smtp: Smtp):
    with pytest.raises(NotEntitled):
        Sender(place.home, place.settings, place.clock, Circumstances(actor="server:x", via="command line"))


# Encrypted, and logged in.


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's certificate for localhost, signed by itself, in `ca.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "server-key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "server-key.pem")
    return context


def test_mail_is_encrypted_and_logged_in_for_where_settings_say_so(place: Place, smtp: Smtp):
    smtp.certificate, smtp.login = certificate(place.home.path), ("ledger", "swordfish")
    new_file(place.home.path / "password", b"swordfish\n")
    login = ('user = "ledger"', 'password_file = "password"', 'ca_file = "ca.pem"')
    by_email(place, smtp, *login, security="starttls")
    place.told(REMINDER)

    assert [one.what for one in place.send()] == ["sent", "sent"]
    assert (smtp.encrypted, smtp.logged_in) == ([True, True], [("ledger", "swordfish")])


def test_nothing_goes_to_a_server_that_cannot_prove_who_it_is_or_offers_no_encryption(place: Place, smtp: Smtp):
    place.told(REMINDER)
    by_email(place, smtp, security="starttls")
    assert [one.what for one in place.send()] == ["later"]
    smtp.certificate = certificate(place.home.path)
    place.clock.go(timedelta(minutes=1))
    (tried,) = place.send()

    assert (tried.what, "certificate verify failed" in tried.why, smtp.received) == ("later", True, [])


# Webhooks.


class Hooked(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.answers: list[int] = []
        self.received: list[tuple[dict[str, str], bytes]] = []


class _Receiver(BaseHTTPRequestHandler):
    server: Hooked

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def hooked(place: Place, kinds: Sequence[str] = ()) -> Iterator[Hooked]:
    new_file(place.home.path / "hook-key", KEY + b"\n")
    with served(Hooked()) as server:
        lines = [
            "[[webhook]]",
            'name = "dashboard"',
            f"since = {TODAY + timedelta(1)}",
            f'url = "http://127.0.0.1:{server.server_address[1]}/dua?x=1"',
            'key_file = "hook-key"',
            *([f"kinds = {json.dumps(list(kinds))}"] if kinds else []),
        ]
        (place.home.path / "notices.toml").write_text("\n".join(lines))
        yield server


def test_a_program_is_told_what_happened_and_by_whom_and_nothing_of_anybody(place: Place):
    with hooked(place) as server:
        place.told(REMINDER)
        position = place.home.ledger.store.length()
        assert [one.what for one in place.send()] == ["sent"]
        ((headers, body),) = server.received

    message = message_id(ORIGIN, position, "webhook", "dashboard")
    signed = hmac.digest(KEY, headers["X-DUA-Ledger-Timestamp"].encode() + b"." + body, sha256).hex()
    assert headers["X-DUA-Ledger-Signature"] == f"sha256={signed}"
    assert headers["X-DUA-Ledger-Timestamp"] == str(int(place.clock.now.timestamp()))
    assert headers["X-DUA-Ledger-Delivery"] == message
    assert json.loads(body) == {
        "id": message,
        "kind": "reminder",
        "origin": ORIGIN,
        "position": position,
        "recorded_at": "2026-11-22T12:00:00Z",
        "request": REQUEST,
    }
    assert place.recorded() == [
        NoticeSent(of=position, kind="reminder", way="webhook", message=message, request=REQUEST)
    ]


@pytest.mark.parametrize(
    ("status", "what"),
    [(200, "sent"), (302, "later"), (400, "refused"), (401, "later"), (410, "refused"), (429, "later"), (500, "later")],
)
def test_what_a_receiver_answers_says_whether_it_is_tried_again(place: Place, status: int, what: str):
    with hooked(place) as server:
        server.answers = [status]
        place.told(REMINDER)
        assert [one.what for one in place.send()] == [what]
        place.clock.go(timedelta(hours=1))
        assert [one.what for one in place.send()] == (["sent"] if what == "later" else [])
        assert len({headers["X-DUA-Ledger-Delivery"] for headers, _ in server.received}) == 1


def test_a_program_hears_only_of_the_kinds_that_it_wants(place: Place):
    with hooked(place, ["finding"]) as server:
        place.told(REMINDER, DataSetOpened(dataset=DATA_SET, label="1", person=BEN, request=None))
        place.send()
        assert [json.loads(body)["kind"] for _, body in server.received] == ["finding"]


def test_a_key_that_others_may_read_signs_nothing(place: Place):
    with hooked(place):
        (place.home.path / "hook-key").chmod(0o640)
        place.told(REMINDER)
        with pytest.raises(Unreachable, match="can be read by others"):
            place.send()
        assert place.waiting() == [("reminder", "dashboard")]


# Settings, and the command line.


@pytest.mark.parametrize(
    "text",
    [
        "[email",
        "[email]\nserver = 1",
        "[email]\nsince = 2026-11-21",
        "[mail]",
        '[email]\nsince = 2026-11-21\nserver = "x"\nfrom = "nobody"\noffice = "ir@example.edu"',
        '[email]\nsince = 2026-11-21\nserver = "x"\nfrom = "ir@example.edu"\noffice = "a@example.edu, b@example.edu"',
        '[[webhook]]\nname = "x"\nsince = 2026-11-21\nurl = "ftp://x"\nkey_file = "k"',
        2 * '[[webhook]]\nname = "x"\nsince = 2026-11-21\nurl = "http://x"\nkey_file = "k"\n',
    ],
)
def test_settings_that_make_no_sense_are_turned_away_by_name(place: Place, text: str):
    (place.home.path / "notices.toml").write_text(text)
    with pytest.raises(Malformed, match=r"^notices\.toml"):
        settings_in(place.home.path)


def test_the_example_of_settings_is_one_that_can_be_used(place: Place):
    example = Path(api.notices.__file__).with_name("example.toml")
    (place.home.path / "notices.toml").write_bytes(example.read_bytes())
    found = settings_in(place.home.path)

    assert found.email is not None
    assert (found.email.security, [one.kinds for one in found.webhook]) == ("starttls", [("finding",)])
    assert f"{example.parent.name}/{example.name}" in SHOWN_BY


def test_without_settings_nothing_is_sent_and_it_is_said_why(place: Place):
    outcome = dua_ledger("send", home=place.home.path, clock=place.clock)
    assert (outcome.code, "notices.toml: is not there" in outcome.err) == (1, True)


def test_the_command_line_sends_and_shows_what_waits_and_what_was_sent(place: Place, smtp: Smtp):
    smtp.refuses = {BENS: b"550 gone"}
    place.told(REMINDER)
    call: dict[str, Any] = {"home": place.home.path, "clock": place.clock}
    tried = dua_ledger("send", "--dry-run", **call)
    assert (tried.code, smtp.received, tried.lines[-1]) == (0, [], "Nothing was sent.")
    waiting = dua_ledger("notices", **call)
    assert (waiting.code, "Ben Beispiel" in waiting.out, ANAS in waiting.out) == (0, True, False)

    outcome = dua_ledger("send", **call)
    assert (outcome.code, outcome.lines[-2]) == (1, "Sent 1 notice.")
    assert "reminder to Ben Beispiel: refused for good: 550 gone" in outcome.out
    (refused,) = json.loads(dua_ledger("notices", "--refused", "--json", **call).out)["rows"]
    given_up = (
        "1 notice was refused for good, and was not sent again: `dua-ledger notices --refused` shows which.",
        f"deal with notice refused for good, entry {refused['entry']}",
    )
    assert dua_ledger("send", **call) == (0, f"Sent 0 notices.\n{given_up[0]}\n", "")
    waiting = dua_ledger("notices", **call)
    assert (waiting.lines[0], waiting.lines[-1]) == ("No notice waits.", given_up[0])
    assert given_up[1] in _inbox(call)
    assert (refused["to"], refused["kind"]) == (BEN, "reminder")
    for which in ("--refused", "--sent"):
        read = dua_ledger("notices", which, "--csv", **call).lines[0].split(",")
        assert [one for one in read if one in ("entry", "at", "of", "kind", "to", "way")] == [
            *("entry", "at", "of", "kind", "to", "way")
        ]
    rows = json.loads(dua_ledger("notices", "--sent", "--json", **call).out)["rows"]
    assert [(one["what"], one["to"], one["kind"]) for one in rows] == [
        ("sent", ANA, "reminder"),
        ("refused", BEN, "reminder"),
    ]
    smtp.refuses = {}
    outcome = dua_ledger("send", "--again", str(refused["entry"]), **call)
    assert (outcome.code, outcome.lines[-1]) == (0, "Sent 1 notice.")
    assert dua_ledger("notices", "--refused", **call).lines[0] == "None was refused that is not sent again."
    assert (given_up[1] in _inbox(call), given_up[0] in dua_ledger("notices", **call).lines) == (False, False)


def test_a_notice_that_was_refused_for_good_waits_for_the_office_until_that_closes_it_with_a_reason(
    place: Place, smtp: Smtp
):
    smtp.refuses = {BENS: b"550 gone"}
    place.told(REMINDER)
    call: dict[str, Any] = {"home": place.home.path, "clock": place.clock}
    dua_ledger("send", **call)
    (refusal,) = refusals(place.home)

    assert json.loads(dua_ledger("send", "--json", **call).out) == {"rows": [], "waiting": 0, "refused_for_good": 1}
    closed = dua_ledger(
        "close-finding", refusal.position, "--reason", "He was told by telephone.", "--actor", BY.actor, **call
    )
    assert closed.code == 0, closed.err
    assert not [one for one in _inbox(call) if "refused" in one]
    assert json.loads(dua_ledger("notices", "--json", **call).out)["refused_for_good"] == 0


def test_where_the_server_is_down_it_is_said_how_many_wait(place: Place):
    with served(Smtp()) as gone:
        by_email(place, gone)
    place.told(*(replace(REMINDER, days=days) for days in (60, 30, 7, 1)))
    outcome = dua_ledger("send", home=place.home.path, clock=place.clock)
    assert (outcome.code, outcome.lines[-1]) == (1, "Sent 0 notices.")
    assert "1 notice could not be sent, and 8 notices wait: `dua-ledger notices`" in outcome.err


def _inbox(call: dict[str, Any]) -> list[str]:
    return [one["next"] for one in json.loads(dua_ledger("inbox", "--json", **call).out)["rows"]]
