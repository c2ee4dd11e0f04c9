"""Commands about copies and their destruction."""

from collections.abc import Sequence
from datetime import date

import click

from api.cli.acting import Hand, acting, reporting
from api.cli.kinds import ATTESTATION, DATA_SET, DAY, NAME, REQUEST, TEXT
from api.commands.holding import Accept, Attest, DeclareCopies, GiveUp, ReportCopy

COPIES = click.IntRange(0, 100_000)


@click.command("report-copy")
@reporting
@click.argument("request", type=REQUEST)
@click.argument("dataset", type=DATA_SET)
@click.option("--label", type=NAME, help="Which version; it need not be said where only one went out.")
@click.option("--from", "by", metavar="PERSON", help="Who passed it on: an id or address.")
@click.option("--to", "person", metavar="PERSON", help="Who has it now: an id or address.")
@click.option("--account", type=TEXT, help="All that is known of whom nobody knows; kept in custody.")
@click.option("--since", type=DAY, help="Since when; today, if it is not said.")
@click.option("--place", type=TEXT, help="Where it lies; kept in custody. - reads it from standard input.")
def report_copy(
    hand: Hand,
    request: str,
    dataset: str,
    label: str | None,
    by: str | None,
    person: str | None,
    account: str | None,
    since: date | None,
    place: str | None,
) -> None:
    """Record that a copy of DATASET (D-...) was passed on under REQUEST."""
    if (person is None) == (account is None):
        raise click.UsageError("say who has it by --to, or what is known of them by --account")
    hand.take(
        ReportCopy(
            request=request,
            dataset=hand.known("dataset", dataset),
            label=label,
            by=by and hand.person(by),
            person=person and hand.person(person),
            account=account,
            since=since,
            place=place,
        )
    )


@click.command("declare-copies")
@reporting
@click.argument("request", type=REQUEST)
@click.option("--by", metavar="PERSON", required=True, help="Who of the group says so: an id or address.")
def declare_copies(hand: Hand, request: str, by: str) -> None:
    """Record that the group of REQUEST has reported all copies of what it received.

    From then on nobody is presumed to hold one who was not reported.
    """
    hand.take(DeclareCopies(request=request, by=hand.person(by)))


@click.command()
@reporting
@click.argument("request", type=REQUEST)
@click.argument("people", metavar="PERSON", nargs=-1, required=True)
@click.option("--by", metavar="PERSON", help="Who attests it, where that is not the one whose data they were.")
@click.option("--data", "datasets", type=DATA_SET, multiple=True, help="Only this data set; repeatable.")
@click.option("--on", type=DAY, help="When it was destroyed; today, if it is not said.")
@click.option("--copies", type=COPIES, required=True, help="How many copies were destroyed.")
@click.option("--media", type=TEXT, required=True, help="On which media they were; kept in custody.")
@click.option("--method", type=TEXT, required=True, help="How they were destroyed; kept in custody.")
@click.option("--exceptions", type=TEXT, help="What of them is left; kept in custody.")
def attest(
    hand: Hand,
    request: str,
    people: Sequence[str],
    by: str | None,
    datasets: Sequence[str],
    on: date | None,
    copies: int,
    media: str,
    method: str,
    exceptions: str | None,
) -> None:
    """Record that somebody attests that what each PERSON holds under REQUEST is destroyed."""
    if by is None and len(people) > 1:
        raise click.UsageError("say by --by who attests it: for several people it has to be said who does")
    command = Attest(
        request=request,
        people=hand.people(people),
        by=by and hand.person(by),
        datasets=tuple(hand.known("dataset", one) for one in datasets),
        on=on,
        copies=copies,
        media=media,
        method=method,
        exceptions=exceptions,
    )
    hand.take(command, gives="attestation")


@click.command("accept-attestation")
@acting
@click.argument("attestation", type=ATTESTATION)
@click.option("--reason", type=TEXT, help="Why, where there are exceptions; kept in custody.")
def accept_attestation(hand: Hand, attestation: str, reason: str | None) -> None:
    """Accept ATTESTATION (X-...): what it names is destroyed; or record why it could not be."""
    request = hand.request_of("attestation", attestation)
    hand.take(Accept(request=request, attestation=attestation, reason=reason))


@click.command("write-off")
@acting
@click.argument("request", type=REQUEST)
@click.argument("person")
@click.argument("dataset", type=DATA_SET)
@click.option("--label", type=NAME, help="Which version; it need not be said where they hold only one.")
@click.option("--reason", type=TEXT, required=True, help="Why; it is kept in custody. - reads it from standard input.")
def write_off(hand: Hand, request: str, person: str, dataset: str, label: str | None, reason: str) -> None:
    """Give up to see destroyed what PERSON holds of DATASET (D-...) under REQUEST: a finding for ever."""
    hand.take(GiveUp(request=request, person=hand.person(person), dataset=dataset, label=label, reason=reason))
