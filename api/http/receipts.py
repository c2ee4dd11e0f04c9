"""Receipts as resources, for whoever wants to keep what shows that an entry stands in the log."""

from api.http.call import Answer, Call, not_found

TEXT = "text/plain; charset=utf-8"


def receipt(call: Call) -> Answer:
    """Give the receipt for an entry (c2sp.org/tlog-proof), which is signed first if it is not yet."""
    position = call.ids["position"]
    if position > call.ledger.store.length():
        raise not_found()
    return Answer(call.home.notary.receipt(position).write(), media_type=TEXT)
