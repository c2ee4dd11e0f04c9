"""Having a notice sent again that was refused for good, once its cause is mended: under the same id, and on record."""

from collections.abc import Sequence

from api.desk import Circumstances
from api.notices.outbox import open_outbox
from api.notices.settings import Settings
from ledger.boundary import about
from ledger.chain.entry import Entry
from ledger.codec import Recorded
from ledger.errors import Malformed
from ledger.events import FactCorrected, NoticeRefused, NoticeRevived
from ledger.home import Home
from ledger.log import IdempotencyKey

# No principal is called so: a refusal is got over once, whoever says it.
REVIVER = "outbox again"


def revive(home: Home, settings: Settings, circumstances: Circumstances, entry: int) -> Sequence[Entry]:
    """Have the notice wait again that an entry says was refused for good; said twice, it waits once.

    Gives the entry that says so. Raises `Malformed` for an entry that says so of nothing, and for a notice that nothing
    calls for any more.
    """
    refused = _refusal_at(home, entry)
    taken_back = (fact.event for fact in home.ledger.facts([about(FactCorrected)]))
    if any(isinstance(one, FactCorrected) and one.corrected == refused.of for one in taken_back):
        raise Malformed("entry", entry, f"is about entry {refused.of}, which was taken back")
    with open_outbox(home, settings) as outbox:
        if not outbox.calls_for(refused.of, refused.message):
            raise Malformed("entry", entry, "is about a notice that is called for no more, as notices.toml is now")
    revived = NoticeRevived(
        refusal=entry,
        of=refused.of,
        kind=refused.kind,
        way=refused.way,
        message=refused.message,
        person=refused.person,
        request=refused.request,
    )
    name = f"{refused.message} {entry}"
    reading = home.ledger.read(key=IdempotencyKey(REVIVER, name, name.encode()))
    return home.ledger.append([circumstances.fact(revived)], reading).entries


def refusals(home: Home) -> list[Recorded]:
    """The entries that say that a notice was refused for good, and that nobody got over yet."""
    refused: dict[int, Recorded] = {}
    for fact in home.ledger.facts([about(NoticeRefused, NoticeRevived)]):
        match fact.event:
            case NoticeRefused():
                refused[fact.position] = fact
            case NoticeRevived(refusal=entry):
                refused.pop(entry, None)
    return list(refused.values())


def _refusal_at(home: Home, entry: int) -> NoticeRefused:
    head = home.ledger.store.length()
    if 1 <= entry <= head:
        for fact in home.ledger.facts(after=entry - 1, until=entry):
            if isinstance(fact.event, NoticeRefused):
                return fact.event
    raise Malformed(
        "entry", entry, "does not say that a notice was refused for good: `notices --refused` shows which do"
    )
