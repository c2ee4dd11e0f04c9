"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from api.cli.kinds import PRINCIPAL

Call = Callable[[Any], Any]

home = click.option(
    "--home",
    "path",
    envvar="DUA_LEDGER_HOME",
    show_envvar=True,
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The ledger's folder.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
actor = click.option(
    "--actor",
    envvar="DUA_LEDGER_ACTOR",
    show_envvar=True,
    default="operator:local",
    show_default=True,
    type=PRINCIPAL,
    help="Who does it, as an opaque id and never by name: it stands in the log for ever.",
)

key_store = click.option(
    "--key-store",
    metavar="URL",
    help="The PostgreSQL database that keys and salts are kept in, if it is not that of --store: postgresql://...",
)

VIA = "command line"


def witness_seconds(default: float) -> Call:
    """How long witnesses may take."""
    return click.option(
        "--witness-seconds",
        "seconds",
        envvar="DUA_LEDGER_WITNESS_SECONDS",
        show_envvar=True,
        default=default,
        show_default=True,
        type=click.FloatRange(0, min_open=True),
        help="How long witnesses may take to answer, all together.",
    )


def require_witness(what: str) -> Call:
    """How many witnesses it takes."""
    return click.option(
        "--require-witness",
        "required",
        envvar="DUA_LEDGER_REQUIRE_WITNESS",
        show_envvar=True,
        default=0,
        show_default=True,
        type=click.IntRange(0),
        help=what,
    )
