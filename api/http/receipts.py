"""Receipts as resources, for whoever wants to keep what shows that an entry stands in the log."""

from api.http.asking import ids_in, sees_one_of
from api.http.call import Answer, Call, not_found

TEXT = "text/plain; charset=utf-8"


def receipt(call: Call) -> Answer:
    """Give the receipt for an entry (c2sp.org/tlog-proof), which is signed first if it is not yet."""
    entry = call.ledger.store.entry(call.ids["position"])
    if entry is None:
        raise not_found()
    fact = call.ledger.codec.decode(entry)
    if fact.actor != call.caller.principal and not sees_one_of(call, ids_in(fact, "request")):
        raise not_found()
    return Answer(call.home.notary.receipt(entry.position).write(), media_type=TEXT)
