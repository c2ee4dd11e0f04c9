"""How the outcome of a command is shown, to people and to programs; also where it cannot be printed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from api.cli.failures import REFUSED, unprinted
from api.cli.receipts import recorded_up_to
from api.desk import Outcome
from api.names import Names, names_in
from api.telling import Words, objected, shown_by, told, words_of
from ledger.boundary import about
from ledger.chain.entry import Entry
from ledger.events import Event
from ledger.home import Home
from projections.rules.rule import Objection
from projections.rules.rulebook import rule
from projections.standing import Office, Standing


class Shown(NamedTuple):
    """Outcomes that are shown together: `gives` is the kind of id that is told first, notes come next."""

    home: Home
    outcomes: Sequence[Outcome]
    gives: str = ""
    notes: Sequence[str] = ()

    @property
    def entries(self) -> list[Entry]:
        """All that was recorded."""
        return [entry for outcome in self.outcomes for entry in outcome.entries]

    @property
    def refused(self) -> bool:
        """Whether any of it was refused."""
        return any(outcome.refused for outcome in self.outcomes)

    @property
    def warnings(self) -> list[str]:
        """What is not yet with it as it should be, once each."""
        return list(dict.fromkeys(warning for outcome in self.outcomes for warning in outcome.warnings))

    @property
    def receipt(self) -> str:
        """What was recorded, and whether it was before."""
        again = ", as before" if self.outcomes[-1].again else ""
        return f"{recorded_up_to(self.entries[-1])}{again}"

    def lines(self, *, dry_run: bool) -> Iterator[str]:
        """What people read."""
        names, words = names_in(self.home.ledger, self.home.custody), words_in(self.home)
        yield from filter(None, [self._given()])
        yield from (f"  {note}" for note in self.notes)
        for outcome in self.outcomes:
            if outcome.refused:
                yield "It would be refused" if dry_run else "Refused"
                yield from objection_lines(outcome.objections, names, words)
            else:
                for entry in outcome.entries:
                    yield f"{entry.position:>6}  {told(self._event(entry), names, words)}"
        if self.entries:
            yield self.receipt
        else:
            yield "Nothing was recorded." if self.refused else "Nothing objects; nothing was recorded."

    def members(self) -> dict[str, object]:
        """What programs are told."""
        return {
            "id": self._given(),
            "entries": [
                {"position": entry.position, "type": entry.header.type, "leaf": entry.leaf.hex()}
                for entry in self.entries
            ],
            "refused": self.refused,
            "objections": [objection_members(one) for outcome in self.outcomes for one in outcome.objections],
            "notes": list(self.notes),
            "warnings": self.warnings,
        }

    def _given(self) -> str | None:
        """The id of that kind in what was recorded first; none when it was refused."""
        events = [self._event(entry) for outcome in self.outcomes if not outcome.refused for entry in outcome.entries]
        return next((getattr(event, self.gives) for event in events if self.gives and hasattr(event, self.gives)), None)

    def _event(self, entry: Entry) -> Event:
        return self.home.ledger.codec.decode(entry).event


@contextmanager
def recorded_all_the_same(shown: Shown) -> Iterator[None]:
    """Printing, during which nobody is left in the belief that nothing was recorded when it fails."""
    try:
        yield
    except OSError as error:
        if not shown.entries:
            raise
        raise unprinted(shown.receipt, error, REFUSED if shown.refused else 0) from error


def objection_lines(objections: Sequence[Objection], names: Names, words: Words) -> Iterator[str]:
    """Objections as people read them, each in a line."""
    for objection in objections:
        yield f"  {objected(objection, names, words)}{shown_by(objection)}"


def objection_members(objection: Objection) -> dict[str, object]:
    """An objection as programs are told it: without names, with the source of its rule."""
    return {
        "rule": objection.rule,
        "source": rule(objection.rule).source,
        "about": objection.about,
        "wanting": objection.wanting,
        "facts": list(objection.facts),
    }


def office_of(home: Home) -> Office:
    """The office as a ledger knows it now."""
    return Standing(home.ledger.facts([about(*Office.folds)])).office


def words_in(home: Home) -> Words:
    """How things are called where a ledger is kept."""
    return words_of(office_of(home).policy.event)
