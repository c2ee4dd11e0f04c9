"""The command that verifies."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from api.cli import options, reporting
from api.cli.evidence import lock_store, read_at_most, witness_seconds
from api.cli.reporting import bundle_sentences, sentences
from api.cli.wording import counted_together, printable
from api.signing import appointed_in
from ledger.apart import Apart, worth
from ledger.chain.checkpoint import parse_log_key, parse_witness_key
from ledger.chain.note import MAX_NOTE_BYTES, VerifierKey
from ledger.codec import Codec
from ledger.errors import Damaged, LedgerError, NotALedger, Tampered, Unreachable
from ledger.evidence.agreements import SignatureCheck
from ledger.evidence.archive import MAX_ARCHIVE_BYTES
from ledger.evidence.bundle_check import check_bundle
from ledger.evidence.checkpoints import Given, against_checkpoints
from ledger.evidence.commitments import CommitmentCheck, UnopenedCustody
from ledger.evidence.cosigned import asked_all, parse_asked, with_witnesses
from ledger.evidence.earlier import origin_in, origins_of, with_earlier
from ledger.evidence.named import named_commitments
from ledger.evidence.report import Finding, Report, Verdict, altered, unreadable, unverified
from ledger.evidence.verify import CHUNK, WORTH_A_PROCESS, Check, verify_log
from ledger.home import (
    PUBLISHED,
    SECRETS,
    VIEWS,
    lock_store_url,
    open_custody,
    open_lock_store,
    open_log,
    open_to_others,
    places,
    store_url,
)
from ledger.log import Ledger
from ledger.storage import Store, is_postgres, rights_at, utc_now, without_password
from ledger.storage.port import Clock
from projections.replaying import JudgementCheck
from projections.upkeep import Upkeep

# What was sealed just now, an entry may be about to name; no wish takes so long.
UNDER_WAY = timedelta(hours=1)

REBUILD = "`dua-ledger rebuild` makes the views anew, from the log"


class Extent(IntEnum):
    """How much of a home is verified: the log alone, custody with it, or all that follows from them too."""

    LOG = 0
    CUSTODY = 1
    ALL = 2


@click.command()
@click.argument("bundle", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--home",
    "path",
    envvar="DUA_LEDGER_HOME",
    show_envvar=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The ledger's folder, where no bundle is given.",
)
@options.as_json
@options.processes
@click.option("--quick", is_flag=True, help="Leave out signatures on agreements, judgements, and views.")
@click.option(
    "--checkpoint",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A checkpoint that was kept elsewhere, which the log must continue; may be repeated.",
)
@click.option(
    "--vkey", "keys", multiple=True, help="Trust this verifier key of the log, and not the one that it names."
)
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="URL[=VKEY]",
    help="A witness, which is asked what it cosigned last: the log must continue that; may be repeated.",
)
@click.option(
    "--witness-key",
    "witness_keys",
    multiple=True,
    metavar="VKEY",
    help="The key of a witness, as you had it from a person: it has to have cosigned the bundle; may be repeated.",
)
@witness_seconds
@lock_store
@click.pass_context
def verify(
    ctx: click.Context,
    bundle: Path | None,
    path: Path | None,
    as_json: bool,
    processes: int | None,
    quick: bool,
    files: tuple[Path, ...],
    keys: tuple[str, ...],
    witnesses: tuple[str, ...],
    witness_keys: tuple[str, ...],
    seconds: float,
    lock: str | None,
) -> None:
    """Verify a ledger and everything that it commits to, from the bytes; or the audit bundle in the file BUNDLE.

    Prints every finding with its position, what else is worth knowing, and what could not be excluded. Exits with 0
    when all holds, 10 when something was altered, 11 when the log is shorter than a checkpoint or no extension of it,
    12 when some part could not be verified. Every checkpoint in the lock store is compared, the one that is published,
    those that are given, and what each witness that is named has cosigned last. Signatures on agreements are checked by
    gpg, judgements made again, and views compared with what the log gives.

    Without the keys, which an auditor may not have, nothing in custody can be verified: that is 12. Where the keys are
    and custody.db or the documents are not, what the log commits to is lost: that is 10.

    A bundle needs no ledger and no network; --vkey says whose it has to be, and --witness-key who has to have cosigned.
    """
    trusted, cosigners = tuple(map(parse_log_key, keys)), tuple(map(parse_witness_key, witness_keys))
    if bundle is not None:
        if files or witnesses or quick:
            raise click.UsageError("a bundle has its own checkpoint, and is verified whole")
        report = check_bundle(read_at_most(bundle, 2 * MAX_ARCHIVE_BYTES + 1), trusted, cosigners)
        lines = bundle_sentences(report)
    elif cosigners:
        raise click.UsageError("--witness-key is for a bundle: a ledger is compared with --witness URL=VKEY")
    elif path is not None:
        given = tuple(Given(str(file), read_at_most(file, MAX_NOTE_BYTES + 1)) for file in files)
        against = Against(given, trusted, lock, witnesses, seconds)
        extent = Extent.CUSTODY if quick else Extent.ALL
        report = verify_home(path.absolute(), processes, against=against, extent=extent)
        lines = sentences(report)
    else:
        raise click.MissingParameter(param=next(one for one in ctx.command.params if one.name == "path"), ctx=ctx)
    click.echo(reporting.as_json(report) if as_json else "\n".join(map(printable, lines)))
    sys.exit(int(report.verdict))


class Against(NamedTuple):
    """What a log is compared with.

    Checkpoints that were kept, keys to trust, a lock store that is not the home's, witnesses that are asked, and how
    long they may take.
    """

    given: tuple[Given, ...] = ()
    keys: tuple[VerifierKey, ...] = ()
    lock_store: str | None = None
    witnesses: tuple[str, ...] = ()
    seconds: float = 0.0


NOTHING_MORE = Against()


def verify_home(
    path: Path,
    processes: int | None = 1,
    clock: Clock = utc_now,
    against: Against = NOTHING_MORE,
    extent: Extent = Extent.ALL,
) -> Report:
    """Verify a ledger home, with a progress bar on a terminal; by as many processes as are worth it, if not so many."""
    try:
        return _verify(path, processes, clock() - UNDER_WAY, against, extent)
    except Damaged as error:
        return unreadable(str(error))


def _verify(path: Path, wanted: int | None, settled: datetime, against: Against, extent: Extent) -> Report:
    hidden = not sys.stderr.isatty()
    with (
        open_log(path) as store,
        click.progressbar(length=store.length(), label="Verifying", file=sys.stderr, hidden=hidden) as bar,
        ExitStack() as apart,
    ):
        processes = wanted or worth(store.length(), os.cpu_count() or 1, WORTH_A_PROCESS)
        compared = _comparison_of_views(apart, path, store, processes) if extent is Extent.ALL else list
        appointed = appointed_in(path)
        asked = [parse_asked(witness, appointed) for witness in against.witnesses]
        checks = partial(home_checks, path, extent)
        report = verify_log(store, checks, url=store_url(path), processes=processes, progress=bar.update)
        open_lock = partial(open_lock_store, path, against.lock_store)
        told = asked_all(store, asked, against.keys, against.seconds)
        earlier = origins_of(path)
        of_earlier = [one for one in against.given if origin_in(one.raw) in earlier]
        given = [one for one in (*against.given, *told.given) if one not in of_earlier]
        report = against_checkpoints(report, store, open_lock, given, against.keys, path / PUBLISHED)
        report = with_witnesses(report, told, open_lock, appointed)
        report = with_earlier(report, store, path, of_earlier, against.keys)
        elsewhere = tuple(_rights_elsewhere(path, against.lock_store))
        report = msgspec.structs.replace(report, findings=(*report.findings, *elsewhere))
        if extent is Extent.LOG:
            return report
        # In a log that was altered, what custody keeps may be unnamed for another reason.
        more = () if report.verdict is Verdict.ALTERED else tuple(_remarks(path, store, settled))
        of_views = compared()
        # Views that were made of another log may be all that is left to tell what stood in it.
        anew = (REBUILD,) if of_views and report.verdict in (Verdict.HOLDS, Verdict.UNVERIFIED) else ()
        findings, remarks = (*report.findings, *of_views), (*report.remarks, *more, *anew)
        return msgspec.structs.replace(report, findings=findings, remarks=remarks)


def _rights_elsewhere(path: Path, lock: str | None) -> Iterator[Finding]:
    """Who was given what in databases of which the log, whose own rights are looked at with it, is no part."""
    others = {str(places(path).keys), lock or lock_store_url(path)} - {store_url(path)}
    for url in filter(is_postgres, sorted(others)):
        # That it cannot be opened is said where it is needed.
        with suppress(Unreachable, NotALedger):
            yield from (altered(None, f"{without_password(url)}: {what}") for what in rights_at(url))


def _remarks(path: Path, store: Store, settled: datetime) -> Iterator[str]:
    """What was not checked, what is open to others, and what custody keeps from before a time and no entry names."""
    yield from store.unchecked()
    yield from map(str, open_to_others(path))
    with suppress(Unreachable), open_custody(path) as custody:
        with named_commitments(store) as is_named:
            unnamed = Counter(kept.kind for kept in custody.given_up(is_named, settled))
        if unnamed:
            yield (
                f"custody keeps {counted_together(unnamed)} that no entry names: `dua-ledger sweep` removes what was "
                "given up; if nothing was, the log may be an older copy"
            )


def _comparison_of_views(apart: ExitStack, path: Path, store: Store, processes: int) -> Callable[[], list[Finding]]:
    """What says where views differ from what the log gives; in a long log a process looks for that meanwhile."""
    if processes == 1 or store.length() <= CHUNK or not (path / VIEWS).exists():
        return partial(_of_views, path, store)
    return apart.enter_context(Apart(1)).begin(_of_views_apart, path).result


def _of_views_apart(path: Path) -> list[Finding]:
    with open_log(path) as store:
        return _of_views(path, store)


def _of_views(path: Path, store: Store) -> list[Finding]:
    try:
        different = Upkeep(path / VIEWS, _reading(store)).differences()
        return [altered(None, f"views: {what}") for what in different]
    except (Damaged, NotALedger) as error:
        return [altered(None, f"views: {error}")]
    except LedgerError as error:
        return [unverified(None, f"views cannot be compared: {error}")]


@contextmanager
def home_checks(path: Path, extent: Extent, store: Store) -> Iterator[Sequence[Check]]:
    """The checks of a home's entries beside their bytes, for one process."""
    checks: list[Check] = []
    with ExitStack() as opened:
        if extent >= Extent.CUSTODY:
            try:
                custody = opened.enter_context(open_custody(path))
                for name in SECRETS:
                    custody.secret(name)
            except (Damaged, NotALedger, Tampered, Unreachable) as error:
                checks.append(UnopenedCustody(store, error))
            else:
                checks.append(CommitmentCheck(store, custody, Codec()))
                if extent is Extent.ALL:
                    checks.append(SignatureCheck(store, custody, Codec()))
        if extent is Extent.ALL:
            checks.append(JudgementCheck(_reading(store)))
        yield checks


def _reading(store: Store) -> Ledger:
    """The ledger in a store, for reading: without the secret by which wishes are told apart."""
    return Ledger(store, wish_key=b"", random_bytes=os.urandom)
