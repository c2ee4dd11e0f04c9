"""Which acts are let in to be judged."""

from datetime import datetime

import msgspec

from api.admission.circumstances import check_order
from api.admission.entitlement import REPORTING
from api.errors import NotEntitled
from ledger.errors import Malformed
from projections.acts import Act, act_from, as_command
from projections.standing import Standing


def admit_form(act: Act) -> None:
    """Raise `Malformed` for an act that could not be read back from its judgement."""
    try:
        act_from(as_command(act))
    except (msgspec.ValidationError, TypeError) as error:
        raise Malformed("act", act.name, str(error)) from error


def admit_act(act: Act, actor: str, standing: Standing, at: datetime, occurred_at: datetime | None = None) -> None:
    """Raise `NotEntitled`, or `Malformed` when the ledger does not know the request or whom the act names.

    Who types in what somebody else decided is of the office, too. No act is said to have happened at another time than
    when it is judged: else it might have come before what it rests on.
    """
    if occurred_at is not None:
        why = f"is for reports: {act.name} happens when it is judged; what was decided on paper before is its document"
        raise Malformed("occurred_at", occurred_at.isoformat(), why)
    if standing.office.roles(act.principal, at).isdisjoint(act.roles):
        raise NotEntitled(act.principal, act.name, act.roles)
    if actor != act.principal and standing.office.roles(actor, at).isdisjoint(REPORTING):
        raise NotEntitled(actor, act.name, REPORTING)
    if act.request is not None and standing.request(act.request).submitted is None:
        raise Malformed("request", act.request, "is not in this ledger")
    for person in act.names():
        if standing.person(person).registered is None:
            raise Malformed("person", person, "is not in this ledger")
    check_order(act)
