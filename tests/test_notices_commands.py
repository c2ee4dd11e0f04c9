"""The commands that send what waits, show it, and close what was refused for good."""

import json
from typing import Any

from msgspec.structs import replace

from api.notices.reviving import refusals
from tests.command_line import dua_ledger
from tests.facts import ANA, BEN
from tests.noticing import ANAS, BENS, BY, REMINDER, Place, by_email, place, smtp
from tests.smtp_server import Smtp, served

__all__ = ["place", "smtp"]


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
