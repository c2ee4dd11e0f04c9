"""What can be taken back because it was typed in wrongly."""

from collections.abc import Sequence

from ledger.errors import Malformed
from ledger.events import (
    AffiliationDetermined,
    AgreementExecuted,
    AgreementSigned,
    AgreementTerminated,
    ChangesAsked,
    ContactDesignated,
    CopiesDeclared,
    CopyReported,
    DataSetOpened,
    DestructionAccepted,
    DestructionAttested,
    DeterminationEnded,
    DisclosureCompelled,
    EthicsDetermined,
    Event,
    FactCorrected,
    FindingAssigned,
    FindingClosed,
    IncidentContained,
    KeyConfirmed,
    KeyRejected,
    KeyRevoked,
    KeyTestFailed,
    KeyTestPassed,
    LawDetermined,
    PastReleaseRecorded,
    PersonDeparted,
    PersonMoved,
    PublicationRecorded,
    PublicationReviewed,
    PublicationWithdrawn,
    QueryWithdrawn,
    ReleaseFailed,
    ReleaseReceived,
    RelianceElected,
    RelianceRequested,
    RequestReturned,
    RequestWithdrawn,
    TrainingCertified,
    TrainingVerified,
)
from projections.standing import Known, uncorrected

# What can be taken back because it was typed in wrongly. What was decided stands, and so does who and what is known; a
# suspension is lifted, which not everybody may who may correct.
CORRECTABLE = (
    AffiliationDetermined,
    EthicsDetermined,
    RelianceRequested,
    RelianceElected,
    DeterminationEnded,
    TrainingCertified,
    TrainingVerified,
    LawDetermined,
    RequestReturned,
    RequestWithdrawn,
    AgreementSigned,
    AgreementTerminated,
    ContactDesignated,
    KeyConfirmed,
    KeyRejected,
    KeyRevoked,
    KeyTestPassed,
    KeyTestFailed,
    ReleaseFailed,
    ReleaseReceived,
    DataSetOpened,
    FactCorrected,
    PastReleaseRecorded,
    QueryWithdrawn,
    PublicationReviewed,
    ChangesAsked,
    PublicationRecorded,
    PublicationWithdrawn,
    DisclosureCompelled,
    CopyReported,
    CopiesDeclared,
    DestructionAttested,
    IncidentContained,
    PersonDeparted,
    PersonMoved,
    FindingAssigned,
    FindingClosed,
)


def check_correction(event: FactCorrected, facts: Sequence[Known[Event]]) -> None:
    """Raise `Malformed` for taking back what stands, what was taken back already, and what others rest on."""
    fact = next((fact for fact in facts if fact.position == event.corrected), None)
    if fact is None or not isinstance(fact.event, CORRECTABLE):
        why = "is of nothing that can be taken back: what was decided stands, and so does who and what is known"
        raise Malformed("position", event.corrected, why)
    if fact not in uncorrected(facts):
        raise Malformed("position", event.corrected, "was taken back already")
    executed = {one.event.agreement for one in facts if isinstance(one.event, AgreementExecuted)}
    if isinstance(fact.event, AgreementSigned) and fact.event.agreement in executed:
        why = f"is a signature under {fact.event.agreement}, which is executed: terminate that"
        raise Malformed("position", event.corrected, why)
    accepted = {one.event.attestation for one in facts if isinstance(one.event, DestructionAccepted)}
    if isinstance(fact.event, DestructionAttested) and fact.event.attestation in accepted:
        raise Malformed("position", event.corrected, f"is attestation {fact.event.attestation}, which was accepted")
    if fact.event.tags() != set(event.about):
        raise Malformed("tags", event.about, f"are not those of entry {event.corrected}")
