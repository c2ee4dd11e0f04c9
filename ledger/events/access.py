"""Access: whom a data server lets in, and what was opened."""

from ledger.events.event import Event
from ledger.events.ids import AgreementId, DataSetId, Name, PersonId, RequestId, Sealed


class AccessPermitted(Event, name="access.permitted", version=1, sealed_for="request"):
    """A data server asked whether a person may open a data set, and was told that they may, under this agreement."""

    request: RequestId
    person: PersonId
    dataset: DataSetId
    agreement: AgreementId


class DataSetOpened(Event, name="dataset.opened", version=1, sealed_for="dataset"):
    """Somebody opened a data set, as was reported; `account` is all that is known of whom nobody knows."""

    dataset: DataSetId
    label: Name | None
    person: PersonId | None
    request: RequestId | None
    account: Sealed | None = None
