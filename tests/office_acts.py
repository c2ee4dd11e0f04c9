"""What may be wished for in the office of `tests.office_facts`, and what each act is once it is done."""

from datetime import date
from typing import Any

import msgspec

from ledger.events import (
    AccessPermitted,
    AgreementIssued,
    PersonErased,
    ReleaseAuthorised,
    ReleaseHandedOver,
    RequestApproved,
    RequestDeclined,
)
from ledger.events.release import Package, Packed, Party, Version
from projections.acts import (
    ApproveRequest,
    AuthoriseRelease,
    Chosen,
    DeclineRequest,
    EraseDetails,
    ExecuteAgreement,
    GrantWaiver,
    HandOverRelease,
    IssueAgreement,
    LetIn,
)
from tests.facts import ANA, BEN, DATA_SET, REQUEST, commitment
from tests.office import Done
from tests.office_facts import (
    CHANNEL,
    DUA,
    ELSEWHERE,
    FAR_OFF,
    KEY,
    MOU,
    RELEASE,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    TOMORROW,
    WAIVER,
    basis,
    in_force,
    waiver,
)

# Wishes.


def approve(**changes: Any) -> ApproveRequest:
    return ApproveRequest(**({"principal": THE_DIRECTOR, "request": REQUEST} | changes))


def decline(**changes: Any) -> DeclineRequest:
    return DeclineRequest(**({"principal": THE_DIRECTOR, "request": REQUEST, "reason": commitment()} | changes))


def issue(agreement: AgreementIssued, principal: str = THE_DIRECTOR) -> IssueAgreement:
    """The wish that this very agreement be issued."""
    return IssueAgreement(principal=principal, **msgspec.structs.asdict(agreement))


def execute(agreement: str = MOU, **changes: Any) -> ExecuteAgreement:
    rest: dict[str, Any] = {"principal": THE_DIRECTOR, "request": REQUEST, "starts": TODAY, "ends": FAR_OFF}
    return ExecuteAgreement(agreement=agreement, **(rest | changes))


def chosen(label: str = "1", dataset: str = DATA_SET) -> Chosen:
    return Chosen(dataset=dataset, label=label)


def authorise(*versions: Chosen, **changes: Any) -> AuthoriseRelease:
    rest: dict[str, Any] = {"principal": THE_DIRECTOR, "request": REQUEST, "release": RELEASE, "channel": CHANNEL}
    return AuthoriseRelease(versions=versions or (chosen(),), **(rest | changes))


def packed(label: str = "1", dataset: str = DATA_SET, digest: str = 64 * "5") -> Packed:
    return Packed(dataset=dataset, label=label, size=1000, digest=digest)


def package(*files: Packed) -> Package:
    return Package(
        files=files or (packed(),), plain_size=1100, plain_sha256=64 * "6", cipher_size=700, cipher_sha256=64 * "7"
    )


def hand_over(*files: Packed, **changes: Any) -> HandOverRelease:
    rest: dict[str, Any] = {
        "principal": THE_DIRECTOR,
        "request": REQUEST,
        "release": RELEASE,
        "key_ids": commitment(71),
        "extracted_by": STRANGER,
        "learners": 154_763,
    }
    return HandOverRelease(package=package(*files), **(rest | changes))


def let_in(who: str | None = ANA, **changes: Any) -> LetIn:
    rest: dict[str, Any] = {"principal": THE_DIRECTOR, "request": REQUEST, "dataset": DATA_SET}
    return LetIn(person=who, **(rest | changes))


def waive(rule: str = "key-tested", **changes: Any) -> GrantWaiver:
    rest: dict[str, Any] = {
        "principal": THE_DIRECTOR,
        "request": REQUEST,
        "waiver": WAIVER,
        "reason": commitment(61),
        "expires": TODAY,
    }
    return GrantWaiver(rule=rule, **(rest | changes))


def erase(*details: Any, who: str = BEN, **changes: Any) -> EraseDetails:
    rest: dict[str, Any] = {"principal": THE_DIRECTOR, "last_copy_lapses": TOMORROW}
    return EraseDetails(person=who, details=details, **(rest | changes))


def approved(**changes: Any) -> Done:
    return Done(RequestApproved(request=REQUEST, **changes))


def declined() -> Done:
    return Done(RequestDeclined(request=REQUEST, reason=commitment()))


def issued(agreement: AgreementIssued) -> Done:
    return Done(agreement)


def executed(agreement: str = MOU, starts: date = TODAY, ends: date = FAR_OFF, waivers: tuple[str, ...] = ()) -> Done:
    return Done(msgspec.structs.replace(in_force(agreement, starts, ends), waivers=waivers))


ANAS = Party(person=ANA, organisation=None, agreement=MOU)
BENS = Party(person=BEN, organisation=ELSEWHERE, agreement=DUA)


def authorised(**changes: Any) -> Done:
    rest: dict[str, Any] = {
        "release": RELEASE,
        "request": REQUEST,
        "contact": ANA,
        "key": KEY,
        "channel": CHANNEL,
        "versions": (Version(dataset=DATA_SET, label="1", form="identified"),),
        "parties": (ANAS, BENS),
        "bases": (basis("home"), basis("outside")),
    }
    return Done(ReleaseAuthorised(**(rest | changes)))


def handed_over(*files: Packed, **changes: Any) -> Done:
    rest: dict[str, Any] = {
        "release": RELEASE,
        "request": REQUEST,
        "contact": ANA,
        "key": KEY,
        "channel": CHANNEL,
        "package": package(*files),
        "key_ids": commitment(71),
        "extracted_by": STRANGER,
        "learners": 154_763,
    }
    return Done(ReleaseHandedOver(**(rest | changes)))


def permitted(who: str = ANA, agreement: str = MOU, dataset: str = DATA_SET) -> Done:
    return Done(AccessPermitted(request=REQUEST, person=who, dataset=dataset, agreement=agreement))


def waived(rule: str = "key-tested", **changes: Any) -> Done:
    return Done(waiver(rule, **changes))


def given_up(*details: Any, who: str = BEN) -> Done:
    return Done(PersonErased(person=who, details=details, last_copy_lapses=TOMORROW))
