"""The command line, `dua-ledger`.

Commands are imported when they are called, so that `--help` answers at once.
"""

import sys
from importlib import import_module

import click

from ledger.errors import Conflict, LedgerError, Malformed

COMMANDS = {
    "init": ("api.cli.keeping:init", "Make a ledger home, with its first entry."),
    "entries": ("api.cli.reading:entries", "List the entries of the log, or follow it."),
    "show": ("api.cli.reading:show", "Show one entry, with its hashes."),
    "verify": ("api.cli.verifying:verify", "Verify the log and everything that it commits to."),
    "erase": ("api.cli.keeping:erase", "Erase a person's details for good."),
    "demo": ("api.cli.demo:demo", "Play a short story in a throw-away ledger."),
}

COULD_NOT_RUN, WRONG_USAGE, CONFLICT = 1, 2, 4


class Commands(click.Group):
    """The commands by name, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which help shows them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command with this name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dua-ledger")
def dua_ledger() -> None:
    """An audit ledger for requests for research data.

    Exit codes: 0 done, all holds, yes; 1 could not run; 2 wrong usage; 3 refused by a rule; 4 conflict, try again.
    `verify` also: 10 altered; 11 shorter than a checkpoint; 12 some part could not be verified.
    """


def main() -> None:
    """Run the command line, and turn errors into a sentence and an exit code."""
    try:
        sys.exit(dua_ledger(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(COULD_NOT_RUN)
    except LedgerError as error:
        click.echo(f"dua-ledger: {error}", err=True)
        sys.exit(_exit_code(error))


def _exit_code(error: LedgerError) -> int:
    match error:
        case Conflict():
            return CONFLICT
        case Malformed():
            return WRONG_USAGE
        case _:
            return COULD_NOT_RUN
