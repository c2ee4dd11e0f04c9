"""What is meant to do harm: a clear answer, nothing recorded, and everybody else is served as before."""

import csv
import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from api.errors import TooSlow
from api.patience import BYTES_PER_SECOND, SECONDS, Patience
from tests.facts import ANA, DATA_SET, REQUEST
from tests.http_office import ON_BOTH, HttpOffice, office, told
from tests.served import Served, serving
from tests.stores import LATER, PATIENCE

__all__ = ["office"]

MEGABYTES = 10 * 1024 * 1024
NAMES = {
    "a formula": "=cmd|' /C calc'!A0",
    "another": "@SUM(1+1)*cmd",
    "a wide one": "\uff1d1+1",
    "one in the next line": "\n=1+1",
    "emoji": "\N{PILE OF POO}\N{ZERO WIDTH JOINER}\N{EMOJI MODIFIER FITZPATRICK TYPE-6}",
    "right to left": "\u202eelbisivni\u202c שלום",
    "control characters": "a\x1b[31m\x07b",
    "a NUL": "a\x00b",
    "line ends": 'a\r\nb,"c"',
    "half a character": "\ud800",
    "very long": "a" * 100_000,
}


@pytest.fixture(scope="module", params=["file", *LATER])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("served")
    with ExitStack() as kept:
        is_file = request.param == "file"
        store = None if is_file else kept.enter_context(request.getfixturevalue("postgres_server").served())
        yield kept.enter_context(serving(folder, 1, store=store))


def nested(opens: bytes, closes: bytes, size: int) -> bytes:
    depth = size // (len(opens) + len(closes))
    return opens * depth + b"1" + closes * depth


@pytest.mark.parametrize(("opens", "closes"), [(b"[", b"]"), (b'{"a":', b"}"), (b'{"name":[', b"]}")])
@pytest.mark.parametrize("size", [MEGABYTES, 250_000])
def test_json_that_is_nested_deeply_is_turned_away(office: HttpOffice, opens, closes, size):
    with office.unchanged():
        response = office.post("staff", "/organisations", None, data=nested(opens, closes, size), json=None)
        typed = office.ask(
            "staff", "POST", "/organisations", data=nested(opens, closes, size), content_type="application/json"
        )

    assert response.status_code in (413, 415)
    assert typed.status_code in (400, 413, 422)
    assert told(typed)["status"] == typed.status_code


@ON_BOTH
@pytest.mark.parametrize("of", NAMES)
def test_a_name_is_kept_as_it_is_or_turned_away(office: HttpOffice, of):
    person, name = "p-" + 32 * "7", NAMES[of]
    before = office.length, office.names_kept()
    response = office.ask(
        "staff",
        "POST",
        "/people",
        data=json.dumps({"person": person, "name": name}).encode(),
        content_type="application/json",
    )

    assert response.status_code in (201, 400, 422)
    if response.status_code != 201:
        assert (office.length, office.names_kept()) == before
        return
    rows = told(office.get("staff", "/people?limit=1000"))["rows"]
    assert [one["name"] for one in rows if one["person"] == person] == [name]
    table = office.get("staff", "/people?limit=1000", headers={"Accept": "text/csv"}).get_data(as_text=True)
    (cell,) = (row["name"] for row in csv.DictReader(StringIO(table, newline="")) if row["person"] == person)
    assert cell.removeprefix("'") == name
    assert not cell.startswith(("=", "+", "-", "@", "\uff1d", "\n"))


@ON_BOTH
@pytest.mark.parametrize(
    "path",
    [
        "/people/%00",
        "/people/..%2f..%2fetc",
        "/requests/%F0%9F%92%A9",
        "/requests/R-2026-0001%0d%0aX:y",
        "/datasets/D-%E2%80%AE",
        "/entries/1/documents/..%2f..%2fkeys%2flog-key.pem",
        "/tile/0/..%2f..%2fkeys",
        "/tile/entries/..%2f..%2fkeys%2fkeys.db",
        "/requests/R-2026-0001/releases/..%2f..%2fkeys/package",
        "/requests/R-2026-0001/releases/L-..%2f/package",
        f"/people/{ANA}/holdings?as_of=%00",
        "/requests?after=1.5",
        "/people//holdings",
        "/requests?state=%00",
        "/entries?limit=99999999999999999999",
        "/agreements?request=' OR 1=1 --",
        "/deadlines?within=" + "9" * 5000,
    ],
)
def test_a_path_or_parameter_that_is_none_is_not_found_or_turned_away(office: HttpOffice, path):
    with office.unchanged():
        response = office.get("auditor" if "/tile/" in path else "director", path)

    assert response.status_code in (404, 422)
    assert told(response)["status"] == response.status_code


