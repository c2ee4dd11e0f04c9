"""What can go wrong at the desk, beside what can go wrong in the ledger (`ledger.errors`).

LedgerError
├── NotEntitled          somebody wished for what they may not wish for; nothing was written
│   └── OwnCase          somebody told what a decision in their own case rests on
├── Outdated             a request is no longer as somebody saw it before they acted on it; nothing was written
├── TooSlow              the body of a call came too slowly to be waited for any longer; nothing was written
└── HungUp               who called is gone before the body of the call had come; nothing was written
"""

from collections.abc import Sequence

from ledger.errors import LedgerError
from ledger.events.governance import Role


class NotEntitled(LedgerError):
    """A wish by somebody who holds none of the roles that entitle to it; nothing was written."""

    def __init__(self, principal: str, act: str, roles: Sequence[Role]) -> None:
        self.principal, self.act, self.roles = principal, act, tuple(roles)
        super().__init__(f"{principal!r} may not {act}: that takes a role of {', '.join(roles)}")


class OwnCase(NotEntitled):
    """A report of what a decision rests on, by somebody whom it is about or who plays a part in it."""

    def __init__(self, principal: str, report: str, person: str) -> None:
        self.principal, self.person = principal, person
        LedgerError.__init__(
            self, f"{principal!r} may not report {report} here: {person} plays a part in it, so somebody else has to"
        )


class Outdated(LedgerError):
    """A request is no longer as somebody saw it before they acted on it; nothing was written."""

    def __init__(self, request: str, position: int) -> None:
        self.request, self.position = request, position
        super().__init__(f"{request} is no longer as it was seen, as of entry {position}")


class TooSlow(LedgerError):
    """The body of a call came too slowly to be waited for any longer; nothing was written."""

    def __init__(self) -> None:
        super().__init__("the body came too slowly")


class HungUp(LedgerError):
    """Who called is gone before the body of the call had come; nothing was written."""

    def __init__(self) -> None:
        super().__init__("the call was broken off before its body had come")
