"""Names that a process remembers between two calls, for as long as no entry is about who has them."""

from collections import OrderedDict
from threading import Lock

from api.names import Names, names_in
from ledger.boundary import about
from ledger.custody import Custody
from ledger.events import OrganisationRegistered, PersonDetailsChanged, PersonErased, PersonRegistered
from ledger.log import Ledger
from ledger.turns import held

MOST = 10_000
NAMING = (PersonRegistered, PersonDetailsChanged, PersonErased, OrganisationRegistered)


class RememberedNames:
    """Names as `names_in` gives them.

    Of somebody who was erased nothing is remembered: their name is destroyed some time after that is on record.
    """

    def __init__(self, ledger: Ledger, custody: Custody) -> None:
        self._ledger, self._custody = ledger, custody
        self._lock = Lock()
        self._known: OrderedDict[str, str] = OrderedDict()
        self._read_to = ledger.store.length()
        self._erased = {one for fact in ledger.facts([about(PersonErased)]) for one in _ids(fact.tags)}

    def by(self, position: int) -> Names:
        """Names by everything that is in the log up to a position, at least."""
        with held(self._lock):
            if self._read_to < position:
                self._catch_up(position)
            read_to = self._read_to
        # Nobody waits for a turn to read what is remembered.
        return lambda id_: self._known.get(id_) or self._name(id_, read_to)

    def _name(self, id_: str, read_to: int) -> str:
        found = names_in(self._ledger, self._custody)(id_)
        self._keep(id_, found, read_to)
        return found

    def _keep(self, id_: str, name: str, read_to: int) -> None:
        """Remember a name, unless the log has been read further since it was looked for."""
        with self._lock:
            if id_ not in self._erased and read_to == self._read_to:
                self._known[id_] = name
                if len(self._known) > MOST:
                    self._known.popitem(last=False)

    def _catch_up(self, head: int) -> None:
        for fact in self._ledger.facts([about(*NAMING)], after=self._read_to, until=head):
            for one in _ids(fact.tags):
                self._known.pop(one, None)
                if isinstance(fact.event, PersonErased):
                    self._erased.add(one)
        self._read_to = head


def _ids(tags: tuple[str, ...]) -> list[str]:
    """The people and organisations that these tags name."""
    parts = (tag.partition(":") for tag in tags)
    return [id_ for kind, _, id_ in parts if kind in ("person", "organisation")]
