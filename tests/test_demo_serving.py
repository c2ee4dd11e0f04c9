"""The demonstration served over HTTP: until it is interrupted, or, without a terminal, while it tries its calls."""

import http.client
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.command_line import PROGRAM
from tests.http_office import ROLES
from tests.stores import PATIENCE

pytestmark = pytest.mark.needs("gpg")


def command() -> list[str]:
    """The demonstration on a port of its own: several that start at once might all find the usual one free."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return [str(PROGRAM), "demo", "--serve", "--port", str(tried.getsockname()[1])]


def calls_in(told: str) -> Sequence[tuple[str, str]]:
    """The status and the answer of each call that was tried."""
    return re.findall(r"^\$ curl .*\n(\d{3} .*)\n(\{\n(?:.*\n)+?\})$", told.replace("\r\n", "\n"), re.MULTILINE)


def test_without_a_terminal_it_tries_its_calls_and_ends():
    done = subprocess.run(command(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    first, *_, last = done.stdout.splitlines()
    assert (done.returncode, "Press Ctrl-C" in done.stdout) == (0, False)
    assert first.startswith("This is no terminal: once the story is told, the ledger is served only while")
    assert ("It is served at" in done.stdout, "_KEY=" in done.stdout, "dua_" in done.stdout) == (False, False, False)
    assert last == "Stopped; nothing of it is left. On a terminal it stays, and prints its keys."
    holders, decision, own = calls_in(done.stdout)
    assert {one[0] for one in (holders, decision, own)} == {"200 OK"}
    assert {one["person_name"] for one in json.loads(holders[1])["rows"]} == {
        "Hanna Lindqvist",
        "Jun Okada",
        "Amal Serrano",
    }
    assert json.loads(decision[1])["decision"] is False
    assert [one["state"] for one in json.loads(own[1])["rows"]] == ["in use"]


def test_on_a_terminal_it_stays_until_it_is_interrupted():
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command(), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        told = b""
        while b"Press Ctrl-C" not in told:
            told += os.read(ours, 65536)
        assert b"This is no terminal" not in told
        assert len(re.findall(rb"^    [A-Z_]+_KEY=dua_\S+\r$", told, re.MULTILINE)) == len(ROLES)
        (port,) = set(re.findall(rb"http://127\.0\.0\.1:(\d+)", told))
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=PATIENCE)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        with pytest.raises(ConnectionRefusedError):
            connection.connect()
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGTERM])
def test_whoever_ends_it_has_it_stop_what_it_serves(how: signal.Signals):
    waiting = "from api.demo.serving import wait_until_interrupted; wait_until_interrupted(); print('stopped')"
    with subprocess.Popen([sys.executable, "-uc", waiting], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "Press Ctrl-C" not in process.stdout.readline():
            pass
        process.send_signal(how)

        assert process.stdout.read() == "stopped\n"
    assert process.returncode == 0
