"""Options that several commands share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import click

from api.cli.kinds import PRINCIPAL
from api.cli.wording import warn

Call = Callable[[Any], Any]
MAKING_HOMES = {"init", "join", "restore"}


def _name_what_is_left(ctx: click.Context, param: click.Parameter, path: Path) -> Path:
    """Say on standard error, loudly, what a command that was killed has left beside a home: there are keys in it."""
    del param
    from ledger.drafts import draft_of, left_behind

    # Whoever makes that home clears it away.
    own = draft_of(path.absolute()) if ctx.command.name in MAKING_HOMES else None
    left = [draft for draft in left_behind(path.absolute().parent) if draft != own]
    warn(f"{one} was left by a command that was killed, maybe with keys in it: remove it" for one in left)
    return path


home = click.option(
    "--home",
    "path",
    callback=_name_what_is_left,
    envvar="DUA_LEDGER_HOME",
    show_envvar=True,
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The ledger's folder.",
)
processes = click.option(
    "--processes",
    default=None,
    show_default="one for each core, in a long log",
    type=click.IntRange(1, 1024),
    help="How many processes share the work.",
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


UNLESS_WITNESSED = "Record nothing unless so many witnesses have cosigned what is there."


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


class Witnesses(NamedTuple):
    """How many witnesses must have cosigned what is there before anything is recorded, and how long they may take."""

    required: int
    seconds: float


def witnesses(command: Callable[..., Any]) -> Call:
    """A command that records something, and is told about witnesses."""

    @wraps(command)
    def call(required: int, seconds: float, **others: Any) -> Any:
        return command(witnesses=Witnesses(required, seconds), **others)

    timed: Call = witness_seconds(3.0)(call)
    required: Call = require_witness(UNLESS_WITNESSED)(timed)
    return required
