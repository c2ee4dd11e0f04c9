"""The catalogue: which data sets there are."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import DataSetId, Digest, Name


class DataSetRegistered(Event, name="dataset.registered", version=1):
    """A data set of a course run entered the catalogue."""

    dataset: DataSetId
    course_run: Name
    kind: Literal["person-course", "tracking-log", "forum", "survey", "other"]


class DataSetVersionAdded(Event, name="dataset.version-added", version=1):
    """A data set got a version: the bytes with this SHA-256, in this form."""

    dataset: DataSetId
    label: Name
    form: Literal["identified", "de-identified"]
    digest: Digest
