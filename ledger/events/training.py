"""Training: who has learnt how to treat human subjects (C1.6)."""

from ledger.events.event import Event
from ledger.events.ids import Cited, Date, Filed, PersonId


class TrainingCertified(Event, name="training.certified", version=1, sealed_for="person"):
    """A person completed the training, as a certificate says that came in.

    `expires` is what the certificate says; None when it says nothing, and then policy does.
    """

    person: PersonId
    completed: Date
    expires: Date | None
    document: Filed


class TrainingVerified(Event, name="training.verified", version=1, sealed_for="person"):
    """The office found with whoever issued it that a certificate is genuine."""

    person: PersonId
    certificate: Cited
