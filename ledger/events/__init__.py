"""Every event, declared once, in a file for each stage of the life of a request.

Nothing in here decides, reads or writes. `DECLARED` is the allow-list: what is not on it is not an event of ours.
A wire name that stands in a released version is never edited, and its event never removed.
"""

from ledger.events.access import AccessPermitted, DataSetOpened
from ledger.events.agreement import AgreementExecuted, AgreementIssued, AgreementSigned, AgreementTerminated
from ledger.events.catalogue import DataSetFormChanged, DataSetRegistered, DataSetRetired, DataSetVersionAdded
from ledger.events.contact import (
    ContactDesignated,
    KeyConfirmed,
    KeyFiled,
    KeyRejected,
    KeyRevoked,
    KeyTestFailed,
    KeyTestPassed,
    KeyTestSent,
)
from ledger.events.correction import FactCorrected
from ledger.events.ethics import DeterminationEnded, EthicsDetermined, RelianceElected
from ledger.events.event import Event
from ledger.events.governance import (
    ActRefused,
    PersonSuspended,
    PolicyPublished,
    RoleEnded,
    RoleGranted,
    SuspensionLifted,
    WaiverGranted,
)
from ledger.events.opening import LedgerOpened
from ledger.events.people import (
    AffiliationDetermined,
    OrganisationRegistered,
    PersonDetailsChanged,
    PersonErased,
    PersonRegistered,
)
from ledger.events.release import ReleaseAuthorised, ReleaseFailed, ReleaseHandedOver, ReleaseReceived
from ledger.events.request import RequestReturned, RequestSubmitted, RequestWithdrawn
from ledger.events.review import LawDetermined, RequestApproved, RequestDeclined
from ledger.events.training import TrainingCertified, TrainingVerified

DECLARED: tuple[type[Event], ...] = (
    LedgerOpened,
    PersonRegistered,
    PersonDetailsChanged,
    PersonErased,
    OrganisationRegistered,
    AffiliationDetermined,
    DataSetRegistered,
    DataSetVersionAdded,
    DataSetFormChanged,
    DataSetRetired,
    RequestSubmitted,
    RequestReturned,
    RequestWithdrawn,
    EthicsDetermined,
    RelianceElected,
    DeterminationEnded,
    TrainingCertified,
    TrainingVerified,
    LawDetermined,
    RequestApproved,
    RequestDeclined,
    AgreementIssued,
    AgreementSigned,
    AgreementExecuted,
    AgreementTerminated,
    ContactDesignated,
    KeyFiled,
    KeyConfirmed,
    KeyRejected,
    KeyRevoked,
    KeyTestSent,
    KeyTestPassed,
    KeyTestFailed,
    ReleaseAuthorised,
    ReleaseHandedOver,
    ReleaseFailed,
    ReleaseReceived,
    AccessPermitted,
    DataSetOpened,
    PolicyPublished,
    RoleGranted,
    RoleEnded,
    PersonSuspended,
    SuspensionLifted,
    WaiverGranted,
    ActRefused,
    FactCorrected,
)

__all__ = [
    "DECLARED",
    "AccessPermitted",
    "ActRefused",
    "AffiliationDetermined",
    "AgreementExecuted",
    "AgreementIssued",
    "AgreementSigned",
    "AgreementTerminated",
    "ContactDesignated",
    "DataSetFormChanged",
    "DataSetOpened",
    "DataSetRegistered",
    "DataSetRetired",
    "DataSetVersionAdded",
    "DeterminationEnded",
    "EthicsDetermined",
    "Event",
    "FactCorrected",
    "KeyConfirmed",
    "KeyFiled",
    "KeyRejected",
    "KeyRevoked",
    "KeyTestFailed",
    "KeyTestPassed",
    "KeyTestSent",
    "LawDetermined",
    "LedgerOpened",
    "OrganisationRegistered",
    "PersonDetailsChanged",
    "PersonErased",
    "PersonRegistered",
    "PersonSuspended",
    "PolicyPublished",
    "ReleaseAuthorised",
    "ReleaseFailed",
    "ReleaseHandedOver",
    "ReleaseReceived",
    "RelianceElected",
    "RequestApproved",
    "RequestDeclined",
    "RequestReturned",
    "RequestSubmitted",
    "RequestWithdrawn",
    "RoleEnded",
    "RoleGranted",
    "SuspensionLifted",
    "TrainingCertified",
    "TrainingVerified",
    "WaiverGranted",
]
