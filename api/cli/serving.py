"""The HTTP API: serving it, and the keys that it is asked with."""

import json
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
from ledger.files import new_file
from ledger.home import open_home
from ledger.home.entering import inside

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
@click.option(
    "--html", type=NEW_FILE, metavar="FILE", help="Write the page for people, as /docs has it, to this new file."
)
def openapi(html: Path | None) -> None:
    """Print the OpenAPI document of the HTTP API, as /openapi.json gives it to whoever has a key."""
    from api.http import document

    if html is None:
        click.echo(json.dumps(document.openapi(), indent=2))
        return
    new_file(html, document.PAGE.encode(), PAGE_MODE)
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
    from granian.constants import HTTPModes

    from api.hosting import host
    from api.http.logs import CONFIG
    from api.http.monitor import FOLDER
    from api.http.worker import HOME, LARGEST, RATE, REQUIRED, URL, WITNESS_SECONDS

    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key belong together")
    home = path.absolute()
    with open_home(home) as opened:
        # What cannot be opened is said here, and not by each worker.
        opened.check_takes_records()
    # Nobody moves the home away before the first worker is there, or between two of them.
    with inside(home), TemporaryDirectory(prefix="dua-metrics-") as counts:
        os.environ |= {HOME: str(home), URL: url or "", RATE: str(rate), FOLDER: counts}
        os.environ |= {LARGEST: str(largest * 1024 * 1024), REQUIRED: str(required), WITNESS_SECONDS: str(seconds)}
        host(
            WORKER,
            (address, port),
            LAST_SECONDS,
            factory=True,
            workers=workers,
            backlog=BACKLOG,
            # The limits are those of HTTP/1.1; of HTTP/2 a caller could have any number of calls in one connection.
            http=HTTPModes.http1,
            log_dictconfig=CONFIG,
            ssl_cert=certificate,
            ssl_key=key,
        )
