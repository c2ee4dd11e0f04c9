"""Asking witnesses to cosign what the notary has signed (C2SP tlog-witness).

All witnesses are asked at once, within one time limit. A cosignature is kept in the lock store beside its checkpoint
once it has been verified, and who has given one for a checkpoint is not asked for it again, unless somebody wants to
know whether it has come further: then log and lock store were put back. Nothing else that a witness says is kept.
"""

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from urllib.parse import quote

from ledger.chain.checkpoint import SignedCheckpoint, parse_witness_key
from ledger.chain.merkle import Subtree, consistency_path
from ledger.chain.note import MAX_NOTE_BYTES, Signature, VerifierKey, cosigned_in, open_note, parse_note, parse_vkey
from ledger.chain.submission import Submission
from ledger.errors import (
    AnswerRefused,
    Damaged,
    Forked,
    LedgerError,
    Malformed,
    NoAnswer,
    NotWitnessed,
    SignatureFailed,
    UnknownKey,
    WitnessAhead,
    WitnessRefused,
)
from ledger.evidence.exchange import Answer, check_url, exchange
from ledger.evidence.lockstore import Cosignature, LockStore, Stored
from ledger.evidence.publishing import replace_file, sync_file
from ledger.files import named_os_errors, sync_folder

# The file beside the keys: a line `URL=VKEY` for each witness.
WITNESSES = "witnesses"
SIZE = "text/x.tlog.size"
# A witness may say several times that it has come to another size: it is asked by others too.
ATTEMPTS = 4

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,15})\n")


class Appointed(NamedTuple):
    """A witness that is to be asked: where, and the key that its cosignatures are checked with."""

    url: str
    key: VerifierKey


class Standing(NamedTuple):
    """How things stand with a witness: its last cosignature, if it ever gave one, and why it gave none now."""

    witness: Appointed
    last: Cosignature | None
    failure: LedgerError | None = None


Outcome = Cosignature | LedgerError


class Witnessed(NamedTuple):
    """A signed checkpoint, and how things stand with each witness that was asked for it."""

    signed: SignedCheckpoint
    standings: tuple[Standing, ...]

    @property
    def cosignatures(self) -> tuple[Cosignature, ...]:
        """Those that were given for it."""
        given = (one.last for one in self.standings if one.last is not None)
        return tuple(one for one in given if one.size == self.signed.size)

    @property
    def behind(self) -> tuple[Standing, ...]:
        """The witnesses that have not cosigned it, or have not confirmed that when they were asked."""
        return tuple(one for one in self.standings if one.failure or one.last not in self.cosignatures)

    @property
    def forked(self) -> tuple[Standing, ...]:
        """The witnesses that have cosigned another history."""
        return tuple(one for one in self.standings if isinstance(one.failure, Forked))

    @property
    def note(self) -> bytes:
        """The checkpoint with its cosignatures."""
        return self.signed.raw + b"".join(one.line for one in self.cosignatures)

    def require(self, count: int) -> None:
        """Raise `NotWitnessed` unless so many have cosigned it."""
        if len(self.cosignatures) < count:
            why = "; ".join(str(one.failure) for one in self.forked)
            raise NotWitnessed(self.signed.size, len(self.cosignatures), count, why)


def parse_appointed(text: str) -> Appointed:
    """The witness in `URL=VKEY`. Raises `Malformed`."""
    url, _, vkey = text.partition("=")
    key = parse_witness_key(vkey)
    return Appointed(check_url(url), key)


def read_appointed(file: Path) -> tuple[Appointed, ...]:
    """The witnesses in a file, one in a line; none when there is no file. Raises `Malformed` or `Unreachable`."""
    with named_os_errors(file):
        text = file.read_bytes().decode(errors="backslashreplace") if file.is_file() else ""
    lines = map(str.strip, text.splitlines())
    return tuple(parse_appointed(line) for line in lines if line and not line.startswith("#"))


def add_appointed(file: Path, witness: Appointed) -> None:
    """Add a witness to a file, on disk when this returns. Raises `Malformed` when another there has its key."""
    check_distinct([*read_appointed(file), witness])
    with named_os_errors(file):
        before = file.read_bytes() if file.is_file() else b""
    line = f"{witness.url}={witness.key}\n".encode()
    if line not in before.splitlines(keepends=True):
        gap = b"" if before.endswith(b"\n") or not before else b"\n"
        replace_file(file, before + gap + line, 0o600)
        sync_file(file)
        sync_folder(file.parent)


