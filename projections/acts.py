"""Acts: what somebody may wish this office to do, and a rule may forbid.

An act is written whole into the judgement of its entry, so it can be judged again from the log alone; what it looks at
follows from it and from what is found on the way.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec

from ledger.events.governance import Role
from ledger.events.ids import Name, RequestId, Sealed
from ledger.log import Boundary, about
from projections.standing import Office, PersonStanding, RequestStanding, Standing

DECIDING: tuple[Role, ...] = ("director", "acting director", "alternate", "staff")


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="act"):
    """Something that is done only when no rule objects. `principal` is who decides.

    `roles` are those that entitle to it: a wish by somebody who holds none of them is nothing to judge.
    """

    roles: ClassVar[tuple[Role, ...]] = DECIDING

    principal: Name
    request: RequestId

    @property
    def name(self) -> str:
        """The act's name, as judgements and refusals carry it."""
        return str(self.__struct_config__.tag)


class ApproveRequest(Act, frozen=True, kw_only=True, tag="approve-request"):
    """Approve a request, with conditions if there are any."""

    conditions: Sealed | None = None


class DeclineRequest(Act, frozen=True, kw_only=True, tag="decline-request"):
    """Decline a request."""

    reason: Sealed


AnyAct = ApproveRequest | DeclineRequest


def act_from(command: Mapping[str, Any]) -> Act:
    """The act that a judgement was about. Raises `msgspec.ValidationError` when this program knows none such."""
    act: Act = msgspec.convert(command, AnyAct)
    return act


def as_command(act: Act) -> dict[str, Any]:
    """The whole act, as a judgement keeps it."""
    command: dict[str, Any] = msgspec.to_builtins(act)
    return command


def first_look(act: Act) -> list[Boundary]:
    """What is looked at in any case: the office, and the request."""
    return [about(*Office.folds), about(*RequestStanding.folds, tags=[f"request:{act.request}"])]


def second_look(act: Act, standing: Standing) -> list[Boundary]:
    """What is looked at because of what the first look found: everybody whom the request involves."""
    return [about(*PersonStanding.folds, tags=[f"person:{person}"]) for person in sorted(involved(act, standing))]


def involved(act: Act, standing: Standing) -> set[str]:
    """Everybody who plays a part in the request."""
    request = standing.request(act.request)
    if request.submitted is None:
        return set()
    said = request.submitted.event
    others: Iterable[str | None] = (said.sponsor, said.head_approval.by if said.head_approval else None)
    return {said.researcher, *said.personnel, *said.study_group, *(one for one in others if one)}
