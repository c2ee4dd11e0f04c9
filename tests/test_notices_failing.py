"""What cannot be sent waits, is tried again or given up, under one id, and recorded once."""

import os
import subprocess
from datetime import timedelta
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest

from api.notices.outbox import OUTBOX, message_id
from api.notices.reviving import refusals, revive
from ledger.errors import Busy, Malformed
from ledger.events import NoticeRefused, NoticeRevived
from ledger.home import erase_person
from ledger.storage.turn import Turn
from tests.command_line import STOPPED_PROGRAM
from tests.facts import ANA, BEN, REQUEST
from tests.noticing import ANAS, BENS, CRON, ORIGIN, REMINDER, Place, by_email, place, refused_release, sent, smtp
from tests.office_facts import THE_DIRECTOR, TODAY, correction, returned
from tests.smtp_server import Smtp, served
from tests.stores import PATIENCE

__all__ = ["place", "smtp"]


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
