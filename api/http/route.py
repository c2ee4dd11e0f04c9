"""What a route is: its path, who may take it, what it reads and what it answers."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, get_args

import msgspec

from api.admission.entitlement import BUNDLING
from api.commands import Command
from api.http import shapes
from api.http.call import Answer, Call
from api.http.commanding import Reading, Trial, reading_of, taking
from ledger.events.governance import Role, Scope
from ledger.events.ids import (
    END,
    AgreementId,
    ApiKeyId,
    AttestationId,
    Cited,
    DataSetId,
    DeterminationId,
    HoldId,
    IncidentId,
    OrganisationId,
    PersonId,
    Position,
    PublicationId,
    QueryId,
    ReleaseId,
    RequestId,
)
from projections.acts import DECIDING, DIRECTING

TileLevel = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,2}" + END)]
# As tlog-tiles writes it: groups of three digits, and how wide a partial one is.
TileNumber = Annotated[str, msgspec.Meta(pattern=r"^(x[0-9]{3}/){0,5}[0-9]{3}(\.p/[0-9]{1,3})?" + END)]
# What stands in a path, by its name there.
IDS: dict[str, Any] = {
    "request": RequestId,
    "person": PersonId,
    "dataset": DataSetId,
    "agreement": AgreementId,
    "release": ReleaseId,
    "determination": DeterminationId,
    "apikey": ApiKeyId,
    "position": Position,
    "entry": Position,
    "query": QueryId,
    "publication": PublicationId,
    "incident": IncidentId,
    "hold": HoldId,
    "attestation": AttestationId,
    "organisation": OrganisationId,
    "document": Cited,
    "level": TileLevel,
    "number": TileNumber,
    "bundle": TileNumber,
}
OFFICE: frozenset[Role] = frozenset(DECIDING)
DIRECTORS: frozenset[Role] = frozenset(DIRECTING)
GOVERNING: frozenset[Role] = DIRECTORS | {"admin"}
AUDITING: frozenset[Role] = frozenset({"auditor"})
BUNDLES: frozenset[Role] = frozenset(BUNDLING)
READING: frozenset[Role] = OFFICE | {"auditor", "compliance"}
OWN: frozenset[Role] = frozenset({"researcher"})
EVERYBODY: frozenset[Role] = frozenset(get_args(Role))
SERVERS: frozenset[Role] = OFFICE | {"data server"}


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No parameters."""


class Route(NamedTuple):
    """A route. `body` is the JSON that it reads, `reading` how it reads a command, `form` that it reads files alone.

    `sends` is the JSON that it reads beside files of data. `keyed` routes take an `Idempotency-Key`.
    """

    method: str
    path: str
    do: Callable[[Call], Answer]
    summary: str
    roles: frozenset[Role]
    scope: Scope
    answers: dict[int, Any]
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] | None = None
    reading: Reading | None = None
    form: bool = False
    sends: type[msgspec.Struct] | None = None
    keyed: bool = False

    @property
    def name(self) -> str:
        """The route's name, such as `POST /requests/{request}/approval`."""
        return f"{self.method} {self.path}"

    @property
    def ids(self) -> tuple[str, ...]:
        """The names of what stands in its path."""
        return ids_in(self.path)


def ids_in(path: str) -> tuple[str, ...]:
    """The names in braces in a path."""
    return tuple(part[1:-1] for part in path.split("/") if part.startswith("{"))


def summary_of(told: Any) -> str:
    """What something does, in the first line that is written on it."""
    return (told.__doc__ or "").partition("\n")[0]


def asks(
    path: str,
    do: Callable[[Call], Answer],
    answer: Any,
    roles: frozenset[Role],
    query: type[msgspec.Struct] = Nothing,
    scope: Scope = "reading",
    *,
    in_parts: bool = False,
) -> Route:
    """A route that answers a question; what can be had `in_parts` is sent as far as a `Range` says."""
    answers = {200: answer, 206: answer} if in_parts else {200: answer}
    return Route("GET", path, do, summary_of(do), roles, scope, answers, query)


def takes(path: str, command: type[Command], roles: frozenset[Role], scope: Scope = "recording") -> Route:
    """A route that takes a command."""
    ids = ids_in(path)
    reading = reading_of(command, ids)
    answers = {201: shapes.Recorded, 200: shapes.Tried}
    return Route(
        "POST",
        path,
        taking(command, ids),
        summary_of(command),
        roles,
        scope,
        answers,
        Trial,
        reading=reading,
        keyed=True,
    )


def makes(
    path: str,
    do: Callable[[Call], Answer],
    answer: Any,
    roles: frozenset[Role],
    body: type[msgspec.Struct] | None = None,
    scope: Scope = "recording",
    **reads: Any,
) -> Route:
    """A route that records something, and answers with more than that."""
    answers = {201: answer, 200: shapes.Tried}
    return Route("POST", path, do, summary_of(do), roles, scope, answers, Trial, body, keyed=True, **reads)
