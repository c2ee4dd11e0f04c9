"""Commands about agreements: issued, signed, executed, terminated."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from api.cli.acting import Hand, acting, reporting
from api.cli.kinds import AGREEMENT, DAY, FILE, NAME, REQUEST, TEXT, OneOf
from api.commands import Command, document_in
from api.commands.agreement import Execute, Issue, SignByKey, SignOnPaper, Terminate
from ledger.events.agreement import Capacity, Evidence, Kind

# What is handed in for each way to sign.
WAYS: dict[Evidence, set[str]] = {
    "openpgp": {"signature", "key"},
    "scan": {"scan", "text", "on", "attested_by"},
    "e-signature": {"e_signature", "text", "on", "attested_by"},
}


@click.command()
@acting
@click.argument("request", type=REQUEST)
@click.option("--kind", type=OneOf(Kind), required=True, help="A memorandum (MOU), or an external agreement (DUA).")
@click.option("--template", type=NAME, required=True, help="From which template, with its version.")
@click.option("--template-approved-by", metavar="PERSON", required=True, help="Who approved that: an id or address.")
@click.option("--text", type=FILE, required=True, help="Exactly the text that goes out: PDF, PNG, JPEG or text.")
@click.option(
    "--otherwise",
    type=TEXT,
    help="Why it names everybody of the study group, whatever is usual; kept in custody. - reads it from input.",
)
def issue(
    hand: Hand,
    request: str,
    kind: Kind,
    template: str,
    template_approved_by: str,
    text: Path,
    otherwise: str | None,
) -> None:
    """Issue an agreement for REQUEST, or record why it could not be."""
    hand.take(
        Issue(
            request=request,
            kind=kind,
            template=template,
            template_approved_by=hand.person(template_approved_by),
            text=document_in(text),
            otherwise=otherwise,
        ),
        gives="agreement",
    )


@click.command()
@reporting
@click.argument("agreement", type=AGREEMENT)
@click.option("--signer", metavar="PERSON", required=True, help="Who signed: an id or address.")
@click.option("--as", "capacity", type=OneOf(Capacity), required=True, help="In which capacity.")
@click.option("--organisation", help="For which organisation an authorised official signs, by id or name.")
@click.option("--signature", type=FILE, help="A detached OpenPGP signature over exactly the text that was issued.")
@click.option("--key", type=FILE, help="The public key that made it.")
@click.option("--scan", type=FILE, help="A scan of the text with the signature in ink.")
@click.option("--e-signature", type=FILE, help="The PDF with an electronic signature.")
@click.option("--text", type=FILE, help="The text that was signed, to compare it with what was issued.")
@click.option("--on", type=DAY, help="When it was signed, in ink or electronically.")
@click.option(
    "--attested-by", metavar="PERSON", help="Who attests that it is this text, or whose the key is: an id or address."
)
def sign(
    hand: Hand, agreement: str, signer: str, capacity: Capacity, organisation: str | None, **handed_in: Any
) -> None:
    """Record a signature on AGREEMENT (A-...).

    By OpenPGP with --signature and --key; in ink with --scan, by an e-signature with --e-signature, and with either of
    these --text, --on and --attested-by.
    """
    whose = {
        "request": hand.request_of("agreement", agreement),
        "agreement": agreement,
        "signer": hand.person(signer),
        "capacity": capacity,
        "organisation": organisation and hand.organisation(organisation),
        "attested_by": handed_in["attested_by"] and hand.person(handed_in["attested_by"]),
    }
    hand.take(_signing(whose, handed_in))


def _signing(whose: Mapping[str, Any], handed_in: Mapping[str, Any]) -> Command:
    given = {name for name, value in handed_in.items() if value is not None}
    way = next((way for way, needed in WAYS.items() if needed <= given <= needed | {"attested_by"}), None)
    if way is None:
        raise click.UsageError(
            "give --signature and --key; or --scan, --text, --on and --attested-by; "
            "or --e-signature, --text, --on and --attested-by"
        )
    if way == "openpgp":
        signature = document_in(handed_in["signature"], "application/pgp-signature")
        return SignByKey(signature=signature, key=document_in(handed_in["key"], "application/pgp-keys"), **whose)
    return SignOnPaper(
        on=handed_in["on"],
        document=document_in(handed_in["scan"] or handed_in["e_signature"]),
        text=document_in(handed_in["text"]),
        evidence=way,
        **whose,
    )


@click.command()
@acting
@click.argument("agreement", type=AGREEMENT)
@click.option("--from", "starts", type=DAY, help="The first day; today, if it is not said.")
@click.option("--until", "ends", type=DAY, help="The last day; as long as policy has it, if it is not said.")
def execute(hand: Hand, agreement: str, starts: date | None, ends: date | None) -> None:
    """Put AGREEMENT (A-...) in force, or record why it could not be."""
    request = hand.request_of("agreement", agreement)
    hand.take(Execute(request=request, agreement=agreement, starts=starts, ends=ends))


@click.command()
@reporting
@click.argument("agreement", type=AGREEMENT)
@click.option("--on", type=DAY, required=True, help="The first day on which it is no longer in force.")
@click.option("--reason", type=TEXT, help="Why; it is kept in custody. - reads it from standard input.")
def terminate(hand: Hand, agreement: str, on: date, reason: str | None) -> None:
    """Record that AGREEMENT (A-...) ended before its time."""
    request = hand.request_of("agreement", agreement)
    hand.take(Terminate(request=request, agreement=agreement, on=on, reason=reason))
