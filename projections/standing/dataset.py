"""A data set of the catalogue: its versions, and in which form each is."""

from ledger.events import DataSetFormChanged, DataSetRegistered, DataSetRetired, DataSetVersionAdded
from ledger.events.catalogue import Form
from projections.standing.known import Known, Told


class DataSetStanding:
    """What is known of one data set."""

    folds = (DataSetRegistered, DataSetVersionAdded, DataSetFormChanged, DataSetRetired)

    def __init__(self) -> None:
        self.registered: Known[DataSetRegistered] | None = None
        self.versions: dict[str, Known[DataSetVersionAdded]] = {}
        self.retired: Known[DataSetRetired] | None = None
        self._forms: dict[str, Known[DataSetFormChanged]] = {}

    def fold(self, fact: Told) -> None:
        """Take in a fact."""
        match fact.event:
            case DataSetRegistered() as registered:
                self.registered = Known(registered, fact.position)
            case DataSetVersionAdded() as added:
                self.versions[added.label] = Known(added, fact.position)
            case DataSetFormChanged() as changed:
                self._forms[changed.label] = Known(changed, fact.position)
            case DataSetRetired() as retired:
                self.retired = Known(retired, fact.position)

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
