"""The command line, `dua-ledger`.

Commands are imported when they are called, and the ledger with them, so that `--help` answers at once.
"""

import sys
from importlib import import_module
from io import TextIOWrapper
from typing import cast

import click

COMMANDS = {
    "init": ("api.cli.keeping:init", "Make a ledger home, with its first entry."),
    "entries": ("api.cli.reading:entries", "List the entries of the log, or follow it."),
    "show": ("api.cli.reading:show", "Show one entry, with its hashes."),
    "verify": ("api.cli.verifying:verify", "Verify the log and everything that it commits to."),
    "vkey": ("api.cli.evidence:vkey", "Print the verifier key of the log."),
    "checkpoint": ("api.cli.evidence:checkpoint", "Sign whatever is new, and print the checkpoint."),
    "receipt": ("api.cli.evidence:receipt", "Give the receipt for an entry."),
    "check-receipt": ("api.cli.evidence:check_receipt_command", "Check a receipt, without any ledger."),
    "tiles": ("api.cli.evidence:tiles", "Write the log as static files that anybody can check."),
    "bundle": ("api.cli.bundling:bundle", "Make an audit bundle, which needs no ledger."),
    "verify-bundle": ("api.cli.bundling:verify_bundle", "Verify an audit bundle, without any ledger."),
    "erase": ("api.cli.keeping:erase", "Erase a person's details for good."),
    "sweep": ("api.cli.keeping:sweep", "Remove from custody what no entry names."),
    "submit": ("api.cli.deciding:submit", "Take in a request packet."),
    "return": ("api.cli.deciding:return_request", "Give a request back, for items to be completed."),
    "withdraw": ("api.cli.deciding:withdraw", "Record that a request was withdrawn."),
    "determine": ("api.cli.deciding:determine", "Record what was determined on the law."),
    "approve": ("api.cli.deciding:approve", "Approve a request, or record why it could not be."),
    "decline": ("api.cli.deciding:decline", "Decline a request."),
    "suspend": ("api.cli.deciding:suspend", "Suspend a person."),
    "lift": ("api.cli.deciding:lift", "Lift a person's suspension."),
    "register-dataset": ("api.cli.deciding:register_dataset", "Put a data set into the catalogue."),
    "publish-policy": ("api.cli.deciding:publish_policy", "Put parameters of policy in force."),
    "grant-role": ("api.cli.deciding:grant_role", "Give a principal a role."),
    "history": ("api.cli.asking:history", "Tell the history of a request in words."),
    "explain": ("api.cli.asking:explain", "Judge an act again, from the log alone."),
    "demo": ("api.cli.demo:demo", "Play a short story in a throw-away ledger."),
}

# The first line keeps click from filling paragraphs.
EXIT_CODES = """\b
Exit codes:
   0  done, all holds, yes
   1  could not run
   2  wrong usage
   3  refused by a rule
   4  conflict, try again
Of verify:
  10  altered
  11  shorter than a checkpoint
  12  some part could not be verified
"""


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
        return cast(click.Command, getattr(import_module(module), name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; its errors become a sentence and an exit code."""
        from api.cli.failures import as_sentences

        # What a terminal has no letters for is spelled out.
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        with as_sentences():
            return super().invoke(ctx)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(package_name="dua-ledger")
def main() -> None:
    """An audit ledger for requests for research data."""
