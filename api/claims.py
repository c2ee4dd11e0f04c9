"""What has one owner: nobody is given an e-mail address that is somebody else's.

People are found by it. Whoever drafts a wish looks whether it is free. `Claims` looks again when it is recorded, since
several may have drafted at once.
"""

from collections.abc import Sequence

from api.packets import Register
from api.packets.reports import Report
from api.register import register_of
from ledger.boundary import about
from ledger.custody import Custody, caseless
from ledger.errors import Malformed
from ledger.events import PersonDetailsChanged, PersonRegistered
from ledger.log import Ledger, Reading

# By what an address becomes somebody's.
GIVEN = about(PersonRegistered, PersonDetailsChanged)


def check_address(known: Register, address: str, person: str) -> None:
    """Raise `Malformed` for an e-mail address that is somebody else's."""
    found = known.person(caseless(address))
    if found not in (None, person):
        raise Malformed("e-mail address", address, f"is that of {found} already")


class Claims:
    """The addresses that reports give, by whom they give them; their texts are in custody by then."""

    def __init__(self, reports: Sequence[Report], custody: Custody) -> None:
        told = [event for event, _ in reports if isinstance(event, PersonRegistered | PersonDetailsChanged)]
        self._given = {event.person: event.email for event in told if event.email}
        self._custody = custody

    def check(self, ledger: Ledger, reading: Reading) -> Reading:
        """The reading, out of date once anybody is given an address. Raises `Malformed` for one that is taken."""
        known = register_of(ledger, self._custody)
        for person, email in self._given.items():
            check_address(known, self._custody.unseal(email), person)
        return ledger.watch(reading, [GIVEN]) if self._given else reading
