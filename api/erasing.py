"""Erasing: judged and recorded first, then done."""

from collections.abc import Sequence
from typing import NamedTuple

from api.commands import Clerk, Document
from api.commands.people import Erase, nothing_to_erase
from api.desk import Circumstances, Outcome
from ledger.custody import Erasure
from ledger.home import erase_person, is_erasure_recorded
from ledger.log import IdempotencyKey


class Erased(NamedTuple):
    """What came of a wish to erase: the record, if it was not there already, and what was destroyed, if not refused."""

    outcome: Outcome | None
    destroyed: Erasure | None


def erase(
    clerk: Clerk,
    wish: Erase,
    circumstances: Circumstances,
    *,
    key: IdempotencyKey | None = None,
    documents: Sequence[Document] = (),
) -> Erased:
    """Record that a person's details are erased, then destroy them; whatever was cut off is completed by a second call.

    Raises what `Clerk.take` raises, `Malformed` when nothing is left to destroy, and `Busy` when somebody reads what
    is to be destroyed.
    """
    outcome = clerk.earlier(key) if key else None
    if outcome is None and not is_erasure_recorded(clerk.home, wish.person, wish.details):
        outcome = clerk.take(wish, circumstances, key=key, documents=documents)
    if outcome is not None and outcome.refused:
        return Erased(outcome, None)
    destroyed = erase_person(
        clerk.home,
        wish.person,
        wish.details,
        last_copy_lapses=wish.last_copy_lapses,
        actor=circumstances.actor,
        via=circumstances.via,
    )
    if outcome is None and destroyed == Erasure():
        raise nothing_to_erase(wish.person, wish.details)
    return Erased(outcome, destroyed)
