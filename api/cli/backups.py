"""Commands that make backups, and a ledger home of them again."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, NoReturn

import click
import msgspec

from api.cli import options, receipts
from api.cli.acting import clock
from api.cli.evidence import lock_store, witness_seconds
from api.cli.receipts import leave_receipt_in
from api.cli.reporting import sentences
from api.cli.verifying import NOTHING_MORE, Against, Extent, verify_home
from api.cli.wording import counted, printable
from ledger.backup.comparing import SignedBefore, lost_since, signed_before
from ledger.backup.errors import BackupAltered
from ledger.backup.making import back_up, back_up_keys
from ledger.backup.manifest import Manifest
from ledger.backup.restoring import KeysKept, Opening, begin_anew, continue_log, keys_made_at, restored
from ledger.chain.entry import format_time
from ledger.chain.note import VerifierKey
from ledger.errors import NotContinued
from ledger.evidence.report import Finding, Report, Verdict
from ledger.evidence.witnessing import parse_appointed
from ledger.home import OUTGOING, check_continued, check_signed, key_file

_new_file = click.Path(path_type=Path, dir_okay=False)
_file = click.Path(path_type=Path, exists=True, dir_okay=False)
NEWER_KEYS = "Give keys that were backed up after it, or go on without what is lost, with --accept-losses."
KEPT_APART = "keys/key-encryption-key and each keys/log-key*.pem"


@click.command()
@options.home
@click.argument("to", metavar="FILE", type=_new_file)
@click.option(
    "--without-lock-store",
    is_flag=True,
    help="Go on where the lock store is lost: then nobody sees here whether the log was cut off.",
)
def backup(path: Path, to: Path, without_lock_store: bool) -> None:
    """Write log and custody into the new FILE, as they are at one moment, while others go on writing.

    No key is in it, and not the lock store: `backup-keys` backs the keys up, for as long as erased data may live on.
    Make that one after this one, so that it has all that this one needs. FILE is a tar archive with its SHA256SUMS.
    Packages that wait in outgoing/ to be fetched are not in it: after a restore, record that those releases failed, and
    make them again.
    """
    check = check_continued if without_lock_store else check_signed
    manifest = back_up(path.absolute(), to.absolute(), clock(), check)
    click.echo(f"Wrote {to}: {counted(manifest.size, 'entry')} of {manifest.origin}, and all that they commit to.")
    if waiting := sorted((path / OUTGOING).glob("L-*")):
        click.echo(f"Not in it: {counted(len(waiting), 'package')} in {OUTGOING}/, waiting to be fetched.")


@click.command("backup-keys")
@options.home
@click.argument("to", metavar="FILE", type=_new_file)
@click.option("--keep-days", required=True, type=click.IntRange(0, 36_500), help="For how many days FILE will be kept.")
def backup_keys(path: Path, to: Path, keep_days: int) -> None:
    """Write the key store into the new FILE, which opens nothing once its days are over: destroy it then.

    `erase` says on which day the last of these is gone. Its keys are wrapped: it needs the key-encryption key, of which
    one copy is kept for good, apart from this, as of each log key.
    """
    manifest = back_up_keys(path.absolute(), to.absolute(), keep_days, clock())
    click.echo(f"Wrote {to}: to be destroyed when {manifest.kept_until} is over.")
    click.echo(f"Not in it: {KEPT_APART}. Keep a copy of each apart from all backups.")


class Wanted(NamedTuple):
    """How a backup is to be restored, and what it is compared with."""

    lock: str | None
    witnesses: tuple[str, ...]
    seconds: float
    processes: int | None
    accept_losses: bool
    keys: KeysKept | None
    at: datetime


@click.command()
@options.home
@options.actor
@click.argument("file", type=_file)
@click.option("--keys", type=_file, help="A backup of the key store; without one, no details are to be had.")
@click.option("--key-encryption-key", "opens", type=_file, help="What the keys in it are wrapped with.")
@click.option(
    "--log-key",
    "log_keys",
    multiple=True,
    type=_file,
    help="A key that signs for the log, where it is continued; each of them, while several do.",
)
@lock_store
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="URL=VKEY",
    help="A witness: the log must continue what it cosigned last; it will be asked from now on. May be repeated.",
)
@witness_seconds
@click.option(
    "--as-new-log",
    "origin",
    metavar="ORIGIN",
    help="Begin a new log with this name, which carries the entries of the old one on.",
)
@click.option(
    "--accept-losses", is_flag=True, help="Go on though custody does not hold all, as when the keys are older."
)
@options.processes
@receipts.receipt
def restore(
    path: Path,
    actor: str,
    file: Path,
    keys: Path | None,
    opens: Path | None,
    log_keys: tuple[Path, ...],
    lock: str | None,
    witnesses: tuple[str, ...],
    seconds: float,
    origin: str | None,
    accept_losses: bool,
    processes: int | None,
    receipt: Path | None,
) -> None:
    """Make the new ledger home --home of the backup in FILE, once all of it is verified and erasures are applied.

    To continue the log, the lock store must be named: all that was signed, and what a witness has cosigned, must be in
    the backup. One that is older exits with 11, and nothing is made. Then a new log can be begun with --as-new-log:
    under another name, with a new key and lock store, it has the old entries at their positions, says in the first what
    it carries on, and keeps the old log beside. What was recorded after the backup is lost; tell it anew.

    Exits with 10 when the backup was altered, or custody does not hold what the log commits to. Where that is because
    the keys are older than the backup, it is said: --accept-losses goes on without what they do not open.
    """
    _check_all_is_given(keys, opens, lock, log_keys, origin)
    if receipt is not None and origin is None:
        raise click.UsageError("--receipt is for the entry that begins a new log: a log that goes on gets none")
    for witness in witnesses:
        parse_appointed(witness)
    kept = KeysKept(keys, opens) if keys and opens else None
    wanted = Wanted(lock, witnesses, seconds, processes, accept_losses, kept, clock()())
    try:
        with restored(file, path.absolute(), wanted.at, kept) as (draft, manifest):
            if origin is None:
                lacking = continue_log(draft, lock or "", log_keys, witnesses)
                _check(draft, wanted, Against((), (), lock, witnesses, seconds))
                said = [f"Restored {manifest.origin} in {path}, with {counted(manifest.size, 'entry')}."]
                said += _unable_to_sign(path, lacking)
            else:
                said = _begun_anew(draft, manifest, origin, actor, wanted)
    except BackupAltered as error:
        click.echo(printable(f"altered: {error}"))
        sys.exit(int(Verdict.ALTERED))
    except NotContinued as error:
        click.echo(printable(f"shorter: {error}"))
        sys.exit(int(Verdict.SHORTER))
    click.echo(printable("\n".join(said)))
    if kept is None:
        click.echo("There are no keys in it: no details can be read, and nothing can be recorded.")
    if receipt is not None:
        leave_receipt_in(path.absolute(), 1, receipt)


def _check_all_is_given(
    keys: Path | None, opens: Path | None, lock: str | None, log_keys: Sequence[Path], origin: str | None
) -> None:
    """Raise `click.UsageError` with all that is wanting."""
    wanting = []
    if opens is None and keys is not None:
        wanting.append("--key-encryption-key, which opens what is in --keys")
    if keys is None and opens is not None:
        wanting.append("--keys, which --key-encryption-key opens")
    if lock is None and origin is None:
        wanting.append("--lock-store, to continue the log, or --as-new-log, to begin another")
    if not wanting:
        return
    if not log_keys and origin is None:
        wanting.append("--log-key, without which nothing more can be signed")
    raise click.UsageError(f"give also {'; '.join(wanting)}")


def _unable_to_sign(path: Path, lacking: Sequence[VerifierKey]) -> Iterator[str]:
    """That a home cannot sign without the keys that it lacks, if it lacks any, and what to do."""
    if lacking:
        yield "It can't sign: what is recorded there stays unsigned until each key that signs for the log is in it."
    for key in lacking:
        yield f"Missing: {key}, whose file is to be put there as {key_file(path, key)}."


def _begun_anew(draft: Path, manifest: Manifest, origin: str, actor: str, wanted: Wanted) -> list[str]:
    """What there is to say of a new log, once it is begun."""
    signed = signed_before(draft, manifest, wanted.lock, wanted.witnesses, wanted.seconds)
    vkey = begin_anew(draft, manifest, Opening(origin, signed.size, actor, options.VIA, clock()), wanted.witnesses)
    _check(draft, wanted, NOTHING_MORE)
    return [
        f"Began {origin}, which carries on {counted(manifest.size, 'entry')} of {manifest.origin}. Its verifier key:",
        f"  {vkey}",
        *_losses(signed, manifest.size, wanted),
        f"Tell anew what happened since {manifest.made_at}, erasures first.",
    ]


def _losses(signed: SignedBefore, size: int, wanted: Wanted) -> Iterator[str]:
    """What is lost of a log, of which so many entries were put back, and what nobody can tell of that."""
    lost = counted(max((signed.size or 0) - size, 0), "entry")
    yield f"Lost: {lost} that had been signed{_as_far_as(signed, wanted)}."
    for one in signed.claimed:
        yield (
            f"Can't verify: {one.name} has a checkpoint over {counted(one.size, 'entry')}, and {one.why}. "
            f"If that is a key of the log's from after the backup, {counted(one.size - size, 'entry')} are lost."
        )


def _as_far_as(signed: SignedBefore, wanted: Wanted) -> str:
    """What limits the knowledge of how much had been signed, as the end of a sentence."""
    if wanted.lock is None:
        behind = "no lock store was named, and a witness may be behind"
        return f", as far as can be told: {behind if wanted.witnesses else 'no lock store or witness was named'}"
    return ", as far as can be verified" if signed.claimed else ""


def _check(draft: Path, wanted: Wanted, against: Against) -> None:
    """Leave with what is found, unless the log holds, and custody with it but for losses that are accepted."""
    log = verify_home(draft, wanted.processes, against=against, extent=Extent.LOG)
    if log.verdict is not Verdict.HOLDS:
        _leave(sentences(log), log.verdict)
    whole = verify_home(draft, wanted.processes, against=against._replace(witnesses=()))
    lost, unopened = _of_older_keys(draft, wanted.keys, whole) if wanted.keys else ((), [])
    rest = msgspec.structs.replace(whole, findings=tuple(one for one in whole.findings if one not in lost))
    told = [f"{finding.verdict.name.lower()}: {finding}" for finding in rest.findings]
    if whole.verdict is Verdict.ALTERED and not wanted.accept_losses:
        said = sentences(rest) if rest.verdict is Verdict.ALTERED else told
        _leave([*said, *unopened, *([NEWER_KEYS] if lost else ())], whole.verdict)
    for line in (*told, *unopened):
        click.echo(printable(line), err=True)


def _of_older_keys(draft: Path, keys: KeysKept, report: Report) -> tuple[tuple[Finding, ...], list[str]]:
    """The findings of what these keys do not open, as they were backed up before it was recorded; and in words."""
    made = keys_made_at(keys)
    lost = lost_since(draft, report, made)
    if not lost:
        return (), []
    what = counted(len(lost), "detail")
    return lost, [
        *(f"lost: {finding}" for finding in lost),
        f"The keys in {keys.backup} are older than the backup: of {format_time(made)}, without {what} recorded since.",
    ]


def _leave(said: Iterable[str], verdict: Verdict) -> NoReturn:
    click.echo(printable("\n".join(said)))
    click.echo("Nothing was restored.")
    sys.exit(int(verdict))
