"""Recording who looked at what the ledger holds, before it is shown or taken along."""

from typing import Literal

from api.admission.entitlement import admit_bundling
from api.cli import options
from api.cli.acting import clock
from api.cli.showing import office_of
from api.cli.wording import warn
from api.desk import Circumstances, Desk
from api.signing import have_witnessed, require_witnessed, signing
from ledger.events import HistoryViewed
from ledger.home import Home


def check_bundling(home: Home, actor: str) -> None:
    """Raise `NotEntitled` for somebody who may not take an audit bundle along."""
    admit_bundling(actor, office_of(home), clock()())


def looked(
    home: Home,
    actor: str,
    how: Literal["read", "exported"],
    witnesses: options.Witnesses,
    *,
    request: str | None = None,
    person: str | None = None,
) -> None:
    """Record that somebody reads a history, or takes entries along, whosever they are.

    Where nothing can be recorded, as on an auditor's read-only copy, that is said instead. Raises `NotEntitled`, and
    `NotWitnessed` where it takes more witnesses than have cosigned what is there.
    """

    def before() -> None:
        require_witnessed(home.notary, home.path, *witnesses)

    desk = Desk(home.ledger, clock(), signing(home.notary, home.notary.publish), before)
    viewed = HistoryViewed(how=how, request=request, person=person), Circumstances(actor=actor, via=options.VIA)
    if not home.takes_records:
        desk.check_ready()
        desk.admit([viewed])
        warn([f"{home.path} can only be read here: that you looked is on no record"])
        return
    warnings = desk.report(*viewed).warnings
    warn([*warnings, *have_witnessed(home.notary, home.path, witnesses.seconds)])
