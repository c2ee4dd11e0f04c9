"""Options that several commands share."""

from pathlib import Path

import click

from api.cli.kinds import PRINCIPAL

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

VIA = "command line"
