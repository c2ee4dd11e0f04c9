"""Commands about who signs and cosigns: the keys of the log, and the witnesses that are asked."""

from pathlib import Path

import click

from api.cli import options
from api.cli.acting import Hand, reporting
from api.cli.failures import WrongUsage
from api.commands.logkeys import RetireLogKey, RotateLogKey
from ledger.chain.note import VerifierKey
from ledger.errors import Malformed, WrongKey
from ledger.evidence.logkeys import good_for, log_key, log_keys
from ledger.evidence.witnessing import WITNESSES, add_appointed, parse_appointed
from ledger.home import KEYS, key_files, new_log_key, open_log, throw_away_key


@click.command("rotate-key")
@reporting
def rotate_key(hand: Hand) -> None:
    """Make another key for the log, which signs beside the one that does already until `retire-key` ends that.

    Tell everybody who checks checkpoints its verifier key, and add it at each witness (`witness add`). Who has the old
    key only can check that the new one followed it: the log says so, and the old one has signed that.

    With DUA_LEDGER_KEY_PASSPHRASE in the environment its file is encrypted by that, which must then be there whenever
    something is signed.
    """
    store = hand.home.ledger.store
    origin = log_key(store).name
    _check_at_hand(hand, [key.public for key in good_for(store.length(), log_keys(store))])
    trial = RotateLogKey(vkey=throw_away_key(origin))
    if hand.manner.dry_run:
        hand.take(trial)
        return
    hand.clerk.take(trial, hand.circumstances, dry_run=True)
    # It is there before the log names it: without it nothing more could be signed.
    vkey = new_log_key(hand.home.path, origin)
    hand.take(RotateLogKey(vkey=vkey), notes=[f"key: {vkey}"])


@click.command("retire-key")
@reporting
@click.argument("key")
def retire_key(hand: Hand, key: str) -> None:
    """Have KEY sign no more: a verifier key as `vkey` prints it, or the 8 hex digits in it.

    What it has signed before stays good. Whoever has only this key has to have been told of the one that follows.
    """
    store = hand.home.ledger.store
    known = log_keys(store)
    found = next((one for one in known if key in (_plain(one), str(one), one.key_id.hex())), None)
    if found is None:
        raise WrongUsage(f"{key} is none of this log's keys: see `dua-ledger vkey`")
    following = [one for one in good_for(store.length(), known) if one.public != found.public]
    _check_at_hand(hand, [one.public for one in following])
    if following and not hand.home.notary.vouches_for(following):
        why = "is the only one that is known to sign: have it sign once more, with those that follow, by `checkpoint`"
        raise Malformed("log key", key, why)
    file = key_files(hand.home.path).get(found.public)
    notes = [f"{file} is good for nothing any more: destroy it"] if file else []
    hand.take(RetireLogKey(vkey=_plain(found)), notes=notes)


def _plain(key: VerifierKey) -> str:
    return str(VerifierKey(key.name, key.type, key.public))


def _check_at_hand(hand: Hand, wanted: list[bytes]) -> None:
    """Raise `WrongKey`, or `Unreachable`, unless these keys are here: without them what is recorded is not signed."""
    found = key_files(hand.home.path)
    if not found.keys() >= set(wanted):
        raise WrongKey(", ".join(file.name for file in found.values()), "which has to sign for this, too")


@click.command()
@options.home
@click.argument("witness", metavar="URL=VKEY")
def appoint(path: Path, witness: str) -> None:
    """Ask the witness URL=VKEY to cosign each checkpoint from now on: where it is, and the key that it cosigns with.

    It has to know the log: whoever runs it calls `witness add` with the log's verifier key. Who is asked stands in
    keys/witnesses, a line each.
    """
    with open_log(path.absolute()):
        # It is a ledger home.
        add_appointed(path.absolute() / KEYS / WITNESSES, parse_appointed(witness))
