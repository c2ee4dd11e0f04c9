"""Commands about incidents, and about access that is taken away and given back."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import click

from api.cli.acting import Hand, acting, reporting
from api.cli.kinds import DATA_SET, DAY, INCIDENT, REQUEST, TEXT, TIME, OneOf, When
from api.cli.showing import office_of
from api.commands.incident import Contain, ReportIncident, RestoreAccess, RevokeAccess, Settle
from ledger.events.incident import Mishap

WHY = "Why; it is kept in custody. - reads it from standard input."


@click.command("report-incident")
@reporting
@click.argument("what", type=OneOf(Mishap), metavar="WHAT")
@click.option("--discovered", type=TIME, required=True, help="When it was discovered; a day counts from its beginning.")
@click.option("--told", type=TIME, help="When the office was told; now, if it is not said.")
@click.option("--request", "requests", type=REQUEST, multiple=True, help="Which request it concerns; repeatable.")
@click.option("--person", "people", multiple=True, help="Whom it concerns: an id or address; repeatable.")
@click.option("--dataset", "datasets", type=DATA_SET, multiple=True, help="Which data set; repeatable.")
@click.option("--account", type=TEXT, help="What happened; it is kept in custody. - reads it from standard input.")
def report_incident(
    hand: Hand,
    what: Mishap,
    discovered: When,
    told: When | None,
    requests: Sequence[str],
    people: Sequence[str],
    datasets: Sequence[str],
    account: str | None,
) -> None:
    """Record an incident; WHAT is lost-device, passed-on, published, unauthorised-access, misdirected or other.

    While it is open, nothing is approved, executed or released under a request that it concerns, and nobody let in.
    """
    command = ReportIncident(
        what=what,
        discovered=_time(hand, discovered),
        told=_time(hand, told) if told else None,
        requests=tuple(dict.fromkeys(requests)),
        people=hand.people(people),
        datasets=tuple(dict.fromkeys(datasets)),
        account=account,
    )
    hand.take(command, gives="incident")


def _time(hand: Hand, when: When) -> datetime:
    return when.begins(ZoneInfo(office_of(hand.home).policy.event.time_zone))


@click.command("contain-incident")
@reporting
@click.argument("incident", type=INCIDENT)
@click.option("--how", type=TEXT, required=True, help="What was done; it is kept in custody.")
def contain_incident(hand: Hand, incident: str, how: str) -> None:
    """Record that INCIDENT (I-...) is contained."""
    hand.take(Contain(incident=incident, how=how))


@click.command("close-incident")
@acting
@click.argument("incident", type=INCIDENT)
@click.option("--reason", type=TEXT, required=True, help=WHY)
def close_incident(hand: Hand, incident: str, reason: str) -> None:
    """Close INCIDENT (I-...), or record why it could not be."""
    hand.take(Settle(incident=incident, reason=reason))


@click.command("revoke-access")
@reporting
@click.argument("request", type=REQUEST)
@click.argument("person")
@click.option("--on", type=DAY, help="From which day on; today, if it is not said.")
@click.option("--reason", type=TEXT, help=WHY)
def revoke_access(hand: Hand, request: str, person: str, on: date | None, reason: str | None) -> None:
    """End the right of PERSON under REQUEST; what they hold stays theirs to destroy."""
    hand.take(RevokeAccess(request=request, person=hand.person(person), on=on, reason=reason))


@click.command("restore-access")
@reporting
@click.argument("request", type=REQUEST)
@click.argument("person")
@click.option("--reason", type=TEXT, help=WHY)
def restore_access(hand: Hand, request: str, person: str, reason: str | None) -> None:
    """Give PERSON the right under REQUEST back that was revoked, as far as agreements give one."""
    hand.take(RestoreAccess(request=request, person=hand.person(person), reason=reason))
