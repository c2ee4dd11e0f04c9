"""The copies under a request: which were reported, and what became of what was held."""

from ledger.events import (
    CopiesDeclared,
    CopyReported,
    DestructionAccepted,
    DestructionAttested,
    HoldingWrittenOff,
)
from projections.standing.known import Known, Told


class AttestationStanding:
    """What is known of one attestation that something was destroyed."""

    def __init__(self) -> None:
        self.attested: Known[DestructionAttested] | None = None
        self.accepted: Known[DestructionAccepted] | None = None

    @property
    def facts(self) -> tuple[int, ...]:
        """The positions of all that is known of it."""
        return tuple(one.position for one in (self.attested, self.accepted) if one is not None)


class CopiesStanding:
    """What is known of the copies under one request."""

    folds = (CopyReported, CopiesDeclared, DestructionAttested, DestructionAccepted, HoldingWrittenOff)

    def __init__(self) -> None:
        self.reported: list[Known[CopyReported]] = []
        self.declared: list[int] = []
        self.attestations: dict[str, AttestationStanding] = {}
        self.written_off: list[Known[HoldingWrittenOff]] = []

    def fold(self, fact: Told) -> None:
        """Take in a fact."""
        match fact.event:
            case CopyReported() as copy:
                self.reported.append(Known(copy, fact.position))
            case CopiesDeclared():
                self.declared.append(fact.position)
            case DestructionAttested() as attested:
                known = self.attestations.setdefault(attested.attestation, AttestationStanding())
                known.attested = Known(attested, fact.position)
            case DestructionAccepted() as accepted:
                known = self.attestations.setdefault(accepted.attestation, AttestationStanding())
                known.accepted = Known(accepted, fact.position)
            case HoldingWrittenOff() as gone:
                self.written_off.append(Known(gone, fact.position))

    def attestation(self, attestation: str) -> AttestationStanding:
        """What is known of an attestation, which may be nothing."""
        return self.attestations.get(attestation) or AttestationStanding()
