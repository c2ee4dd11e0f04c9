"""Every route once: its path, who may take it, what it reads and what it answers.

A key does what its role may do here, as far as its scope allows; what is not in the table cannot be done. A researcher
sees and does only what concerns their own requests, whatever the path says. What is read is told in full to the office
and to auditors; compliance gets names and institutions, no addresses; data servers ask for access and report it, and
nothing else; admins keep keys and roles, and see no request.
"""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, get_args

import msgspec

from api.commands import Command
from api.commands.access import Access, Opened
from api.commands.agreement import Execute, Issue, SignByKey, SignOnPaper, Terminate
from api.commands.amending import Amend, Renew
from api.commands.barring import Compelled, Debar, LiftDebarment
from api.commands.catalogue import AddVersion, ChangeForm, RegisterDataSet, Retire
from api.commands.contact import AnswerKeyTest, ConfirmKey, Designate, FileKey, RejectKey, RevokeKey
from api.commands.correction import Correct
from api.commands.ending import Depart, LiftHold, Move, PlaceHold
from api.commands.ethics import EndDetermination, RecordDetermination, RecordReliance
from api.commands.finding import AssignFinding, CloseFinding
from api.commands.governance import EndRole, GrantRole, PublishPolicy, RevokeApiKey, Waive
from api.commands.holding import Accept, Attest, Close, DeclareCopies, GiveUp, ReportCopy
from api.commands.incident import Contain, ReportIncident, RestoreAccess, RevokeAccess, Settle
from api.commands.people import (
    ChangeDetails,
    DetermineAffiliation,
    Erase,
    Lift,
    RegisterOrganisation,
    RegisterPerson,
    Suspend,
)
from api.commands.publication import (
    AskChanges,
    NotifyPublication,
    Pass,
    RecordPublication,
    Review,
    WithdrawPublication,
)
from api.commands.query import Answering, ReceiveQuery, WithdrawQuery
from api.commands.release import Authorise, Fail, Receive
from api.commands.request import Return, Withdraw
from api.commands.review import Approve, Decline, Determine
from api.commands.training import RecordTraining, VerifyTraining
from api.http import (
    after,
    after_shapes,
    asking,
    authzen,
    checking,
    holdings,
    listing,
    packets,
    receipts,
    releasing,
    shapes,
)
from api.http.call import Answer, Call
from api.http.commanding import Reading, Trial, erase, issue_key, reading_of, taking
from api.http.moments import AboutATime
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
READING: frozenset[Role] = OFFICE | {"auditor", "compliance"}
OWN: frozenset[Role] = frozenset({"researcher"})
EVERYBODY: frozenset[Role] = frozenset(get_args(Role))
SERVERS: frozenset[Role] = OFFICE | {"data server"}


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
    query: type[msgspec.Struct] = asking.Nothing
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


def _summary(told: Any) -> str:
    return (told.__doc__ or "").partition("\n")[0]


def _asks(
    path: str,
    do: Callable[[Call], Answer],
    answer: Any,
    roles: frozenset[Role],
    query: type[msgspec.Struct] = asking.Nothing,
    scope: Scope = "reading",
) -> Route:
    return Route("GET", path, do, _summary(do), roles, scope, {200: answer}, query)


def _takes(path: str, command: type[Command], roles: frozenset[Role], scope: Scope = "recording") -> Route:
    ids = ids_in(path)
    reading = reading_of(command, ids)
    answers = {201: shapes.Recorded, 200: shapes.Tried}
    return Route(
        "POST", path, taking(command, ids), _summary(command), roles, scope, answers, Trial, reading=reading, keyed=True
    )


