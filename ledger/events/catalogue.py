"""The catalogue: which data sets there are."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import DataSetId, Date, Digest, Name, PersonId, Sealed

Form = Literal["identified", "de-identified"]


class DataSetRegistered(Event, name="dataset.registered", version=1, sealed_for="dataset"):
    """A data set of a course run entered the catalogue."""

    dataset: DataSetId
    course_run: Name
    kind: Literal["person-course", "tracking-log", "forum", "survey", "other"]


class DataSetVersionAdded(Event, name="dataset.version-added", version=1, sealed_for="dataset"):
    """A data set got a version: the bytes with this SHA-256, in this form."""

    dataset: DataSetId
    label: Name
    form: Form
    digest: Digest


class DataSetFormChanged(Event, name="dataset.form-changed", version=1, sealed_for="dataset"):
    """Somebody found, by a method, that a version of a data set has another form than was held."""

    dataset: DataSetId
    label: Name
    form: Form
    found_by: PersonId
    found_on: Date
    method: Sealed


class DataSetRetired(Event, name="dataset.retired", version=1, sealed_for="dataset"):
    """A data set is released no more."""

    dataset: DataSetId
