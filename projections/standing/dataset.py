"""A data set of the catalogue: its versions, and in which form each is."""

from ledger.events import DataSetFormChanged, DataSetRegistered, DataSetRetired, DataSetVersionAdded
from ledger.events.catalogue import Form
from projections.standing.known import Known
from projections.standing.part import Part, takes


class DataSetStanding(Part):
    """What is known of one data set."""

    def __init__(self) -> None:
        self.registered: Known[DataSetRegistered] | None = None
        self.versions: dict[str, Known[DataSetVersionAdded]] = {}
        self.retired: Known[DataSetRetired] | None = None
        self._forms: dict[str, Known[DataSetFormChanged]] = {}

    @takes(DataSetRegistered)
    def _data_set_registered(self, fact: Known[DataSetRegistered]) -> None:
        self.registered = fact

    @takes(DataSetVersionAdded)
    def _data_set_version_added(self, fact: Known[DataSetVersionAdded]) -> None:
        self.versions[fact.event.label] = fact

    @takes(DataSetFormChanged)
    def _data_set_form_changed(self, fact: Known[DataSetFormChanged]) -> None:
        self._forms[fact.event.label] = fact

    @takes(DataSetRetired)
    def _data_set_retired(self, fact: Known[DataSetRetired]) -> None:
        self.retired = fact

    def form(self, label: str) -> Form | None:
        """The form in which a version is held to be now; None when there is no such version."""
        if label not in self.versions:
            return None
        changed = self._forms.get(label)
        return changed.event.form if changed else self.versions[label].event.form

    @property
    def forms(self) -> set[Form]:
        """The forms in which there are versions of it now."""
        return {form for label in self.versions if (form := self.form(label))}

    def facts(self, label: str) -> list[int]:
        """The positions of what is known of a version, and of the data set's end."""
        known = (self.registered, self.versions.get(label), self._forms.get(label), self.retired)
        return [one.position for one in known if one is not None]
