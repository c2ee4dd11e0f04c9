"""The command line, `dua-ledger`.

Commands are imported when they are called, and the ledger with them, so that `--help` answers at once.
"""

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import cast

import click

COMMANDS = {
    "init": ("api.cli.keeping:init", "Make a ledger home, with its first entry."),
    "join": ("api.cli.keeping:join", "Make a further home of an office that is kept in PostgreSQL."),
    "migrate": ("api.cli.housing:migrate", "Prepare a PostgreSQL database for a ledger."),
    "copy": ("api.cli.housing:copy", "Copy a log from one store to another, byte for byte."),
    "move-house": ("api.cli.housing:move_house", "Move an office to another home, in files or in PostgreSQL."),
    "erase": ("api.cli.keeping:erase", "Erase a person's details for good."),
    "entries": ("api.cli.reading:entries", "List the entries of the log, or follow it."),
    "show": ("api.cli.reading:show", "Show one entry, with its hashes."),
    "verify": ("api.cli.verifying:verify", "Verify a ledger, or an audit bundle."),
    "vkey": ("api.cli.evidence:vkey", "Print the verifier key of the log."),
    "checkpoint": ("api.cli.evidence:checkpoint", "Sign whatever is new, and print the checkpoint."),
    "receipt": ("api.cli.evidence:receipt", "Give the receipt for an entry."),
    "check-receipt": ("api.cli.evidence:check_receipt_command", "Check a receipt, without any ledger."),
    "tiles": ("api.cli.evidence:tiles", "Write the log as static files that anybody can check."),
    "witness": ("api.cli.witnessing:witness", "Be the witness of a log: cosign its checkpoints."),
    "appoint": ("api.cli.logkeys:appoint", "Ask one more witness to cosign each checkpoint."),
    "rotate-key": ("api.cli.logkeys:rotate_key", "Make another key that signs for the log."),
    "retire-key": ("api.cli.logkeys:retire_key", "Have a key of the log sign no more."),
    "rewrap-keys": ("api.cli.keeping:rewrap_keys", "Change the key that all other keys are wrapped with."),
    "bundle": ("api.cli.bundling:bundle", "Make an audit bundle, which needs no ledger."),
    "backup": ("api.cli.backups:backup", "Back up log and custody, while others write."),
    "backup-keys": ("api.cli.backups:backup_keys", "Back up the key store, for some days."),
    "restore": ("api.cli.backups:restore", "Make a ledger home of a backup."),
    "tick": ("api.cli.ticking:tick", "Record what has fallen due by the calendar."),
    "send": ("api.cli.sending:send", "Send the notices that wait."),
    "notices": ("api.cli.sending:notices", "Show which notices wait, and which were sent."),
    "sweep": ("api.cli.keeping:sweep", "Remove from custody what no entry names."),
    "rebuild": ("api.cli.holding:rebuild", "Make the views anew from the log."),
    "demo": ("api.cli.demo:demo", "Play a short story in a throw-away ledger."),
    "publish-policy": ("api.cli.office:publish_policy", "Put parameters of policy in force."),
    "grant-role": ("api.cli.office:grant_role", "Give a principal a role."),
    "end-role": ("api.cli.office:end_role", "End a role of a principal."),
    "grant-waiver": ("api.cli.office:grant_waiver", "Except a request from a rule for a time."),
    "correct": ("api.cli.office:correct", "Take back what was reported wrongly."),
    "register-dataset": ("api.cli.catalogue:register_dataset", "Put a data set into the catalogue."),
    "add-version": ("api.cli.catalogue:add_version", "Give a data set a version."),
    "change-form": ("api.cli.catalogue:change_form", "Record that a version was found in another form."),
    "retire-dataset": ("api.cli.catalogue:retire_dataset", "Take a data set out of the catalogue."),
    "register-person": ("api.cli.people:register_person", "Make a person known."),
    "change-details": ("api.cli.people:change_details", "Change details of a person."),
    "register-organisation": ("api.cli.people:register_organisation", "Make an organisation known."),
    "affiliation": ("api.cli.people:affiliation", "Record for whom a person acts in a request."),
    "suspend": ("api.cli.people:suspend", "Suspend a person."),
    "lift": ("api.cli.people:lift", "Lift a person's suspension."),
    "debar": ("api.cli.barring:debar", "Keep a person out of new requests."),
    "lift-debarment": ("api.cli.barring:lift_debarment", "Lift a person's debarment."),
    "certify": ("api.cli.people:certify", "Record a person's training."),
    "verify-training": ("api.cli.people:verify_training", "Record that a person's certificates are genuine."),
    "submit": ("api.cli.requests:submit", "Take in a request packet."),
    "return": ("api.cli.requests:return_request", "Give a request back, for items to be completed."),
    "withdraw": ("api.cli.requests:withdraw", "Record that a request was withdrawn."),
    "determination": ("api.cli.requests:determination", "Record what an ethics board determined."),
    "request-reliance": ("api.cli.requests:request_reliance", "Record that the home board was asked to rely."),
    "reliance": ("api.cli.requests:reliance", "Record that the home board relies on another."),
    "end-determination": ("api.cli.requests:end_determination", "Record that a determination ended."),
    "determine": ("api.cli.requests:determine", "Record what was determined on the law."),
    "approve": ("api.cli.requests:approve", "Approve a request, or record why it could not be."),
    "decline": ("api.cli.requests:decline", "Decline a request."),
    "issue": ("api.cli.agreements:issue", "Issue an agreement."),
    "sign": ("api.cli.agreements:sign", "Record a signature on an agreement."),
    "execute": ("api.cli.agreements:execute", "Put an agreement in force."),
    "amend": ("api.cli.amending:amend", "Issue an amendment of an agreement."),
    "renew": ("api.cli.amending:renew", "Prolong an agreement in force."),
    "terminate": ("api.cli.agreements:terminate", "Record that an agreement ended before its time."),
    "designate": ("api.cli.contacts:designate", "Name the point of contact of a request."),
    "file-key": ("api.cli.contacts:file_key", "File the contact's public key."),
    "confirm-key": ("api.cli.contacts:confirm_key", "Record that the contact confirmed their key."),
    "reject-key": ("api.cli.contacts:reject_key", "Reject the contact's key."),
    "revoke-key": ("api.cli.contacts:revoke_key", "Record that the contact gave their key up."),
    "test-key": ("api.cli.contacts:test_key", "Test the contact's key and the channel."),
    "release": ("api.cli.releases:release", "Release data to the contact."),
    "release-failed": ("api.cli.releases:release_failed", "Record that a release came to nothing."),
    "received": ("api.cli.releases:received", "Record that the contact received a release."),
    "refer": ("api.cli.queries:refer", "Direct somebody who asked a recipient to the office."),
    "receive-query": ("api.cli.queries:receive_query", "Record a question about data that others hold."),
    "answer-query": ("api.cli.queries:answer_query", "Answer a query, or record why it could not be."),
    "withdraw-query": ("api.cli.queries:withdraw_query", "Record that a query was withdrawn."),
    "notify-publication": ("api.cli.publications:notify_publication", "Record what is to be published."),
    "review-publication": ("api.cli.publications:review_publication", "Record a review of a publication."),
    "ask-changes": ("api.cli.publications:ask_changes", "Send a publication back for changes."),
    "pass-publication": ("api.cli.publications:pass_publication", "Pass a publication."),
    "record-publication": ("api.cli.publications:record_publication", "Record that something appeared."),
    "withdraw-publication": ("api.cli.publications:withdraw_publication", "Record that a publication was withdrawn."),
    "check-table": ("api.cli.tabulating:check_table", "Look for what singles people out in a table."),
    "compelled-disclosure": ("api.cli.barring:compelled_disclosure", "Record a disclosure that the law compelled."),
    "report-copy": ("api.cli.copies:report_copy", "Record that a copy was passed on."),
    "declare-copies": ("api.cli.copies:declare_copies", "Record that a group has reported its copies."),
    "attest": ("api.cli.copies:attest", "Record that somebody attests a destruction."),
    "accept-attestation": ("api.cli.copies:accept_attestation", "Accept that data are destroyed."),
    "write-off": ("api.cli.copies:write_off", "Give up to see a holding destroyed."),
    "depart": ("api.cli.endings:depart", "Record that somebody left, or show what would end."),
    "move": ("api.cli.endings:move", "Record that somebody moved to another institution."),
    "place-hold": ("api.cli.endings:place_hold", "Place a legal hold."),
    "lift-hold": ("api.cli.endings:lift_hold", "Lift a legal hold."),
    "close": ("api.cli.endings:close", "Close a request under which nothing is held."),
    "report-incident": ("api.cli.incidents:report_incident", "Record that something went wrong."),
    "contain-incident": ("api.cli.incidents:contain_incident", "Record that an incident is contained."),
    "close-incident": ("api.cli.incidents:close_incident", "Close an incident."),
    "revoke-access": ("api.cli.incidents:revoke_access", "End a person's right under a request."),
    "restore-access": ("api.cli.incidents:restore_access", "Give a person their right back."),
    "assign-finding": ("api.cli.findings:assign_finding", "Give a finding an owner."),
    "close-finding": ("api.cli.findings:close_finding", "Close a finding, for a reason."),
    "access": ("api.cli.access:access", "Ask whether a person may open a data set, and record it."),
    "opened": ("api.cli.access:opened", "Record that somebody opened a data set."),
    "may": ("api.cli.permitting:may", "Say whether a person may read a data set."),
    "inbox": ("api.cli.waiting:inbox", "Show what waits for whom, oldest first."),
    "request": ("api.cli.waiting:request", "Show how a request stands, item by item; or write the letter."),
    "holders": ("api.cli.holding:holders", "Show who holds a data set."),
    "holdings": ("api.cli.holding:holdings", "Show what a person holds."),
    "deadlines": ("api.cli.holding:deadlines", "Show what ends of itself in the next days."),
    "accesses": ("api.cli.holding:accesses", "Show who opened what, or was refused."),
    "queries": ("api.cli.queries:queries", "Show who asked about what, and what they were told."),
    "publications": ("api.cli.publications:publications", "Show what is published, and how far its review is."),
    "findings": ("api.cli.findings:findings", "Show what is recorded and should not be so."),
    "history": ("api.cli.asking:history", "Tell the history of a request in words."),
    "explain": ("api.cli.explaining:explain", "Judge an act again, from the log alone."),
    "agreements": ("api.cli.covering:agreements", "Show which agreements cover which data."),
    "disclosures": ("api.cli.disclosing:disclosures", "Show the record of disclosures of a period."),
    "stats": ("api.cli.figures:stats", "Show how many requests a year had, and how fast they were decided."),
    "sample": ("api.cli.sampling:sample", "Draw releases by lot, with all evidence."),
    "roles": ("api.cli.governing:roles", "Show who holds which role."),
    "views-of": ("api.cli.governing:views_of", "Show who looked at a history."),
    "waivers": ("api.cli.governing:waivers", "Show every waiver, and what it was used for."),
    "erased": ("api.cli.governing:erased", "Show which people were erased."),
    "import": ("api.cli.importing:import_register", "Take in a register of past releases."),
    "serve": ("api.cli.serving:serve", "Serve the HTTP API."),
    "openapi": ("api.cli.serving:openapi", "Print the document of the HTTP API."),
    "issue-api-key": ("api.cli.serving:issue_api_key", "Give a principal a key for programs."),
    "revoke-api-key": ("api.cli.serving:revoke_api_key", "Make a key for programs good for nothing."),
}
# What help says above a command and those that follow it.
HEADINGS = {
    "init": "Keeping the ledger",
    "publish-policy": "Policy, roles, waivers, corrections",
    "register-dataset": "Data sets",
    "register-person": "People",
    "submit": "Requests",
    "issue": "Agreements",
    "designate": "Contact and key",
    "release": "Releases",
    "refer": "Queries and publications",
    "report-copy": "Copies, destruction, endings",
    "report-incident": "Incidents and findings",
    "access": "Data servers",
    "may": "Questions",
    "import": "The past",
    "serve": "The HTTP API",
}
WIDEST = max(map(len, COMMANDS))

