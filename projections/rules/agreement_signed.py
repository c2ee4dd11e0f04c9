"""C2: exactly this agreement was signed in every capacity that policy requires."""

from collections.abc import Iterable, Iterator
from datetime import date

from ledger.events import AgreementSigned
from projections.acts import ExecuteAgreement, getting
from projections.rules.rule import Objection, Rule
from projections.standing import Standing
from projections.standing.agreement import required_signatures

RULE = Rule[ExecuteAgreement]("agreement-signed", "C2", "the agreement was signed in every capacity required")


@RULE.objects
def unsigned(act: ExecuteAgreement, standing: Standing, day: date) -> Iterator[Objection]:
    """The researcher signs as researcher and as nothing else, and an official for each organisation that it names.

    Nobody signs for both sides: of who did, no signature for an institution counts.
    """
    del day
    request = standing.request(act.request)
    agreement = request.agreement(act.agreement)
    if agreement.issued is None or request.submitted is None:
        yield RULE.objection("the agreement", act.agreement)
        return
    if agreement.executed or agreement.terminated:
        yield RULE.objection("an agreement that is neither executed nor ended", act.agreement, agreement.facts)
    said = agreement.issued.event
    shown = [one.event for one in agreement.signatures if one.event.text == said.text and _is_shown(one.event)]
    signatures = [one for one in shown if _may_sign(one, act, standing) and _on_one_side(one, shown)]
    facts = [agreement.issued.position, *(one.position for one in agreement.signatures)]
    for capacity, organisation in required_signatures(said, standing.office.policy.event):
        signed = [one for one in signatures if (one.capacity, one.organisation) == (capacity, organisation)]
        if not signed:
            yield RULE.objection(f"signature of the {capacity}", organisation or act.agreement, facts)
        elif act.starts < (on := min(one.on for one in signed)):
            wanting = f"a first day not before {on}, when the {capacity} signed"
            yield RULE.objection(wanting, organisation or act.agreement, facts)


def _may_sign(signed: AgreementSigned, act: ExecuteAgreement, standing: Standing) -> bool:
    """Whether that person can sign in this capacity: nobody who is to get the data signs for an institution.

    The head of a department is of the institution of the researcher, and whoever has a role in this office is of this.
    """
    request = standing.request(act.request)
    if request.submitted is None:
        return False
    said = request.submitted.event
    if signed.capacity == "researcher":
        return signed.signer == said.researcher
    if signed.signer in {*getting(request), *act.people(standing)}:
        return False
    if signed.capacity == "authorised official":
        return not standing.office.employs(signed.signer, signed.on)
    is_head = said.head_approval is not None and signed.signer == said.head_approval.by
    return not is_head or (signed.capacity != "office" and request.affiliation(said.researcher) == "home")


def _on_one_side(signed: AgreementSigned, others: Iterable[AgreementSigned]) -> bool:
    """Whether who signs for one institution signs for no other side as well."""
    sides = {one.capacity == "authorised official" for one in others if one.signer == signed.signer}
    return signed.capacity == "researcher" or len(sides) == 1


def _is_shown(signed: AgreementSigned) -> bool:
    """Whether there is a signature that anybody can check, or else somebody who attests it."""
    if signed.evidence == "openpgp":
        return signed.key is not None and signed.fingerprint is not None
    return signed.attested_by is not None