@ON_BOTH
@pytest.mark.parametrize("value", [None, True, 0, -1, 1e300, "", "x", [], {}, [[]], {"a": {}}, "2026-13-45", 2**70])
def test_a_member_of_another_type_is_pointed_at_or_taken(office: HttpOffice, value: Any):
    bodies: dict[str, dict[str, Any]] = {
        "/organisations": {"organisation": "O-1", "name": "One"},
        f"/requests/{REQUEST}/withdrawal": {"occurred_at": "2026-01-01T00:00:00Z", "precision": "day"},
        f"/people/{ANA}/suspensions": {"request": REQUEST, "reason": "why"},
        "/accesses": {"person": ANA, "dataset": DATA_SET, "request": REQUEST},
        "/roles": {"principal": "staff:x", "role": "staff", "starts": "2026-01-01", "ends": None, "person": ANA},
        f"/people/{ANA}/erasure": {"details": ["phone"], "last_copy_lapses": "2026-12-31"},
        f"/requests/{REQUEST}/key/tests": {"channel": "sftp-drop"},
    }
    for path, body in bodies.items():
        for member in body:
            before = office.length
            response = office.post("director", f"{path}?dry_run=true", {**body, member: value})
            assert response.status_code in (200, 400, 422), (path, member, response.get_data())
            assert office.length == before
            if response.status_code == 422:
                assert told(response)["errors"]


@pytest.mark.parametrize("length", ["99999999999999999999", "-1", "1, 2", "x", "268435457", ""])
def test_a_length_that_is_none_or_too_much_is_turned_away(served: Served, length):
    answered = sent(served, head(served, f"Content-Length: {length}") + b"{}")

    assert answered == b"" or answered.split()[1][:1] == b"4"
    assert served.ask("GET", "/deadlines")[0] == 200


def test_ten_megabytes_that_come_in_pieces_of_unknown_number_are_not_read_to_their_end(served: Served):
    piece = b"10000\r\n" + 0x10000 * b"[" + b"\r\n"

    answered = sent(served, head(served, "Transfer-Encoding: chunked") + 160 * piece + b"0\r\n\r\n")

    assert answered == b"" or answered.split()[1] in (b"400", b"413", b"422")
    assert served.ask("GET", "/deadlines")[0] == 200


def head(served: Served, *lines: str) -> bytes:
    """The beginning of a POST that is let in."""
    key = f"Authorization: Bearer {served.key}"
    fixed = ["POST /organisations HTTP/1.1", "Host: x", key, "Content-Type: application/json", "Idempotency-Key: k"]
    return "\r\n".join([*fixed, *lines, "", ""]).encode()


def sent(served: Served, content: bytes) -> bytes:
    """What is answered to these bytes; nothing when they are cut off."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as client:
        with suppress(OSError):
            client.sendall(content)
            client.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            return client.recv(4096)
    return b""


def test_a_body_that_does_not_come_is_given_up_when_its_time_is_over_and_not_before():
    def wait(seconds: float, come: int) -> str:
        times = iter([0.0, seconds, 3600.0])
        patience, coming = Patience(lambda: next(times)), Future[bytes]()
        with pytest.raises(TooSlow):
            patience.wait(coming, patience.begin(), come)
        assert coming.cancelled()
        return f"looked {3 - len(list(times))} times"

    assert wait(SECONDS, 0) == "looked 3 times"
    assert wait(SECONDS + 0.1, 0) == "looked 2 times"
    assert wait(SECONDS + 0.9, BYTES_PER_SECOND) == "looked 3 times"
    assert wait(SECONDS + 1.1, BYTES_PER_SECOND) == "looked 2 times"


def test_what_has_come_is_taken_however_late_it_is():
    patience, coming = Patience(lambda: 3600.0), Future[bytes]()
    coming.set_result(b"x")

    assert patience.wait(coming, 0.0, 0) == b"x"
