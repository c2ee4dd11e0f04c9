"""The language of `tests.office`, for who asks from outside and for what is published."""

from typing import Any

from ledger.events import (
    ChangesAsked,
    Event,
    PolicyPublished,
    PublicationNotified,
    PublicationPassed,
    PublicationRecorded,
    PublicationReviewed,
    PublicationWithdrawn,
    QueryAnswered,
    QueryReceived,
    QueryWithdrawn,
)
from projections.acts import AnswerQuery, PassPublication
from tests.facts import ANA, DATA_SET, EVA, REQUEST, commitment, person
from tests.office import Done
from tests.office_acts import authorised, handed_over
from tests.office_facts import (
    DIRECTOR,
    HEAD,
    OFFICE_ZONE,
    OTHER_REQUEST,
    STRANGER,
    THE_DIRECTOR,
    TODAY,
    received,
    request,
)
from tests.office_requests import ready

QUERY, PUBLICATION = "Q-2026-0001", "B-2026-0001-1"
DOI = "10.1000/xyz.1"


# Facts.


def asked(kind: Any = "copy", **changes: Any) -> QueryReceived:
    """Eva, who has no part in the request, asked Ana for data of it, and Ana referred her."""
    rest: dict[str, Any] = {
        "query": QUERY,
        "by": EVA,
        "asked": ANA,
        "referred_by": ANA,
        "datasets": (DATA_SET,),
        "request": REQUEST,
    }
    return QueryReceived(kind=kind, **(rest | changes))


def told(outcome: Any = "refused", **changes: Any) -> QueryAnswered:
    return QueryAnswered(query=QUERY, outcome=outcome, **changes)


def query_withdrawn() -> QueryWithdrawn:
    return QueryWithdrawn(query=QUERY)


def notified(**changes: Any) -> PublicationNotified:
    rest: dict[str, Any] = {"request": REQUEST, "kind": "article", "title": commitment(91), "authors": (ANA,)}
    return PublicationNotified(**({"publication": PUBLICATION} | rest | changes))


def reviewed(reviewer: str = STRANGER, smallest_cell: int | None = 5, **changes: Any) -> PublicationReviewed:
    rest: dict[str, Any] = {
        "publication": PUBLICATION,
        "request": REQUEST,
        "result": "fit to be published",
        "on": TODAY,
    }
    return PublicationReviewed(reviewer=reviewer, smallest_cell=smallest_cell, **(rest | changes))


def changes_asked() -> ChangesAsked:
    return ChangesAsked(publication=PUBLICATION, request=REQUEST, reason=commitment(92))


def has_appeared(**changes: Any) -> PublicationRecorded:
    rest: dict[str, Any] = {"publication": PUBLICATION, "request": REQUEST, "on": TODAY}
    return PublicationRecorded(**(rest | changes))


def retracted() -> PublicationWithdrawn:
    return PublicationWithdrawn(publication=PUBLICATION, request=REQUEST, on=TODAY)


def reviewers(number: int, **changes: Any) -> PolicyPublished:
    return PolicyPublished(time_zone=OFFICE_ZONE, publication_reviewers=number, **changes)


def released(**changes: Event | None) -> list[Event]:
    """A request whose data were handed over and received; as `ready`. Eva is known, and has no part in it."""
    return [*ready(**changes), person(EVA), authorised().event, handed_over().event, received()]


def with_query(*more: Event, **changes: Any) -> list[Event]:
    """A query about data that were released, and another request, of Eva's own, that asks for them too."""
    own = request(OTHER_REQUEST, researcher=EVA, personnel=(EVA,), study_group=(EVA,))
    return [*released(), own, asked(**changes), *more]


def under_review(*more: Event, **changes: Event | None) -> list[Event]:
    """Something that is to be published, of data that were released."""
    return [*released(**changes), notified(), *more]


# Wishes.


def answer(outcome: Any = "refused", **changes: Any) -> AnswerQuery:
    """The wish; its request is the one that was asked about, as a command would have it."""
    return AnswerQuery(
        **({"principal": THE_DIRECTOR, "request": REQUEST, "query": QUERY, "outcome": outcome} | changes)
    )


def let_appear(**changes: Any) -> PassPublication:
    return PassPublication(**({"principal": THE_DIRECTOR, "request": REQUEST, "publication": PUBLICATION} | changes))


# What comes of them.


def answered(outcome: Any = "refused", **changes: Any) -> Done:
    return Done(told(outcome, **changes))


def passed(**changes: Any) -> Done:
    return Done(PublicationPassed(**({"publication": PUBLICATION, "request": REQUEST} | changes)))


# Who has no part in the request: they may review.
APART = (STRANGER, DIRECTOR)
PART_IN_IT = (ANA, HEAD)
