"""Commands about the point of contact and their key."""

from datetime import date
from pathlib import Path
from typing import Literal

import click

from api.cli.acting import Hand, reporting
from api.cli.kinds import CHANNEL, DAY, FILE, REQUEST, TEXT, OneOf
from api.commands import document_in
from api.commands.contact import AnswerKeyTest, ConfirmKey, Designate, FileKey, RejectKey, RevokeKey, SendKeyTest
from api.handing_over import NONCE_BYTES, send_key_test
from api.names import names_in
from ledger.events import KeyFiled
from ledger.events.contact import SecondChannel
from ledger.files import check_free

Why = Literal["lost", "compromised", "no longer used"]


@click.command()
@reporting
@click.argument("request", type=REQUEST)
@click.argument("person")
def designate(hand: Hand, request: str, person: str) -> None:
    """Name PERSON the point of contact of REQUEST."""
    hand.take(Designate(request=request, person=hand.person(person)))


@click.command("file-key")
@reporting
@click.argument("request", type=REQUEST)
@click.argument("key", type=FILE)
def file_key(hand: Hand, request: str, key: Path) -> None:
    """File the public KEY of the point of contact of REQUEST."""
    command = FileKey(request=request, key=document_in(key, "application/pgp-keys"))
    hand.take(command, gives="key", notes=_warned(hand, command))


def _warned(hand: Hand, command: FileKey) -> list[str]:
    """That no user id of a key has the contact's address: it may be somebody else's."""
    names = names_in(hand.home.ledger, hand.home.custody)
    reports = [event for event, _ in command.draft(hand.clerk.drafting(hand.circumstances))]
    return [
        f"warning: no user id of this key has the address of {names(one.person)}, so nothing is released for it until"
        " `confirm-key --settles-address` says that it is theirs; if it is somebody else's, `reject-key`"
        for one in reports
        if isinstance(one, KeyFiled) and not one.names_address
    ]


@click.command("confirm-key")
@reporting
@click.argument("request", type=REQUEST)
@click.argument("fingerprint")
@click.option("--to", "confirmed_to", metavar="PERSON", required=True, help="Who heard it: an id or address.")
@click.option("--by", type=OneOf(SecondChannel), required=True, help="By what other channel than the key came by.")
@click.option("--on", type=DAY, help="When; today, if it is not said.")
@click.option("--settles-address", is_flag=True, help="Though the key does not name their address, it is theirs.")
def confirm_key(
    hand: Hand,
    request: str,
    fingerprint: str,
    confirmed_to: str,
    by: SecondChannel,
    on: date | None,
    settles_address: bool,
) -> None:
    """Record that the contact of REQUEST confirmed FINGERPRINT, in full, by a second channel."""
    hand.take(
        ConfirmKey(
            request=request,
            fingerprint=fingerprint,
            confirmed_to=hand.person(confirmed_to),
            by=by,
            on=on,
            settles_address=settles_address,
        )
    )


@click.command("reject-key")
@reporting
@click.argument("request", type=REQUEST)
@click.option("--reason", type=TEXT, required=True, help="Why; it is kept in custody. - reads it from standard input.")
def reject_key(hand: Hand, request: str, reason: str) -> None:
    """Reject the key that the contact of REQUEST filed last."""
    hand.take(RejectKey(request=request, reason=reason))


@click.command("revoke-key")
@reporting
@click.argument("request", type=REQUEST)
@click.option("--why", type=OneOf(Why), required=True, help="Why its owner gave it up.")
@click.option("--on", type=DAY, help="From when; today, if it is not said.")
def revoke_key(hand: Hand, request: str, why: Why, on: date | None) -> None:
    """Record that the contact of REQUEST gave up the key that they filed last."""
    hand.take(RevokeKey(request=request, why=why, on=on))


@click.command("test-key")
@reporting
@click.argument("request", type=REQUEST)
@click.option("--channel", type=CHANNEL, required=True, help="The channel that the release will use.")
@click.option("--to", "target", type=click.Path(path_type=Path), help="Where to put the small file that is to be sent.")
@click.option("--answer", help="What the contact read in it.")
@click.option("--no-answer", is_flag=True, help="Nothing came back.")
def test_key(hand: Hand, request: str, channel: str, target: Path | None, answer: str | None, no_answer: bool) -> None:
    """Test the key of the contact of REQUEST, and the channel: send a small file, or record what came back."""
    if [target is not None, answer is not None, no_answer].count(True) != 1:
        raise click.UsageError("give one of --to, --answer and --no-answer")
    if target is None:
        hand.take(AnswerKeyTest(request=request, channel=channel, answer=answer))
    elif hand.manner.dry_run:
        check_free(target)
        hand.take(SendKeyTest(request=request, channel=channel, nonce=2 * NONCE_BYTES * "0"))
    else:
        hand.show([send_key_test(hand.clerk, request, channel, target, hand.circumstances, hand.manner.documents)])
