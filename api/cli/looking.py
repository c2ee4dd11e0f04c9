"""Recording who looked at what the ledger holds, before it is shown or taken along."""

from typing import Literal

from api.cli import options
from api.cli.acting import clock
from api.cli.wording import warn
from api.desk import Circumstances, Desk
from api.signing import signing
from ledger.events import HistoryViewed
from ledger.home import Home


def looked(
    home: Home,
    actor: str,
    how: Literal["read", "exported"],
    *,
    request: str | None = None,
    person: str | None = None,
) -> None:
    """Record that somebody reads a history, or takes entries along, whosever they are. Raises `NotEntitled`."""
    desk = Desk(home.ledger, clock(), signing(home.notary, home.notary.publish))
    event = HistoryViewed(how=how, request=request, person=person)
    warn(desk.report(event, Circumstances(actor=actor, via=options.VIA)).warnings)
