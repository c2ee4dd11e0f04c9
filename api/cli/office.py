"""Commands about the office itself: policy, roles, waivers, and what was recorded wrongly."""

from collections.abc import Callable
from datetime import date
from typing import Any

import click
import msgspec

from api.cli.acting import Hand, acting, reporting
from api.cli.failures import WrongUsage
from api.cli.kinds import DAY, NAME, PRINCIPAL, REQUEST, TEXT, OneOf
from api.cli.showing import office_of
from api.commands.correction import Correct
from api.commands.governance import EndRole, GrantRole, PublishPolicy, Waive
from ledger.chain.entry import MAX_POSITION
from ledger.events import PolicyPublished
from ledger.events.agreement import Capacity
from ledger.events.governance import Role

NUMBER = click.IntRange(0, 100_000)
PARAMETERS = {
    "institution": "What the institution is called.",
    "office": "What the office is called.",
    "board": "What the institution's own ethics board is called.",
    "memorandum": "What an agreement with people of the institution is called.",
    "external_agreement": "What an agreement with others is called.",
    "time_zone": "Where a day ends at midnight, such as America/New_York.",
    "memorandum_capacities": "In which capacity a memorandum is signed; repeat it for all of them.",
    "external_agreement_capacities": "In which capacity an external agreement is signed; repeat it for all of them.",
    "smallest_cell": "Of how many learners the smallest publishable cell is.",
    "reminder_days": "How many days before an end a reminder goes out; repeat it for all of them.",
    "agreement_months": "For how many months an agreement is executed.",
    "incident_hours": "Within how many hours an incident is to be reported.",
    "key_test_required": "Whether a key is tested by the channel of the release.",
    "destruction_days": "How many days after an agreement ends data are to be destroyed.",
    "publication_reviewers": "How many review a publication.",
    "training_months": "For how many months a training is valid that does not say so itself.",
    "accepts_not_human_subjects": "Whether a board's finding that it is no human-subjects research is accepted.",
}


def _parameter(name: str) -> Callable[[Any], Any]:
    """The option for a parameter of policy, of the kind that the event has it in."""
    option, now = name.replace("_", "-"), getattr(PolicyPublished(), name)
    match now:
        case bool():
            return click.option(f"--{option}/--no-{option}", name, default=None, help=PARAMETERS[name])
        case tuple():
            kind: Any = OneOf(Capacity) if isinstance(now[0], str) else NUMBER
            return click.option(f"--{option}", name, multiple=True, type=kind, help=PARAMETERS[name])
        case _:
            kind = NAME if isinstance(now, str) else NUMBER
            return click.option(f"--{option}", name, type=kind, help=PARAMETERS[name])


def _parameters(command: Any) -> Any:
    for name in reversed(PARAMETERS):
        command = _parameter(name)(command)
    return command


@click.command("publish-policy")
@reporting
@_parameters
def publish_policy(hand: Hand, **parameters: Any) -> None:
    """Put parameters of policy in force; those that are not given stay as they are."""
    given = {name: value for name, value in parameters.items() if value not in (None, ())}
    if not given:
        raise WrongUsage("give at least one parameter: those that are not given stay as they are")
    policy = msgspec.structs.replace(office_of(hand.home).policy.event, **given)
    hand.take(PublishPolicy(policy=policy))


@click.command("grant-role")
@reporting
@click.argument("principal", type=PRINCIPAL)
@click.argument("role", type=OneOf(Role), metavar="ROLE")
@click.option("--from", "starts", type=DAY, required=True, help="The first day.")
@click.option("--until", "ends", type=DAY, help="The last day; without it, until it is ended.")
@click.option("--person", help="Which person the principal is, for the separation of duties: an id or address.")
def grant_role(hand: Hand, principal: str, role: Role, starts: date, ends: date | None, person: str | None) -> None:
    """Give PRINCIPAL, such as staff:17, a ROLE, such as director or acting-director."""
    who = person and hand.person(person)
    hand.take(GrantRole(principal=principal, role=role, starts=starts, ends=ends, person=who))


@click.command("end-role")
@reporting
@click.argument("principal", type=PRINCIPAL)
@click.argument("role", type=OneOf(Role), metavar="ROLE")
def end_role(hand: Hand, principal: str, role: Role) -> None:
    """End a ROLE of PRINCIPAL."""
    hand.take(EndRole(principal=principal, role=role))


@click.command("grant-waiver")
@acting
@click.argument("request", type=REQUEST)
@click.argument("rule", type=NAME)
@click.option("--until", "expires", type=DAY, required=True, help="The last day on which it counts.")
@click.option("--reason", type=TEXT, required=True, help="Why; it is kept in custody. - reads it from standard input.")
def grant_waiver(hand: Hand, request: str, rule: str, expires: date, reason: str) -> None:
    """Except REQUEST from RULE for a time, or record why that could not be."""
    hand.take(Waive(request=request, rule=rule, reason=reason, expires=expires), gives="waiver")


@click.command()
@reporting
@click.argument("position", type=click.IntRange(1, MAX_POSITION))
@click.option("--reason", type=TEXT, required=True, help="Why; it is kept in custody. - reads it from standard input.")
def correct(hand: Hand, position: int, reason: str) -> None:
    """Take back what was reported at POSITION; what is so instead is recorded by a command of its own."""
    hand.take(Correct(position=position, reason=reason))