def check_distinct(witnesses: Sequence[Appointed]) -> tuple[Appointed, ...]:
    """The witnesses, each once. Raises `Malformed` when two of them have one key: that would count as two."""
    once = tuple(dict.fromkeys(witnesses))
    for place, one in enumerate(once):
        if any(one.key.public == other.key.public for other in once[:place]):
            raise Malformed("witness", one.url, "has the key of another that is to be asked")
    return once


def verified_cosignature(text: bytes, lines: bytes, key: VerifierKey) -> Signature:
    """The cosignature by this key among lines that stand below a text.

    Raises `Malformed`; `SignatureFailed` for a line that claims to be by it; `UnknownKey` when there is none.
    """
    raw = text + b"\n" + lines
    if open_note(raw, [key]).text != text:
        raise Malformed("signature lines", lines, "hold more than that")
    return next(one for one in parse_note(raw).signatures if (one.name, one.key_id) == (key.name, key.key_id))


def kept_cosignature(lock: LockStore, key: VerifierKey) -> Cosignature | None:
    """The last cosignature by this key in the lock store. Raises `Damaged` for one that is not over its checkpoint."""
    kept = lock.cosigned(str(key))
    if kept is not None:
        check_kept(lock, kept, key)
    return kept


def check_kept(lock: LockStore, kept: Cosignature, key: VerifierKey) -> None:
    """Raise `Damaged` unless a cosignature in the lock store is by this key, and over its checkpoint."""
    stored = lock.at(kept.size)
    try:
        if stored is None:
            raise Malformed("size", kept.size, "there is no checkpoint over so many")
        verified_cosignature(parse_note(stored.note).text, kept.line, key)
    except (Malformed, SignatureFailed, UnknownKey) as error:
        why = f"the cosignature by {key.name} of the checkpoint over {kept.size:,} does not hold: {error}"
        raise Damaged(lock.path, why) from error


def cosigned_note(lock: LockStore, stored: Stored) -> bytes:
    """A checkpoint with the cosignatures that the lock store has of it, as far as they hold."""
    return stored.note + b"".join(one.line for one in cosignatures_that_hold(lock, stored.size))


def cosignatures_that_hold(lock: LockStore, size: int) -> list[Cosignature]:
    """The cosignatures that the lock store has of the checkpoint over so many entries, as far as they hold."""
    return [one for one in lock.cosignatures_over(size) if _holds(lock, one)]


def _holds(lock: LockStore, kept: Cosignature) -> bool:
    try:
        check_kept(lock, kept, parse_vkey(kept.witness))
    except (Malformed, Damaged):
        # That it is there is for `verify` to say.
        return False
    return True


def cosigned_at(cosignature: Cosignature) -> datetime | None:
    """When a witness cosigned, as it says itself; None for a time that no calendar has. It is one that was checked."""
    (signature,) = parse_note(b"-\n\n" + cosignature.line).signatures
    return cosigned_in(signature)


def witnessed(
    sign: Callable[[], SignedCheckpoint],
    lock: LockStore,
    witnesses: Sequence[Appointed],
    subtree: Subtree,
    seconds: float,
    enough: int | None = None,
    *,
    again: bool = False,
) -> Witnessed:
    """What `sign` gives, with how things stand with the witnesses after they were asked for at most so many seconds.

    Once `enough` have cosigned, the others are not waited for. With `again` those are asked, too, who have cosigned it
    as far as the lock store knows. Somebody else may sign more meanwhile, and a witness
    cosign that: then `sign` is called again, to give that.
    """
    deadline = time.monotonic() + seconds
    while True:
        signed = sign()
        found = Witnessed(signed, tuple(_ask_all(signed, lock, witnesses, subtree, deadline, enough, again=again)))
        if time.monotonic() >= deadline or not _overtaken(found, lock.last().size):
            return found


def _overtaken(found: Witnessed, signed_by_now: int) -> bool:
    """Whether a witness has cosigned what somebody else signed meanwhile, and not what was asked for."""
    return any(found.signed.size < _cosigned_by(one) <= signed_by_now for one in found.behind)


def _cosigned_by(standing: Standing) -> int:
    if isinstance(standing.failure, WitnessAhead):
        return standing.failure.cosigned
    return standing.last.size if standing.last else 0


def _ask_all(
    signed: SignedCheckpoint,
    lock: LockStore,
    witnesses: Sequence[Appointed],
    subtree: Subtree,
    deadline: float,
    enough: int | None,
    *,
    again: bool,
) -> list[Standing]:
    kept = {one: kept_cosignature(lock, one.key) for one in witnesses}
    asked = {
        one: _Asking(one, signed, last.size if last else 0, subtree, deadline)
        for one, last in kept.items()
        if again or last is None or last.size < signed.size
    }
    missing = len(witnesses) if enough is None else min(enough, len(witnesses)) - (len(witnesses) - len(asked))
    if missing > 0:
        for asking in asked.values():
            asking.start()
        _wait_for({asking.coming for asking in asked.values()}, missing, deadline)
    return [_standing(lock, one, last, asked.get(one)) for one, last in kept.items()]


