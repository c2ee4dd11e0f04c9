"""Verification of judgements: each is made again from the log alone, and must give the answer that stands there."""

from collections.abc import Iterable, Iterator

import msgspec

from ledger.chain.entry import parse_time
from ledger.codec import Judged, Recorded
from ledger.errors import Damaged, LedgerError, Malformed
from ledger.evidence.report import Finding, altered, unverified
from ledger.log import Ledger
from projections.acts import act_from
from projections.judgement import comes_to, said_in, same_answers, standing_then
from projections.rules.rulebook import VERSION, judge

# Canonical JSON has it nowhere else: in a text the quotation marks would be escaped.
_NOT_JUDGED = b'"judged":null'


class JudgementCheck:
    """Judges the act of entry after entry again: the objections, and the event that it comes to without any."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        # The first entry that was judged by each other rulebook, and how many were.
        self._others: dict[int, tuple[int, int]] = {}

    def entry(self, position: int, type_: str, payload: bytes) -> Iterable[Finding]:
        """Take in an entry; gives what is wrong with its judgement, if it was judged."""
        del type_
        return () if _NOT_JUDGED in payload else self._judged(position)

    def finish(self) -> Iterator[Finding]:
        """What could not be judged again, for another rulebook judged it."""
        for rulebook, (first, count) in self._others.items():
            others = f", and {count - 1:,} more were" if count > 1 else ""
            why = f"was judged by rulebook {rulebook}{others}: can't be replayed here, where rulebook {VERSION} is"
            yield unverified(first, why)

    def _judged(self, position: int) -> Iterator[Finding]:
        try:
            entry = self._ledger.store.entry(position)
            recorded = None if entry is None else self._ledger.codec.decode(entry)
        except (Malformed, Damaged):
            # That it cannot be read is said where its commitments are looked for.
            return
        try:
            if recorded is not None and recorded.judged is not None:
                yield from self._judged_again(recorded, recorded.judged)
        except LedgerError as error:
            yield unverified(position, f"its judgement can't be replayed: {error}")

    def _judged_again(self, recorded: Recorded, judged: Judged) -> Iterator[Finding]:
        position = recorded.position
        if judged.rulebook != VERSION:
            first, count = self._others.get(judged.rulebook, (position, 0))
            self._others[judged.rulebook] = first, count + 1
            return
        try:
            act = act_from(judged.command)
        except msgspec.ValidationError as error:
            yield unverified(position, f"its judgement can't be replayed, as the act is not known: {error}")
            return
        at = parse_time(judged.at)
        standing = standing_then(self._ledger, act, judged.read_to)
        objections = tuple(judge(act, standing, at))
        if not same_answers(objections, said_in(recorded)):
            found = ", ".join(sorted({one.rule for one in objections})) or "no rule"
            yield altered(position, f"is not what its judgement comes to: {found} objects when it is made again")
        elif not objections and comes_to(act, standing, at) != recorded.event:
            yield altered(position, "is not what its judgement comes to: the act makes another event of it")
        elif judged.policy != (standing.office.policy.position or None):
            yield altered(position, "says that it was judged under another policy than was in force")
