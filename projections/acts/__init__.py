"""Acts: what somebody may wish this office to do, and a rule may forbid: one file for each stage.

An act is written whole into the judgement of its entry, so it can be judged again from the log alone; what it looks at
follows from it and from what is found on the way.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from projections.acts.access import LetIn
from projections.acts.act import (
    DECIDING,
    DIRECTING,
    Act,
    getting,
    involved,
    of_dataset,
    of_office,
    of_person,
    of_request,
    parts,
)
from projections.acts.agreement import AmendAgreement, ExecuteAgreement, IssueAgreement, RenewAgreement, changes_nothing
from projections.acts.ending import AcceptAttestation, CloseRequest, Ending, WriteOff
from projections.acts.governance import EraseDetails, GrantWaiver
from projections.acts.incident import CloseIncident
from projections.acts.publication import PassPublication
from projections.acts.query import LINKING, AnswerQuery, of_publication, of_query
from projections.acts.release import AuthoriseRelease, Chosen, HandOverRelease, Releasing, bases, parties
from projections.acts.review import ApproveRequest, DeclineRequest

__all__ = [
    "DECIDING",
    "DIRECTING",
    "LINKING",
    "AcceptAttestation",
    "Act",
    "AmendAgreement",
    "AnswerQuery",
    "ApproveRequest",
    "AuthoriseRelease",
    "Chosen",
    "CloseIncident",
    "CloseRequest",
    "DeclineRequest",
    "Ending",
    "EraseDetails",
    "ExecuteAgreement",
    "GrantWaiver",
    "HandOverRelease",
    "IssueAgreement",
    "LetIn",
    "PassPublication",
    "Releasing",
    "RenewAgreement",
    "WriteOff",
    "act_from",
    "as_command",
    "bases",
    "changes_nothing",
    "getting",
    "involved",
    "of_dataset",
    "of_office",
    "of_person",
    "of_publication",
    "of_query",
    "of_request",
    "parties",
    "parts",
]

AnyAct = (
    ApproveRequest
    | DeclineRequest
    | IssueAgreement
    | ExecuteAgreement
    | AuthoriseRelease
    | HandOverRelease
    | LetIn
    | GrantWaiver
    | EraseDetails
    | AnswerQuery
    | PassPublication
    | AmendAgreement
    | RenewAgreement
    | AcceptAttestation
    | WriteOff
    | CloseRequest
    | CloseIncident
)

# Made once: to find out from the names of all acts how each is read takes longer than reading one.
_act_in: Callable[[bytes], Act] = msgspec.json.Decoder(AnyAct).decode


def act_from(command: Mapping[str, Any]) -> Act:
    """The act that a judgement was about. Raises `msgspec.ValidationError` when this program knows none such."""
    try:
        return _act_in(msgspec.json.encode(command))
    except (UnicodeEncodeError, OverflowError) as error:
        raise msgspec.ValidationError(str(error)) from error


def as_command(act: Act) -> dict[str, Any]:
    """The whole act, as a judgement keeps it."""
    command: dict[str, Any] = msgspec.to_builtins(act)
    return command
