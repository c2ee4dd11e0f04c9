"""C2: exactly this agreement was signed in every capacity that policy requires."""

from collections.abc import Iterator
from datetime import date

from ledger.events import AgreementSigned
from projections.acts import ExecuteAgreement
from projections.rules.rule import Objection, Rule
from projections.standing import Standing
from projections.standing.agreement import required_signatures

RULE = Rule[ExecuteAgreement]("agreement-signed", "C2", "the agreement was signed in every capacity required")


@RULE.objects
def unsigned(act: ExecuteAgreement, standing: Standing, day: date) -> Iterator[Objection]:
    """The researcher signs as researcher and as nothing else, and an official for each organisation that it names."""
    del day
    request = standing.request(act.request)
    agreement = request.agreement(act.agreement)
    if agreement.issued is None or request.submitted is None:
        yield RULE.objection("the agreement", act.agreement)
        return
    if agreement.executed or agreement.terminated:
        yield RULE.objection("an agreement that is neither executed nor ended", act.agreement, agreement.facts)
    said, researcher = agreement.issued.event, request.submitted.event.researcher
    signatures = [one.event for one in agreement.signatures if one.event.text == said.text and _is_shown(one.event)]
    facts = [agreement.issued.position, *(one.position for one in agreement.signatures)]
    for capacity, organisation in required_signatures(said, standing.office.policy.event):
        signed = [
            one
            for one in signatures
            if (one.capacity, one.organisation) == (capacity, organisation)
            and (one.signer == researcher) == (capacity == "researcher")
        ]
        if not signed:
            yield RULE.objection(f"signature of the {capacity}", organisation or act.agreement, facts)
        elif act.starts < (on := min(one.on for one in signed)):
            wanting = f"a first day not before {on}, when the {capacity} signed"
            yield RULE.objection(wanting, organisation or act.agreement, facts)


def _is_shown(signed: AgreementSigned) -> bool:
    """Whether there is a signature that anybody can check, or else somebody who attests it."""
    if signed.evidence == "openpgp":
        return signed.key is not None and signed.fingerprint is not None
    return signed.attested_by is not None
