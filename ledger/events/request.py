"""Requests: what researchers ask for."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import DataSetId, PersonId, RequestId, Sealed

Purpose = Literal["improving teaching and curriculum", "scholarship on teaching and learning"]


class RequestSubmitted(Event, name="request.submitted", version=1, sealed_for="request"):
    """A researcher asked for data sets, for a study group (C1.3) and a purpose."""

    request: RequestId
    researcher: PersonId
    datasets: tuple[DataSetId, ...]
    study_group: tuple[PersonId, ...]
    purposes: tuple[Purpose, ...]
    description: Sealed