# The first line keeps click from filling paragraphs.
EXIT_CODES = """\b
Exit codes:
   0  done, all holds, yes
   1  could not run; or it was recorded and could not be printed, as standard error says
   2  wrong usage
   3  refused by a rule
   4  conflict, or not known whether it was recorded: try again
Of verify:
  10  altered
  11  shorter than a checkpoint
  12  some part could not be verified
"""


def _sections() -> dict[str, list[tuple[str, str]]]:
    """The commands with what they do, by heading."""
    sections: dict[str, list[tuple[str, str]]] = {}
    heading = ""
    for name, (_, what) in COMMANDS.items():
        heading = HEADINGS.get(name, heading)
        sections.setdefault(heading, []).append((name, what))
    return sections


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
        """List the commands, those of a kind of user together, without importing them."""
        del ctx
        for heading, rows in _sections().items():
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=WIDEST)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; its errors become a sentence and an exit code."""
        from api.cli.failures import as_sentences

        _take_up_streams()
        # What a terminal has no letters for is spelled out.
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        with as_sentences():
            return super().invoke(ctx)


def _take_up_streams() -> None:
    """Have something for standard input, output and error where they were closed: a file would get their numbers.

    What is printed cannot be written there, and so it is told; what is said of that goes nowhere.
    """
    for number, (name, mode) in enumerate({"stdin": "rb", "stdout": "wb", "stderr": "wb"}.items()):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_WRONLY if name == "stderr" else os.O_RDONLY)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            raw = os.fdopen(number, mode, buffering=0, closefd=False)
            setattr(sys, name, TextIOWrapper(raw, encoding="utf-8", write_through=True))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(package_name="dua-ledger")
def main() -> None:
    """An audit ledger for requests for research data."""
