"""Commands about people: who they are, for whom they act, their training."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

from api.cli.acting import Hand, fresh_id, reporting
from api.cli.kinds import DAY, FILE, REQUEST, TEXT, OneOf
from api.commands import document_in
from api.commands.people import ChangeDetails, DetermineAffiliation, Lift, RegisterOrganisation, RegisterPerson, Suspend
from api.commands.training import RecordTraining, VerifyTraining
from ledger.events.people import Affiliation

DETAILS = {
    "email": "Their e-mail address.",
    "institution": "Their institution.",
    "department": "Their department.",
    "address": "Where letters reach them.",
    "phone": "Their phone number.",
}


def _details(command: Callable[..., Any]) -> Callable[..., Any]:
    for detail, what in reversed(DETAILS.items()):
        command = click.option(f"--{detail}", help=f"{what} It is kept in custody.")(command)
    return command


@click.command("register-person")
@reporting
@click.argument("name")
@_details
def register_person(hand: Hand, name: str, **details: str | None) -> None:
    """Make somebody called NAME known to the office, under a new id."""
    hand.take(RegisterPerson(person=fresh_id("p"), name=name, **details), gives="person")


@click.command("change-details")
@reporting
@click.argument("person")
@click.option("--name", help="Their name. It is kept in custody.")
@_details
def change_details(hand: Hand, person: str, **details: str | None) -> None:
    """Change details of PERSON; those that are not given stay as they are."""
    hand.take(ChangeDetails(person=hand.person(person), **details))


@click.command("register-organisation")
@reporting
@click.argument("name")
def register_organisation(hand: Hand, name: str) -> None:
    """Make an organisation called NAME known to the office, under a new id."""
    hand.take(RegisterOrganisation(organisation=fresh_id("O"), name=name), gives="organisation")


@click.command()
@reporting
@click.argument("request", type=REQUEST)
@click.argument("person")
@click.argument("where", type=OneOf(Affiliation), metavar="WHERE")
@click.option("--organisation", help="For which organisation they act, by id or name.")
def affiliation(hand: Hand, request: str, person: str, where: Affiliation, organisation: str | None) -> None:
    """Record for whom PERSON acts in REQUEST; WHERE is home, outside or in-doubt."""
    acts_for = organisation and hand.organisation(organisation)
    hand.take(
        DetermineAffiliation(request=request, person=hand.person(person), affiliation=where, organisation=acts_for)
    )


@click.command()
@reporting
@click.argument("person")
@click.option("--request", type=REQUEST, help="In this request only.")
@click.option("--reason", type=TEXT, help="Why; it is kept in custody. - reads it from standard input.")
def suspend(hand: Hand, person: str, request: str | None, reason: str | None) -> None:
    """Suspend PERSON: they may receive and open nothing."""
    hand.take(Suspend(person=hand.person(person), request=request, reason=reason))


@click.command()
@reporting
@click.argument("person")
@click.option("--request", type=REQUEST, help="In this request only.")
def lift(hand: Hand, person: str, request: str | None) -> None:
    """Lift the suspension of PERSON."""
    hand.take(Lift(person=hand.person(person), request=request))


@click.command()
@reporting
@click.argument("person")
@click.option("--completed", type=DAY, required=True, help="When it was completed, as the certificate says.")
@click.option("--expires", type=DAY, help="The last day, if the certificate says one; else policy does.")
@click.option("--certificate", type=FILE, required=True, help="The certificate: PDF, PNG, JPEG or text.")
def certify(hand: Hand, person: str, completed: date, expires: date | None, certificate: Path) -> None:
    """Record that PERSON completed the training, as a certificate says."""
    document = document_in(certificate)
    hand.take(RecordTraining(person=hand.person(person), completed=completed, expires=expires, certificate=document))


@click.command("verify-training")
@reporting
@click.argument("person")
def verify_training(hand: Hand, person: str) -> None:
    """Record that whoever issued them says that the certificates of PERSON are genuine."""
    hand.take(VerifyTraining(person=hand.person(person)))
