"""Training: who has learnt how to treat human subjects (C1.6)."""

from ledger.events.event import Event
from ledger.events.ids import Date, Filed, PersonId


class TrainingCertified(Event, name="training.certified", version=1, sealed_for="person"):
    """A person completed the training, and the office has verified the certificate.

    `expires` is what the certificate says; None when it says nothing, and then policy does.
    """

    person: PersonId
    completed: Date
    expires: Date | None
    document: Filed
