"""What makes a thing known, and what is not told at all."""

from ledger.events import (
    AccessPermitted,
    ActRefused,
    AgreementExecuted,
    AgreementExpired,
    AgreementIssued,
    AgreementRenewed,
    AmendmentIssued,
    ApiKeyIssued,
    DataSetRegistered,
    DebarmentLiftedV1,
    DestructionAccepted,
    DestructionAttested,
    DestructionRequired,
    EthicsDetermined,
    Event,
    FindingClosedV1,
    HoldingWrittenOff,
    IncidentClosed,
    IncidentReported,
    KeyFiled,
    LedgerOpened,
    LedgerOpenedV1,
    LegalHoldPlaced,
    NoticeRefused,
    NoticeRevived,
    NoticeSent,
    OrganisationRegistered,
    PastDataSetRecorded,
    PastRegisterTakenIn,
    PastReleaseRecorded,
    PersonErased,
    PersonRegistered,
    PublicationNotified,
    PublicationPassed,
    QueryAnswered,
    QueryReceived,
    ReleaseAuthorised,
    ReleaseHandedOver,
    ReminderFellDue,
    RequestApproved,
    RequestClosed,
    RequestDeclined,
    RequestSubmitted,
    RequestWithdrawnV1,
    WaiverGranted,
)

# By the kind of a tag: the event that makes such a thing known.
INTRODUCED_BY: dict[str, type[Event]] = {
    "person": PersonRegistered,
    "organisation": OrganisationRegistered,
    "dataset": DataSetRegistered,
    "determination": EthicsDetermined,
    "request": RequestSubmitted,
    "agreement": AgreementIssued,
    "key": KeyFiled,
    "release": ReleaseAuthorised,
    "apikey": ApiKeyIssued,
    "query": QueryReceived,
    "publication": PublicationNotified,
    "incident": IncidentReported,
    "hold": LegalHoldPlaced,
    "attestation": DestructionAttested,
}
# What makes such a thing known, too.
ALSO_INTRODUCED_BY: dict[str, type[Event]] = {"agreement": AmendmentIssued}
# What comes of an act, of the calendar, of erasing, of opening a ledger or of taking in a register, and cannot be told.
NOT_REPORTED = (
    LedgerOpened,
    LedgerOpenedV1,
    DebarmentLiftedV1,
    FindingClosedV1,
    RequestWithdrawnV1,
    PersonErased,
    RequestApproved,
    RequestDeclined,
    AgreementIssued,
    AgreementExecuted,
    ReleaseAuthorised,
    ReleaseHandedOver,
    AccessPermitted,
    WaiverGranted,
    ActRefused,
    PastDataSetRecorded,
    PastReleaseRecorded,
    PastRegisterTakenIn,
    QueryAnswered,
    PublicationPassed,
    AmendmentIssued,
    AgreementRenewed,
    AgreementExpired,
    ReminderFellDue,
    DestructionRequired,
    NoticeSent,
    NoticeRefused,
    NoticeRevived,
    DestructionAccepted,
    HoldingWrittenOff,
    IncidentClosed,
    RequestClosed,
)


def introducing(kind: str) -> list[type[Event]]:
    """The events that make a thing of this kind known."""
    return [by[kind] for by in (INTRODUCED_BY, ALSO_INTRODUCED_BY) if kind in by]


def things(event: Event) -> list[tuple[str, type[Event]]]:
    """The tags of what an event is about, each with the event that makes it known."""
    known = [(tag, INTRODUCED_BY.get(tag.partition(":")[0])) for tag in sorted(event.tags())]
    return [(tag, introduction) for tag, introduction in known if introduction is not None]


def own_tag(event: Event) -> str | None:
    """The tag of what this very event makes known."""
    for kind, introduction in INTRODUCED_BY.items():
        if isinstance(event, introduction):
            return f"{kind}:{getattr(event, kind)}"
    return None