def _wait_for(coming: "set[Future[Outcome]]", missing: int, deadline: float) -> None:
    """Wait until so many have cosigned, or none can any more."""
    while coming and missing > 0:
        come, coming = wait(coming, max(0.0, deadline - time.monotonic()), FIRST_COMPLETED)
        if not come:
            return
        missing -= sum(isinstance(one.result(), Cosignature) for one in come)


def _standing(lock: LockStore, witness: Appointed, kept: Cosignature | None, asking: "_Asking | None") -> Standing:
    if asking is None:
        return Standing(witness, kept)
    outcome = asking.outcome()
    # Whoever signs keeps it here before any witness sees it.
    if isinstance(outcome, WitnessAhead) and outcome.cosigned > (known := lock.last().size):
        outcome = Forked(witness.url, outcome.cosigned, f"no more than {known:,} were signed here")
    if isinstance(outcome, LedgerError):
        return Standing(witness, kept, outcome)
    if kept is None or kept.size < outcome.size:
        lock.add_cosignature(outcome)
    return Standing(witness, lock.cosigned(str(witness.key)))


class _Asking(Thread):
    """Asks one witness, in a thread of its own that nobody waits for beyond the deadline."""

    def __init__(
        self, witness: Appointed, signed: SignedCheckpoint, old: int, subtree: Subtree, deadline: float
    ) -> None:
        super().__init__(daemon=True)
        self._witness, self._signed, self._old = witness, signed, old
        self._subtree, self._deadline = subtree, deadline
        self.coming: Future[Outcome] = Future()

    def run(self) -> None:
        try:
            signature = self._ask(self._old)
        except LedgerError as error:
            self.coming.set_result(error)
        else:
            self.coming.set_result(Cosignature(self._signed.size, str(self._witness.key), signature.line()))

    def outcome(self) -> Outcome:
        """The cosignature, or why there is none by now."""
        if self.coming.done():
            return self.coming.result()
        late = time.monotonic() >= self._deadline
        return NoAnswer(self._witness.url, "it took too long" if late else "others were enough")

    def _ask(self, old: int) -> Signature:
        for _ in range(ATTEMPTS):
            answer = self._answer(old)
            if old and answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
                raise Forked(self._witness.url, old, f"what was signed here does not continue it: {answer.sentence}")
            if answer.status != HTTPStatus.CONFLICT or answer.type != SIZE:
                return self._signature(answer)
            told = self._told_size(answer.body)
            if told > self._signed.size:
                raise WitnessAhead(self._witness.url, told, self._signed.size)
            if told == old < self._signed.size:
                raise AnswerRefused(self._witness.url, "it says that it has come to another size, and it is the same")
            if told == old:
                raise Forked(self._witness.url, old, "what was signed here over as many is not the same")
            old = told
        raise AnswerRefused(self._witness.url, "each time, it says that it has come to another size")

    def _answer(self, old: int) -> Answer:
        proof = consistency_path(old, self._signed.size, self._subtree) if old else []
        body = Submission(old, tuple(proof), self._signed.raw).write()
        return exchange("POST", f"{self._witness.url}/add-checkpoint", body, self._deadline, MAX_NOTE_BYTES)

    def _signature(self, answer: Answer) -> Signature:
        if answer.status != HTTPStatus.OK:
            raise WitnessRefused(self._witness.url, answer.status, answer.sentence)
        try:
            return verified_cosignature(self._signed.checkpoint.text(), answer.body, self._witness.key)
        except (Malformed, SignatureFailed, UnknownKey) as error:
            raise AnswerRefused(self._witness.url, str(error)) from error

    def _told_size(self, body: bytes) -> int:
        found = _SIZE.fullmatch(body)
        if found is None:
            raise AnswerRefused(self._witness.url, "it says that it has come to another size, and not to which")
        return int(found[1])


def last_cosigned(url: str, origin: str, seconds: float) -> bytes:
    """The checkpoint that the witness at `url` says it cosigned last for a log, unchecked.

    Raises `NoAnswer`, or `WitnessRefused` when it has none.
    """
    asked = f"{url}/checkpoint?origin={quote(origin, safe='')}"
    answer = exchange("GET", asked, b"", time.monotonic() + seconds, MAX_NOTE_BYTES)
    if answer.status != HTTPStatus.OK:
        raise WitnessRefused(url, answer.status, answer.sentence)
    return answer.body
