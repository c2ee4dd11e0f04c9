"""Serving what the story left: a key for each role, and three calls that are tried at once."""

import http.client
import json
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, get_args

import click

from api.apikeys import new_key
from api.commands import Clerk
from api.commands.governance import GrantRole, IssueApiKey
from api.desk import Circumstances
from ledger.errors import Unavailable
from ledger.events.governance import Role, Scope
from ledger.home import Home, open_home
from ledger.storage import utc_now
from projections.standing import Office, Standing

ADDRESS, USUAL_PORT = "127.0.0.1", 8000
PROGRAM = (sys.executable, "-c", "from api.cli import main; main()")
PATIENCE = 60.0
GOOD_FOR = timedelta(days=1)
DIRECTOR = "staff:1"


class Call(NamedTuple):
    """A call to try: what it asks, in which role, and how it is made."""

    what: str
    role: Role
    method: str
    path: str
    body: Mapping[str, Any] | None = None

    def line(self, url: str) -> str:
        """The call as it is typed."""
        said = ["--json", json.dumps(self.body)] if self.body else []
        shown = [f"{url}{self.path}", *said]
        return f'curl -H "Authorization: Bearer ${variable(self.role)}" {shlex.join(shown)}'


def variable(role: Role) -> str:
    """What a role's key is called in a shell."""
    return f"{role.upper().replace(' ', '_')}_KEY"


def keys_for_everybody(path: Path, researcher: str) -> dict[Role, str]:
    """A key for each role at a ledger home, as its director issues them; the researcher's is that of this person."""
    circumstances = Circumstances(actor=DIRECTOR, via="command line")
    keys: dict[Role, str] = {}
    with open_home(path) as home:
        clerk = Clerk(home, utc_now)
        for role in get_args(Role):
            principal = _principal(home, role)
            now = utc_now()
            if principal is None:
                principal = f"demo:{role.replace(' ', '-')}"
                person = researcher if role == "researcher" else None
                # Where the office is it may still be yesterday.
                starts = now.date() - timedelta(days=1)
                clerk.take(GrantRole(principal=principal, role=role, starts=starts, person=person), circumstances)
            made = new_key(secrets.token_bytes)
            issue = IssueApiKey(
                apikey=made.apikey,
                digest=made.digest,
                principal=principal,
                role=role,
                expires=now + GOOD_FOR,
                scope=get_args(Scope),
            )
            clerk.take(issue, circumstances)
            keys[role] = made.text
    return keys


def _principal(home: Home, role: Role) -> str | None:
    """Who holds a role in the story already."""
    office = Standing(home.ledger.facts()).office
    return next((one for one in (DIRECTOR, "staff:2", "server:notebooks") if _holds(office, one, role)), None)


def _holds(office: Office, principal: str, role: Role) -> bool:
    return role in office.roles(principal, utc_now())


@contextmanager
def served(path: Path, port: int | None) -> Iterator[int]:
    """A server of the ledger home at `path`, in a process of its own, on a port; told to stop at the end."""
    chosen = _free(port)
    log = path.with_name("server.log")
    with log.open("wb") as told:
        options = ("--home", str(path), "--port", str(chosen), "--workers", "2")
        # In a session of its own, which Ctrl-C does not reach: it is told to stop below, when nobody asks any more.
        process = subprocess.Popen((*PROGRAM, "serve", *options), stderr=told, env=os.environ, start_new_session=True)
    try:
        _wait_for(chosen, process, log)
        yield chosen
    finally:
        process.terminate()
        process.wait()


def _free(port: int | None) -> int:
    """A port on which nobody listens: that one, or the usual one if it is free, or any."""
    for wanted in (USUAL_PORT, 0) if port is None else (port,):
        with socket.socket() as tried, suppress(OSError):
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((ADDRESS, wanted))
            found: int = tried.getsockname()[1]
            return found
    raise Unavailable(f"port {port} of {ADDRESS} is taken")


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), closing(http.client.HTTPConnection(ADDRESS, port, timeout=1)) as connection:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.client.OK:
                return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise Unavailable(f"the server did not start: {log.read_text(errors='replace')[-500:]}")


def answer(port: int, key: str, call: Call) -> str:
    """What a call is answered, laid out for people."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with closing(http.client.HTTPConnection(ADDRESS, port, timeout=PATIENCE)) as connection:
        connection.request(call.method, call.path, json.dumps(call.body) if call.body else None, headers)
        response = connection.getresponse()
        said = json.dumps(json.loads(response.read()), indent=2, ensure_ascii=False)
        return f"{response.status} {response.reason}\n{said}"


def _url(port: int) -> str:
    return f"http://{ADDRESS}:{port}"


def wait_until_interrupted() -> None:
    """Say how to stop it, and return when somebody presses Ctrl-C, hangs up, or has it ended."""
    with suppress(KeyboardInterrupt):
        for one in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(one, signal.default_int_handler)
        click.secho("\nPress Ctrl-C to stop.", bold=True)
        signal.pause()


def show_keys(port: int, keys: Mapping[Role, str]) -> None:
    """Tell where it is served, and by which keys."""
    click.secho(f"\nIt is served at {_url(port)}, with a key for each role, good for a day:\n", bold=True)
    for role, key in keys.items():
        click.echo(f"    {variable(role)}={key}")


def try_calls(port: int, keys: Mapping[Role, str], calls: tuple[Call, ...]) -> None:
    """Make the calls, and show how they are made and what they are answered."""
    url = _url(port)
    click.secho("\nThree calls to try, and what they are answered:", bold=True)
    for call in calls:
        click.echo(f"\n{call.what}")
        click.secho(f"$ {call.line(url)}", fg="cyan")
        click.echo(answer(port, keys[call.role], call))
