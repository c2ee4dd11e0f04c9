"""The very same packet that comes in again: whoever hands it in twice gets the request that it made."""

from datetime import datetime, timedelta
from hashlib import sha256

from api.packets.packet import Packet
from ledger.boundary import about
from ledger.events import RequestSubmitted
from ledger.log import IdempotencyKey, Ledger
from projections.acts import of_request
from projections.standing import OVER, Office, Standing

# No principal is called so: whoever hands a packet in, it makes one request.
PACKETS = "packets"
SHORTLY = timedelta(hours=24)


def key_of(packet: Packet, ledger: Ledger, now: datetime, *, insist: bool = False) -> IdempotencyKey:
    """The key under which a packet makes a new request, once within 24 hours; or once more for whoever insists.

    Once the request that it made is over, it makes a new one. Each is made of all that is in the packet, and of the
    entry that the one before came to.
    """
    contact = packet.key.sha256 if packet.key else ""
    key, last = _key(f"{packet.digest}\n{contact}"), None
    while made := ledger.read(key=key).outcome:
        at = ledger.codec.decode(made[0]).recorded_at
        last = key if now - at <= SHORTLY and not _is_over(made_under(key, ledger), ledger, now) else None
        key = _key(f"{key.key}\n{made[-1].position}")
    return key if insist or last is None else last


def _is_over(request: str | None, ledger: Ledger, now: datetime) -> bool:
    """Whether nothing comes of a request any more: whoever hands in its packet means another one."""
    if request is None:
        return False
    standing = Standing([*ledger.facts([about(*Office.folds), of_request(request)])])
    known = standing.request(request)
    return known.state in OVER or known.has_ended(standing.office.day(now))


def _key(text: str) -> IdempotencyKey:
    name = sha256(text.encode()).hexdigest()
    return IdempotencyKey(PACKETS, name, name.encode())


def made_under(key: IdempotencyKey, ledger: Ledger) -> str | None:
    """The request that a packet made under this key; None when it made none yet."""
    events = (ledger.codec.decode(entry).event for entry in ledger.read(key=key).outcome)
    return next((event.request for event in events if isinstance(event, RequestSubmitted)), None)
