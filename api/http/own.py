"""What is a researcher's own, wherever a call names it: in its path, or in its body.

What is not theirs is answered as what does not exist. What they tell of is of requests that they name: an incident that
names none would stop everybody who has to do with its people and data sets.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from api.commands import Command
from api.commands.incident import ReportIncident
from api.commands.publication import NotifyPublication
from api.commands.query import ReceiveQuery
from api.errors import NotEntitled
from api.http.call import Call, involved_in, not_found
from ledger.boundary import about
from ledger.errors import Malformed
from ledger.events import AmendmentIssued, ContactDesignated, RequestSubmitted
from projections.acts import DECIDING, of_office, of_publication, of_request
from projections.standing import RequestStanding, Standing

# Who tells it, by the command.
TELLER: dict[type[Command], str] = {ReceiveQuery: "referred_by", NotifyPublication: "told_by"}


def check_own_path(call: Call) -> None:
    """Raise as for what does not exist, where somebody who sees only what is their own asks for something else."""
    if call.caller.role != "researcher":
        return
    if "request" in call.ids:
        call.standing(call.ids["request"])
    if call.ids.get("person", call.caller.person) != call.caller.person:
        raise not_found()


def check_own_body(call: Call, command: type[Command], said: Mapping[str, Any]) -> None:
    """Raise as `check_own_path` does for what a command says, and `NotEntitled` for what is of no request of theirs."""
    if call.caller.role != "researcher":
        return
    for request in _named(call, said):
        call.standing(request)
    if command is ReportIncident and not said["requests"]:
        raise NotEntitled(call.caller.principal, "report an incident on no request of their own", DECIDING)


def as_themself(call: Call, command: type[Command], said: Mapping[str, Any]) -> dict[str, Any]:
    """What a researcher says, who tells it for themself where they don't say who else does.

    Whom they refer to the office has asked them, unless they ask the office themself.
    """
    if call.caller.role != "researcher" or command not in TELLER:
        return dict(said)
    names = [TELLER[command]]
    if command is ReceiveQuery and said["by"] != call.caller.person:
        names.append("asked")
    return {**said, **{name: said[name] or call.caller.person for name in names}}


def _named(call: Call, said: Mapping[str, Any]) -> Iterator[str]:
    """The requests that a body names, or that what it names is of."""
    yield from filter(None, (said.get("request"), *said.get("requests", ())))
    if said.get("publication"):
        yield request_of_publication(call, said["publication"])


def own_requests(call: Call) -> dict[str, RequestStanding]:
    """The requests that a caller's person takes part in, and that they may see, by number."""
    if call.caller.person is None:
        return {}
    tags = [f"person:{call.caller.person}"]
    facts = call.ledger.facts([about(RequestSubmitted, AmendmentIssued, ContactDesignated, tags=tags)])
    named = sorted({tag.partition(":")[2] for fact in facts for tag in fact.tags if tag.startswith("request:")})
    standings = Standing(call.ledger.facts([of_office(), *map(of_request, named)]))
    return {one: known for one in named if call.may_see(known := standings.request(one))}


def among_own(call: Call, request: str | None = None) -> list[str] | None:
    """Among which requests to look: only that one, if one is named, and only the caller's own, if they see no others.

    None is among all.
    """
    if call.caller.role != "researcher":
        return None if request is None else [request]
    return [one for one in own_requests(call) if request in (None, one)]


def own_people(call: Call) -> set[str]:
    """The caller's person, and whoever takes part in a request of theirs."""
    others = set[str]().union(*map(involved_in, own_requests(call).values()))
    return {*others, *([call.caller.person] if call.caller.person else [])}


def request_of_publication(call: Call, publication: str) -> str:
    """The request of a publication. Raises `BadRequest` when there is none such."""
    try:
        found = Standing(call.ledger.facts([of_publication(publication)])).publication(publication).notified
    except Malformed:
        found = None
    if found is None:
        raise not_found()
    return found.event.request
