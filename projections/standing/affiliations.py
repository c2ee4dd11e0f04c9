"""For whom the people of a request act."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Literal

from ledger.events import AffiliationDetermined, PersonMoved
from projections.standing.known import Known
from projections.standing.person import day_before

Institution = Literal["home", "outside"]
INSTITUTIONS: tuple[Institution, ...] = ("home", "outside")


class Affiliations(dict[str, Known[AffiliationDetermined]]):
    """What counts of each person now, and of those who moved what counted before."""

    def __init__(self) -> None:
        super().__init__()
        # Who moved, in the order of the days, each time with for whom they acted before.
        self._moved: dict[str, list[tuple[Known[PersonMoved], Known[AffiliationDetermined] | None]]] = {}

    def find(self, known: Known[AffiliationDetermined]) -> None:
        """Take in for whom a person was found to act."""
        self[known.event.person] = known

    def move(self, gone: Known[PersonMoved]) -> None:
        """Take in that a person moved: for whom they act is in doubt from then on."""
        said, person = gone.event, gone.event.person
        acted_for = self.on(person, day_before(said.on))
        moves = [one for one in self._moved.get(person, ()) if one[0].event.on < said.on]
        self._moved[person] = [*moves, (gone, acted_for)]
        doubt = AffiliationDetermined(
            request=said.request, person=person, affiliation="in doubt", organisation=said.organisation
        )
        self.find(Known(doubt, gone.position))

    def on(self, person: str, day: date | None) -> Known[AffiliationDetermined] | None:
        """What counts of a person, now or on a day; what was found out after they moved counts since they did."""
        if day:
            for known, before in self._moved.get(person, ()):
                if day < known.event.on:
                    return before
        return self.get(person)

    def moves_of(self, person: str) -> list[Known[PersonMoved]]:
        """By what it came in doubt for whom a person acts, in the order of the days."""
        return [known for known, _ in self._moved.get(person, ())]

    def those_from(self, where: Institution, people: Iterable[str]) -> list[str]:
        """Those for whom goes what is said of people of the home institution, or of others; in doubt, both does."""
        other = "outside" if where == "home" else "home"
        return [one for one in people if one not in self or self[one].event.affiliation != other]

    def institutions(self, people: Collection[str]) -> list[Institution]:
        """From which institutions there is anybody among them."""
        found = {known.event.affiliation if (known := self.get(one)) else "in doubt" for one in people}
        return [one for one in INSTITUTIONS if one in found or "in doubt" in found]
