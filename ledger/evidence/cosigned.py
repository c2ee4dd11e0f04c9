"""What a verification says of witnesses: what they cosigned last, and the cosignatures in the lock store."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

import msgspec

from ledger.chain.note import VerifierKey, open_note, parse_vkey
from ledger.errors import (
    Damaged,
    Malformed,
    NoAnswer,
    NotALedger,
    SignatureFailed,
    UnknownKey,
    Unreachable,
    WitnessFailed,
)
from ledger.evidence.checkpoints import Given
from ledger.evidence.exchange import check_url
from ledger.evidence.lockstore import Cosignature, LockStore
from ledger.evidence.logkeys import log_key
from ledger.evidence.report import Finding, Report, altered, unverified
from ledger.evidence.witnessing import (
    Appointed,
    check_kept,
    cosigned_at,
    kept_cosignature,
    last_cosigned,
    parse_appointed,
)
from ledger.storage import Store


class Asked(NamedTuple):
    """A witness that is asked what it cosigned last; without its key, only the log's own signature is checked."""

    url: str
    key: VerifierKey | None = None


def parse_asked(text: str, appointed: Sequence[Appointed]) -> Asked:
    """The witness in `URL=VKEY` or `URL`, whose key is then that of the one that was appointed. Raises `Malformed`."""
    if "=" in text:
        return Asked(*parse_appointed(text))
    url = check_url(text)
    return Asked(url, next((one.key for one in appointed if one.url == url), None))


def told_by(witness: Asked, origin: str, seconds: float) -> Given | Finding:
    """The checkpoint that a witness cosigned last for a log, to be held against it, or why there is none."""
    name = f"witness {witness.url}"
    try:
        raw = last_cosigned(witness.url, origin, seconds)
    except (NoAnswer, WitnessFailed) as error:
        return unverified(None, f"{name}: {error}")
    if witness.key is not None:
        try:
            open_note(raw, [witness.key])
        except UnknownKey as error:
            return unverified(None, f"{name}: {error}")
        except (Malformed, SignatureFailed) as error:
            return altered(None, f"{name}: {error}")
    return Given(name, raw)


class Told(NamedTuple):
    """What witnesses gave to hold a log against, and what else there is to say of their answers."""

    given: tuple[Given, ...]
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...]


def asked_all(store: Store, asked: Sequence[Asked], keys: Sequence[VerifierKey], seconds: float) -> Told:
    """What each of these witnesses cosigned last for a log, which has the name of one of `keys` or tells its own."""
    if not asked:
        return Told((), (), ())
    try:
        origin = (keys[0] if keys else log_key(store)).name
    except (Malformed, Damaged) as error:
        return Told((), (unverified(None, f"no witness can be asked, as the log does not say its name: {error}"),), ())
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = list(pool.map(lambda one: told_by(one, origin, seconds), asked))
    return Told(
        tuple(one for one in answers if isinstance(one, Given)),
        tuple(one for one in answers if isinstance(one, Finding)),
        tuple(f"{one.url} may be anybody: its verifier key was not given" for one in asked if one.key is None),
    )


def with_witnesses(
    report: Report, told: Told, open_lock: Callable[[], LockStore], appointed: Sequence[Appointed]
) -> Report:
    """The report with what witnesses told, and what the lock store keeps of those that were appointed."""
    findings, remarks = [*told.findings], [*told.remarks]
    # That the lock store cannot be read is said where checkpoints are, and a wrong cosignature before the remarks.
    with suppress(Unreachable, NotALedger, Damaged), open_lock() as lock:
        findings += wrong_cosignatures(lock, appointed)
        remarks += not_witnessed(lock, appointed)
    return msgspec.structs.replace(report, findings=(*report.findings, *findings), remarks=(*report.remarks, *remarks))


def wrong_cosignatures(lock: LockStore, appointed: Sequence[Appointed]) -> Iterator[Finding]:
    """Each cosignature that does not hold, of each witness, appointed or not."""
    for witness in [*appointed, *_others(lock, appointed)]:
        if isinstance(witness, Finding):
            yield witness
        else:
            yield from (altered(None, f"lock store, {wrong}") for wrong in _wrong(lock, witness))


def _others(lock: LockStore, appointed: Sequence[Appointed]) -> Iterator[Appointed | Finding]:
    """Who is not appointed now and has cosigned, by the key that the cosignatures are kept under."""
    known = {str(one.key) for one in appointed}
    for vkey in lock.witnesses():
        if vkey not in known:
            try:
                yield Appointed("", parse_vkey(vkey))
            except Malformed as error:
                yield altered(None, f"lock store, cosignatures under what is no key: {error}")


def _wrong(lock: LockStore, witness: Appointed) -> Iterator[str]:
    for cosignature in lock.cosignatures(str(witness.key)):
        try:
            check_kept(lock, cosignature, witness.key)
        except Damaged as error:
            yield error.why


def not_witnessed(lock: LockStore, appointed: Sequence[Appointed]) -> Iterator[str]:
    """A sentence for each witness, appointed still or not, that has not cosigned the last checkpoint.

    Raises `Damaged`.
    """
    others = [one for one in _others(lock, appointed) if isinstance(one, Appointed)]
    for witness in [*appointed, *others]:
        last = kept_cosignature(lock, witness.key)
        if last is None or last.size < lock.last().size:
            yield behind(witness, last) + (", and which is not asked any more" if witness in others else "")


def behind(witness: Appointed, last: Cosignature | None) -> str:
    """That a witness has not cosigned since, in words."""
    if last is None:
        return f"never witnessed by {witness.key.name}"
    at = cosigned_at(last)
    since = "a time that no calendar has" if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"not witnessed by {witness.key.name} since {since}, when it cosigned {last.size:,} entries"
