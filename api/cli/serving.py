"""The HTTP API: serving it, and the keys that it is asked with."""

import json
import multiprocessing
import os
import secrets
from datetime import UTC, date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args
from zoneinfo import ZoneInfo

import click

from api.apikeys import new_key
from api.cli import options
from api.cli.acting import NEW_FILE, Hand, reporting
from api.cli.kinds import DAY, PRINCIPAL, Id, OneOf, When
from api.cli.showing import office_of
from api.commands.governance import IssueApiKey, RevokeApiKey
from ledger.events.governance import Role, Scope
from ledger.events.ids import ApiKeyId
from ledger.evidence.publishing import replace_file
from ledger.home import open_home

API_KEY = Id("id of an API key", ApiKeyId, "it is T- and 16 hex digits, as it was told when it was issued")
WORKER = "api.http.worker:make"
# How long a call in flight may go on once the server was told to stop.
LAST_SECONDS = 30
# Of requests that wait; more than that are turned away at once.
BACKLOG = 1024
# As the umask has it: nothing in the page is secret.
PAGE_MODE = 0o666


@click.command("issue-api-key")
@reporting
@click.argument("principal", type=PRINCIPAL)
@click.argument("role", type=OneOf(Role))
@click.option("--until", type=DAY, required=True, help="The last day on which it is good, at the office.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=OneOf(Scope),
    help="What it may be used for, as far as the role may do it; repeatable. Everything, if not said.",
)
def issue_api_key(hand: Hand, principal: str, role: Role, until: date, scopes: tuple[Scope, ...]) -> None:
    """Give PRINCIPAL a key for programs, in one of their roles: ROLE. It is shown once, and kept nowhere."""
    made = new_key(secrets.token_bytes)
    zone = ZoneInfo(office_of(hand.home).policy.event.time_zone)
    command = IssueApiKey(
        apikey=made.apikey,
        digest=made.digest,
        principal=principal,
        role=role,
        expires=When(until, "day").ends(zone).astimezone(UTC),
        scope=scopes or get_args(Scope),
    )
    hand.take(command, gives="apikey", notes=() if hand.manner.dry_run else (f"key: {made.text}",))


@click.command("revoke-api-key")
@reporting
@click.argument("apikey", type=API_KEY)
def revoke_api_key(hand: Hand, apikey: str) -> None:
    """Make the key with the id APIKEY (T-...) good for nothing from now on."""
    hand.take(RevokeApiKey(apikey=apikey))


@click.command()
@click.option("--html", type=NEW_FILE, metavar="FILE", help="Write the page for people there, as /docs has it.")
def openapi(html: Path | None) -> None:
    """Print the OpenAPI document of the HTTP API, as /openapi.json gives it to whoever has a key."""
    from api.http import document

    if html is None:
        click.echo(json.dumps(document.openapi(), indent=2))
        return
    replace_file(html, document.PAGE.encode(), PAGE_MODE)
    click.echo(f"Wrote {html}: a browser shows it, and it loads nothing from elsewhere.")


@click.command()
@options.home
@click.option("--address", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="On which port.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="How many processes answer.")
@click.option("--url", help="How others reach it, such as https://ledger.example.edu; without it, as they say.")
@click.option(
    "--rate",
    default=100,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="How many calls a second each worker takes from a key; ten seconds' worth may come at once.",
)
@click.option(
    "--largest",
    default=4096,
    show_default=True,
    type=click.IntRange(1, 1024 * 1024),
    help="How many MiB the data of one release may have.",
)
@options.require_witness("Record nothing unless so many witnesses have cosigned what is there, or do so now.")
@options.witness_seconds(3.0)
@click.option("--certificate", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="For TLS, in PEM.")
@click.option("--key", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Its key, in PEM.")
def serve(
    path: Path,
    address: str,
    port: int,
    workers: int,
    url: str | None,
    rate: int,
    largest: int,
    required: int,
    seconds: float,
    certificate: Path | None,
    key: Path | None,
) -> None:
    """Serve the HTTP API until it is told to stop; a call in flight is answered, and on disk, before it does.

    Beyond this machine it belongs behind TLS: keys are sent with every call.
    """
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings

    from api.gateway import HEADER_BYTES, HEADER_MILLISECONDS
    from api.http.logs import CONFIG
    from api.http.monitor import FOLDER
    from api.http.worker import HOME, LARGEST, RATE, REQUIRED, URL, WITNESS_SECONDS
    from api.stopping import serve_until_told

    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key belong together")
    with open_home(path.absolute()) as home:
        # What cannot be opened is said here, and not by each worker.
        home.check_takes_records()
    # A forked worker would take locks on the ledger's files for its own that are its parent's.
    multiprocessing.set_start_method("spawn", force=True)
    with TemporaryDirectory(prefix="dua-metrics-") as counts:
        os.environ |= {HOME: str(path.absolute()), URL: url or "", RATE: str(rate), FOLDER: counts}
        os.environ |= {LARGEST: str(largest * 1024 * 1024), REQUIRED: str(required), WITNESS_SECONDS: str(seconds)}
        # As it is torn down a thread of it may panic, and say so on standard error, when every call has been answered:
        # it lets go of what is Python's without the lock for it (granian's issues 799, 846 and 881).
        server = Granian(
            WORKER,
            factory=True,
            interface=Interfaces.ASGINL,
            loop=Loops.asyncio,
            address=address,
            port=port,
            workers=workers,
            backlog=BACKLOG,
            # The limits are those of HTTP/1.1; of HTTP/2 a caller could have any number of calls in one connection.
            http=HTTPModes.http1,
            websockets=False,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=HEADER_BYTES),
            respawn_failed_workers=True,
            workers_kill_timeout=LAST_SECONDS,
            log_dictconfig=CONFIG,
            ssl_cert=certificate,
            ssl_key=key,
        )
        serve_until_told(server)
