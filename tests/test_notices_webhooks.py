"""A program is told by webhook what happened, signed, and nothing of anybody."""

import hmac
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from api.notices.outbox import message_id
from ledger.errors import Unreachable
from ledger.events import (
    DataSetOpened,
    NoticeSent,
)
from ledger.files import new_file
from tests.facts import BEN, DATA_SET, REQUEST
from tests.noticing import KEY, ORIGIN, REMINDER, Place, place
from tests.office_facts import TODAY
from tests.smtp_server import served

__all__ = ["place"]


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