def _makes(
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
    return Route("POST", path, do, _summary(do), roles, scope, answers, Trial, body, keyed=True, **reads)


ROUTES: tuple[Route, ...] = (
    _asks("/entries", asking.entries, shapes.Page, READING, asking.Paging),
    _asks("/entries/{position}", asking.entry, shapes.EntryShown, READING),
    _asks("/entries/{position}/receipt", receipts.receipt, bytes, EVERYBODY),
    _asks("/entries/{position}/documents/{document}", asking.document, bytes, OFFICE | AUDITING | OWN),
    _asks("/tile/entries/{bundle}", asking.bundle, bytes, AUDITING),
    _asks("/verifier-key", asking.verifier_key, bytes, frozenset(get_args(Role))),
    _asks("/requests", listing.requests, shapes.Requests, READING | OWN, listing.InStates),
    _asks("/people", listing.people, shapes.People, READING, listing.Paging),
    _asks("/datasets", listing.datasets, shapes.DataSets, READING, listing.Paging),
    _asks("/datasets/{dataset}", listing.dataset, shapes.DataSetShown, READING, AboutATime),
    _asks("/agreements", listing.agreements, shapes.Agreements, READING, listing.OfARequest),
    _asks("/requests/{request}/releases/{release}/package", releasing.package, bytes, OFFICE | OWN),
    _asks("/requests/{request}", asking.request, shapes.RequestShown, READING | OWN, AboutATime),
    _asks("/requests/{request}/history", asking.history, shapes.History, READING | OWN),
    _asks("/people/{person}", asking.person, shapes.PersonShown, READING | OWN),
    _asks("/people/{person}/holdings", holdings.holdings, shapes.Holdings, READING | OWN, AboutATime),
    _asks("/datasets/{dataset}/holders", holdings.holders, shapes.Holdings, READING, holdings.WhichForm),
    _asks("/deadlines", asking.deadlines, shapes.Deadlines, READING, asking.Within),
    _asks("/inbox", after.inbox, shapes.Inbox, READING, AboutATime),
    _asks("/permissions", asking.permission, shapes.Permission, READING, asking.WhoAndWhat),
    _asks("/accesses", listing.accesses, shapes.Accesses, READING, listing.Findings),
    _asks("/api-keys", asking.api_keys, shapes.ApiKeys, GOVERNING | AUDITING, scope="governing"),
    _asks("/metrics", asking.metrics, bytes, OFFICE | GOVERNING | AUDITING),
    Route(
        "POST",
        "/requests",
        packets.submit,
        "A request came in as a packet.",
        OFFICE,
        "recording",
        {201: shapes.Recorded, 200: shapes.Tried},
        Trial,
        form=True,
        keyed=True,
    ),
    Route(
        "POST",
        "/requests/{request}/submissions",
        packets.submit,
        "A request that was returned came in again.",
        OFFICE,
        "recording",
        {201: shapes.Recorded, 200: shapes.Tried},
        Trial,
        form=True,
        keyed=True,
    ),
    _takes("/requests/{request}/returns", Return, OFFICE),
    _takes("/requests/{request}/withdrawal", Withdraw, OFFICE | OWN),
    _takes("/requests/{request}/affiliations", DetermineAffiliation, OFFICE),
    _takes("/requests/{request}/determinations", RecordDetermination, OFFICE),
    _takes("/requests/{request}/determinations/{determination}/reliances", RecordReliance, OFFICE),
    _takes("/requests/{request}/determinations/{determination}/end", EndDetermination, OFFICE),
    _takes("/requests/{request}/legal-determinations", Determine, OFFICE),
    _takes("/requests/{request}/approval", Approve, OFFICE),
    _takes("/requests/{request}/declination", Decline, OFFICE),
    _takes("/requests/{request}/waivers", Waive, DIRECTORS),
    _takes("/requests/{request}/agreements", Issue, OFFICE),
    _takes("/requests/{request}/agreements/{agreement}/openpgp-signatures", SignByKey, OFFICE),
    _takes("/requests/{request}/agreements/{agreement}/signatures", SignOnPaper, OFFICE),
    _takes("/requests/{request}/agreements/{agreement}/execution", Execute, OFFICE),
    _takes("/requests/{request}/agreements/{agreement}/termination", Terminate, OFFICE),
    _takes("/requests/{request}/contacts", Designate, OFFICE),
    _takes("/requests/{request}/keys", FileKey, OFFICE),
    _takes("/requests/{request}/key/confirmation", ConfirmKey, OFFICE),
    _takes("/requests/{request}/key/rejection", RejectKey, OFFICE),
    _takes("/requests/{request}/key/revocation", RevokeKey, OFFICE),
    _takes("/requests/{request}/key/test-answers", AnswerKeyTest, OFFICE),
    _takes("/requests/{request}/releases", Authorise, OFFICE),
    _takes("/requests/{request}/releases/{release}/failure", Fail, OFFICE),
    _takes("/requests/{request}/releases/{release}/receipt", Receive, OFFICE | OWN),
    _makes(
        "/requests/{request}/releases/{release}/package",
        releasing.hand_over,
        shapes.Recorded,
        OFFICE,
        sends=shapes.HandOverWanted,
    ),
    _makes("/requests/{request}/key/tests", releasing.send_key_test, shapes.KeyTestMade, OFFICE, shapes.KeyTestWanted),
    _makes("/people/{person}/erasure", erase, shapes.Erased, GOVERNING, reading=reading_of(Erase, ("person",))),
    _takes("/people", RegisterPerson, OFFICE),
    _takes("/people/{person}/details", ChangeDetails, OFFICE),
    _takes("/people/{person}/trainings", RecordTraining, OFFICE),
    _takes("/people/{person}/training-verifications", VerifyTraining, OFFICE),
    _takes("/people/{person}/suspensions", Suspend, OFFICE),
    _takes("/people/{person}/suspension-lifts", Lift, DIRECTORS),
    _takes("/organisations", RegisterOrganisation, OFFICE),
    _takes("/datasets", RegisterDataSet, OFFICE),
    _takes("/datasets/{dataset}/versions", AddVersion, OFFICE),
    _takes("/datasets/{dataset}/form-changes", ChangeForm, OFFICE),
    _takes("/datasets/{dataset}/retirement", Retire, OFFICE),
    _takes("/corrections", Correct, OFFICE),
    _takes("/accesses", Access, SERVERS, "access"),
    _takes("/openings", Opened, SERVERS, "access"),
    _takes("/policies", PublishPolicy, GOVERNING, "governing"),
    _takes("/roles", GrantRole, GOVERNING, "governing"),
    _takes("/role-ends", EndRole, GOVERNING, "governing"),
    _makes("/api-keys", issue_key, shapes.ApiKeyMade, GOVERNING, shapes.KeyWanted, "governing"),
    _takes("/api-keys/{apikey}/revocation", RevokeApiKey, GOVERNING, "governing"),
    Route(
        "POST",
        "/access/v1/evaluation",
        authzen.evaluation,
        _summary(authzen.evaluation),
        SERVERS,
        "access",
        {200: authzen.Decision},
        body=authzen.Evaluation,
    ),
    Route(
        "POST",
        "/access/v1/evaluations",
        authzen.evaluations,
        _summary(authzen.evaluations),
        SERVERS,
        "access",
        {200: authzen.Decision | authzen.Decisions},
        body=authzen.Evaluations,
    ),
    _asks("/organisations/{organisation}/holdings", holdings.holdings_for, shapes.Holdings, READING, AboutATime),
    _asks("/queries", after.queries, after_shapes.Queries, READING, after.WhichQueries),
    _asks("/publications", after.publications, after_shapes.Publications, READING, after.WhichPublications),
    _asks("/findings", after.findings, after_shapes.Findings, READING, after.WhichFindings),
    _asks("/disclosures", after.disclosures, after_shapes.Disclosures, READING, after.Period),
    _asks("/stats", after.stats, after_shapes.Stats, READING, after.OfYear),
    _asks("/roles", after.roles, after_shapes.Roles, READING | GOVERNING, after.OfPrincipal),
    _asks("/waivers", after.waivers, after_shapes.Waivers, READING, AboutATime),
    _asks("/notices", after.notices, after_shapes.Notices, OFFICE | AUDITING),
    _asks("/requests/{request}/views", after.looks_at_request, after_shapes.Looks, READING, AboutATime),
    _asks("/people/{person}/views", after.looks_at_person, after_shapes.Looks, READING, AboutATime),
    _asks("/people/{person}/departure", after.departure, after_shapes.WhatEnds, READING, after.Leaving),
    Route(
        "POST",
        "/tables/check",
        checking.check_table,
        _summary(checking.check_table),
        READING | OWN,
        "reading",
        {200: after_shapes.Checked},
        sends=after_shapes.CheckWanted,
    ),
    _takes("/queries", ReceiveQuery, OFFICE | OWN),
    _takes("/queries/{query}/answer", Answering, OFFICE),
    _takes("/queries/{query}/withdrawal", WithdrawQuery, OFFICE),
    _takes("/requests/{request}/publications", NotifyPublication, OFFICE | OWN),
    _takes("/requests/{request}/publications/{publication}/reviews", Review, OFFICE),
    _takes("/requests/{request}/publications/{publication}/returns", AskChanges, OFFICE),
    _takes("/requests/{request}/publications/{publication}/passing", Pass, OFFICE),
    _takes("/requests/{request}/publications/{publication}/appearance", RecordPublication, OFFICE),
    _takes("/requests/{request}/publications/{publication}/withdrawal", WithdrawPublication, OFFICE),
    _takes("/requests/{request}/copies", ReportCopy, OFFICE | OWN),
    _takes("/requests/{request}/copy-declarations", DeclareCopies, OFFICE),
    _takes("/requests/{request}/attestations", Attest, OFFICE | OWN),
    _takes("/requests/{request}/attestations/{attestation}/acceptance", Accept, OFFICE),
    _takes("/requests/{request}/write-offs", GiveUp, DIRECTORS),
    _takes("/requests/{request}/closing", Close, OFFICE),
    _takes("/requests/{request}/amendments", Amend, OFFICE),
    _takes("/requests/{request}/agreements/{agreement}/renewals", Renew, OFFICE),
    _takes("/requests/{request}/access-revocations", RevokeAccess, DIRECTORS),
    _takes("/requests/{request}/access-restorations", RestoreAccess, DIRECTORS),
    _takes("/incidents", ReportIncident, OFFICE | OWN),
    _takes("/incidents/{incident}/containment", Contain, OFFICE),
    _takes("/incidents/{incident}/closing", Settle, DIRECTORS),
    _takes("/findings/{entry}/assignment", AssignFinding, OFFICE),
    _takes("/findings/{entry}/closing", CloseFinding, OFFICE),
    _takes("/people/{person}/departures", Depart, OFFICE),
    _takes("/people/{person}/moves", Move, OFFICE),
    _takes("/people/{person}/debarments", Debar, DIRECTORS),
    _takes("/people/{person}/debarment-lifts", LiftDebarment, DIRECTORS),
    _takes("/holds", PlaceHold, OFFICE),
    _takes("/holds/{hold}/lifting", LiftHold, DIRECTORS),
    _takes("/compelled-disclosures", Compelled, OFFICE),
)
