"""What an act is: something that is done only when no rule objects, and what it looks at."""

from abc import abstractmethod
from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache
from typing import ClassVar, TypeVar

import msgspec

from ledger.boundary import Boundary, Kinds, about
from ledger.events import Event, FactCorrected
from ledger.events.governance import Role
from ledger.events.ids import PrincipalId, RequestId, WaiverId
from ledger.events.request import Wanted
from projections.abstract import Abstract
from projections.standing import (
    DataSetStanding,
    HoldStanding,
    IncidentStanding,
    Office,
    PersonStanding,
    RequestStanding,
    Standing,
)
from projections.standing.office import WORKING

DECIDING = WORKING
DIRECTING: tuple[Role, ...] = ("director", "acting director")
# What can stand in the way of a request, of a person and of a data set alike.
CONCERNS = (*IncidentStanding.folds, *HoldStanding.folds)
_OF_REQUEST, _OF_PERSON, _OF_DATA_SET = (
    Kinds((*part.folds, *CONCERNS, FactCorrected)) for part in (RequestStanding, PersonStanding, DataSetStanding)
)
# A boundary that is the same object is found again without comparing all the kinds of events in it.
BOUNDARIES_KEPT = 1024

T = TypeVar("T")


class Act(msgspec.Struct, metaclass=Abstract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="act"):
    """Something that is done only when no rule objects. `principal` is who decides.

    `roles` are those that entitle to it: a wish by somebody who holds none of them is nothing to judge.
    """

    roles: ClassVar[tuple[Role, ...]] = DECIDING

    principal: PrincipalId
    request: RequestId | None

    @property
    def name(self) -> str:
        """The act's name, as judgements and refusals carry it."""
        return str(self.__struct_config__.tag)

    @property
    def subject(self) -> str | None:
        """Whom the texts and documents of what it becomes belong to, as a tag; None when they would be nobody's."""
        return f"request:{self.request}" if self.request else None

    def people(self, standing: Standing) -> tuple[str, ...]:
        """Those for whom the rules are judged, person by person: everybody who will have access."""
        return standing.request(self.request).study_group

    def wanted(self, standing: Standing) -> tuple[Wanted, ...]:
        """The data sets for which the rules are judged, each with its form: those that were asked for."""
        return standing.request(self.request).datasets

    def first_look(self) -> list[Boundary]:
        """What is looked at in any case: the office, and the request."""
        return [of_office(), of_request(self.request)] if self.request else [of_office()]

    def second_look(self, standing: Standing) -> list[Boundary]:
        """What is looked at because of what the first look found: whom and which data sets the rules ask about."""
        people = {*self.asks_about(standing), *self.names()}
        return [*map(of_person, sorted(people)), *map(of_dataset, sorted(self.looks_at(standing)))]

    def asks_about(self, standing: Standing) -> set[str]:
        """Of whom the rules ask what is known: the researcher, and everybody for whom they are judged."""
        submitted = standing.request(self.request).submitted
        return {*self.people(standing), *([submitted.event.researcher] if submitted else ())}

    def sides(self, standing: Standing) -> set[str]:
        """Who has a part in it beside those who play one in the request, and decides nothing either."""
        del standing
        return set()

    def names(self) -> tuple[str, ...]:
        """Whom what comes of it will name beside those who are involved in the request."""
        return ()

    def looks_at(self, standing: Standing) -> set[str]:
        """The data sets that it involves."""
        return {one.dataset for one in self.wanted(standing)}

    @abstractmethod
    def done(self, standing: Standing, at: datetime, waivers: tuple[WaiverId, ...]) -> Event:
        """What has happened once it is done, by this standing, under these waivers."""


@cache
def of_office() -> Boundary:
    """What is known of the office."""
    return about(*Office.folds)


@lru_cache(BOUNDARIES_KEPT)
def of_request(request: str) -> Boundary:
    """What is known of a request, of what followed from it, and of what stands in its way."""
    return Boundary(_OF_REQUEST, (f"request:{request}",))


@lru_cache(BOUNDARIES_KEPT)
def of_person(person: str) -> Boundary:
    """What is known of a person."""
    return Boundary(_OF_PERSON, (f"person:{person}",))


@lru_cache(BOUNDARIES_KEPT)
def of_dataset(dataset: str) -> Boundary:
    """What is known of a data set."""
    return Boundary(_OF_DATA_SET, (f"dataset:{dataset}",))


def involved(act: Act, standing: Standing) -> set[str]:
    """Everybody who plays a part in the request, or in what the act is about beside it."""
    return parts(standing.request(act.request)) | act.sides(standing)


def getting(request: RequestStanding) -> set[str]:
    """Everybody who gets what a request asks for, or works with those who do."""
    if request.submitted is None:
        return set()
    contact = [request.contact.person] if request.contact.person else []
    return {request.submitted.event.researcher, *request.personnel, *request.study_group, *contact}


def parts(request: RequestStanding) -> set[str]:
    """Everybody who plays a part in a request."""
    if request.submitted is None:
        return set()
    said = request.submitted.event
    others: Iterable[str | None] = (
        said.sponsor,
        said.head_approval.by if said.head_approval else None,
        request.contact.person,
    )
    return {said.researcher, *request.personnel, *request.study_group, *(one for one in others if one)}


def found(value: T | None) -> T:
    """What a rule has seen to be there."""
    if value is None:
        raise AssertionError("an act was done that no rule has let through")
    return value
