"""The copies under a request: which were reported, and what became of what was held."""

from ledger.events import (
    CopiesDeclared,
    CopyReported,
    DestructionAccepted,
    DestructionAttested,
    HoldingWrittenOff,
)
from projections.standing.known import Known
from projections.standing.part import Part, takes


class AttestationStanding:
    """What is known of one attestation that something was destroyed."""

    def __init__(self) -> None:
        self.attested: Known[DestructionAttested] | None = None
        self.accepted: Known[DestructionAccepted] | None = None

    @property
    def facts(self) -> tuple[int, ...]:
        """The positions of all that is known of it."""
        return tuple(one.position for one in (self.attested, self.accepted) if one is not None)


class CopiesStanding(Part):
    """What is known of the copies under one request."""

    def __init__(self) -> None:
        self.reported: list[Known[CopyReported]] = []
        self.declared: list[int] = []
        self.attestations: dict[str, AttestationStanding] = {}
        self.written_off: list[Known[HoldingWrittenOff]] = []

    @takes(CopyReported)
    def _copy_reported(self, fact: Known[CopyReported]) -> None:
        self.reported.append(fact)

    @takes(CopiesDeclared)
    def _copies_declared(self, fact: Known[CopiesDeclared]) -> None:
        self.declared.append(fact.position)

    @takes(DestructionAttested)
    def _destruction_attested(self, fact: Known[DestructionAttested]) -> None:
        known = self.attestations.setdefault(fact.event.attestation, AttestationStanding())
        known.attested = fact

    @takes(DestructionAccepted)
    def _destruction_accepted(self, fact: Known[DestructionAccepted]) -> None:
        known = self.attestations.setdefault(fact.event.attestation, AttestationStanding())
        known.accepted = fact

    @takes(HoldingWrittenOff)
    def _holding_written_off(self, fact: Known[HoldingWrittenOff]) -> None:
        self.written_off.append(fact)

    def attestation(self, attestation: str) -> AttestationStanding:
        """What is known of an attestation, which may be nothing."""
        return self.attestations.get(attestation) or AttestationStanding()
