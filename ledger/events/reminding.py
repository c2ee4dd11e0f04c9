"""What fell due by the calendar alone, and what somebody was told of it or of anything else."""

from typing import Literal

from ledger.events.event import Event
from ledger.events.ids import Count, DataSetId, Date, Name, PersonId, Position, RequestId

Deadline = Literal[
    "agreement ends",
    "ethics determination expires",
    "training expires",
    "key expires",
    "destruction due",
    "destruction overdue",
]
Way = Literal["e-mail", "webhook"]


class ReminderFellDue(Event, name="reminder.fell-due", version=1):
    """So many days before something ends, or after data had to be destroyed, it was time to remind these people.

    `what` is what ends, by its id, or the version of the data set; `day` is its last day.
    """

    kind: Deadline
    what: Name
    day: Date
    days: Count
    whom: tuple[PersonId, ...]
    request: RequestId | None = None
    dataset: DataSetId | None = None


class DestructionRequired(Event, name="destruction.required", version=1):
    """Since a day nobody had a right to a version that somebody holds, so it was to be destroyed by another."""

    request: RequestId
    person: PersonId
    dataset: DataSetId
    label: Name
    ended: Date
    due: Date


class NoticeSent(Event, name="notice.sent", version=1):
    """Somebody was sent what an entry calls for: a person, or where there is none the office or a program.

    `message` is the id of the message, the same each time that it is sent.
    """

    of: Position
    kind: Name
    way: Way
    message: Name
    person: PersonId | None = None
    request: RequestId | None = None


class NoticeRefused(Event, name="notice.refused", version=1):
    """The receiving side refused for good what an entry calls for, and it is not sent to them again."""

    of: Position
    kind: Name
    way: Way
    message: Name
    person: PersonId | None = None
    request: RequestId | None = None


class NoticeRevived(Event, name="notice.revived", version=1):
    """The office had a notice sent again that was refused for good, such as once an address was corrected.

    `refusal` is the entry that says that it was refused.
    """

    refusal: Position
    of: Position
    kind: Name
    way: Way
    message: Name
    person: PersonId | None = None
    request: RequestId | None = None
