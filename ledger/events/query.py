"""Queries: who asked whether data may be passed on, copied, verified or replicated, and what they were told (K2)."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import (
    AgreementId,
    Count,
    DataSetId,
    Doi,
    Filed,
    PersonId,
    PublicationId,
    QueryId,
    RequestId,
    Sealed,
)

Asking = Literal["pass on", "copy", "verify", "replicate", "methods or code", "other"]
# What somebody who asks can be told. That a recipient may share the data is not among it (K2).
Answer = Literal[
    "own request",
    "addendum",
    "office verifies",
    "public data suffice",
    "not about data",
    "to counsel",
    "refused",
]


class QueryReceived(Event, name="query.received", version=1, sealed_for="query"):
    """Somebody's question about data that others hold came to the office.

    `by` is who asks, where the office knows them, and `asker` who it is in words where it does not. They asked `asked`,
    or the office itself; `referred_by` is the recipient who directed them to the office. It is about these data sets, a
    request, something published, as far as it says, and `purpose` is what they want it for.
    """

    query: QueryId
    kind: Asking
    by: PersonId | None = None
    asker: Sealed | None = None
    asked: PersonId | None = None
    referred_by: PersonId | None = None
    datasets: tuple[DataSetId, ...] = ()
    request: RequestId | None = None
    publication: PublicationId | None = None
    doi: Doi | None = None
    purpose: Sealed | None = None


class QueryAnswered(Event, name="query.answered", version=1, sealed_for="query"):
    """The office answered a query; what went to counsel is answered a second time, when counsel has spoken.

    A third party gets data through this request, or through this agreement of it. `publication` is what suffices, and
    `smallest_cell` the smallest count in the aggregate with which the office answered.
    """

    query: QueryId
    outcome: Answer
    request: RequestId | None = None
    agreement: AgreementId | None = None
    publication: PublicationId | None = None
    smallest_cell: Count | None = None
    answer: Sealed | None = None
    document: Filed | None = None


class QueryWithdrawn(Event, name="query.withdrawn", version=1, sealed_for="query"):
    """Whoever asked wants no answer any more."""

    query: QueryId
    reason: Sealed | None = None
