"""Whom and what the rows of a register name: the ids that they have here, or get.

An organisation is the one that has this very name, letter for letter: which of two spellings is a mistake, the map says
and nobody else. A person is found by their address; without one, the same name at the same organisation in the same
register is the same person. A type of data is known by its title.
"""

import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

from api.importing.cells import Person
from api.importing.known import KnownPast, is_introduced
from api.importing.reading import Row
from api.register import register_of
from ledger.boundary import Boundary, about
from ledger.custody import caseless
from ledger.events import (
    DataSetRegistered,
    Event,
    OrganisationRegistered,
    PastDataSetRecorded,
    PersonRegistered,
)
from ledger.home import Home

SLUG = 60
# Of so many the ids are remembered; those of others are looked up once more.
REMEMBERED = 16_384

Keyed = Callable[..., str]


class Naming:
    """The ids of what is named in a register; `catalogued` are ids that the map itself has for types of data.

    `keyed` gives from texts what nobody else could, 32 hex digits, the same each time.
    """

    def __init__(self, home: Home, known: KnownPast, register: str, catalogued: Collection[str], keyed: Keyed) -> None:
        self._home, self._known, self._register, self._keyed = home, known, register, keyed
        self._catalogued = {id_: id_ for id_ in catalogued}
        self._sure: dict[object, str] = {}
        self._drafted: dict[object, str] = {}

    def organisation(self, name: str) -> str:
        """The organisation with this name, once it was learnt."""
        return self._id(("organisation", name))

    def dataset(self, said: str) -> str:
        """The type of data with this title, or with this id where the map has one, once it was learnt."""
        return self._catalogued.get(said) or self._known.datasets.get(said) or self._drafted["dataset", said]

    def person(self, organisation: str, person: Person | None) -> str | None:
        """The person, once they were learnt; None for nobody."""
        return self._id(_whom(organisation, person)) if person else None

    def learn(self, rows: Sequence[Row]) -> list[Event]:
        """What has to be recorded so that all is known that these rows name; it is sealed by then."""
        self._drafted = {}
        return [
            *self._organisations(dict.fromkeys(row.organisation for row in rows)),
            *self._datasets(dict.fromkeys(row.dataset for row in rows)),
            *self._people(dict.fromkeys((row.organisation, row.person) for row in rows if row.person)),
        ]

    def keep(self) -> None:
        """What was learnt last was recorded."""
        self._sure |= self._drafted
        for forgotten in list(self._sure)[: max(0, len(self._sure) - REMEMBERED)]:
            del self._sure[forgotten]

    def _id(self, key: object) -> str:
        return self._sure.get(key) or self._drafted[key]

    def _organisations(self, names: Iterable[str]) -> Iterator[Event]:
        new: dict[str, str] = {}
        for name in names:
            if ("organisation", name) in self._sure:
                continue
            id_ = f"O-{self._keyed('organisation', name)}"
            if not is_introduced(self._home.ledger, f"organisation:{id_}", OrganisationRegistered):
                found = self._organisation_called(name)
                if found is None:
                    new[id_] = name
                id_ = found or id_
            self._drafted["organisation", name] = id_
        texts = {f"organisation:{id_}": {"name": name} for id_, name in new.items()}
        sealed = self._home.custody.seal_each(OrganisationRegistered.wire_name, texts)
        return (OrganisationRegistered(organisation=id_, **sealed[f"organisation:{id_}"]) for id_ in new)

    def _organisation_called(self, name: str) -> str | None:
        """The organisation that somebody registered under this very name."""
        home = self._home
        for kept in home.custody.find("organisation", name):
            told = home.ledger.facts([about(OrganisationRegistered, tags=[kept.subject])])
            named = any(fact.event.sealed().get("name") == kept.commitment for fact in told)
            if named and home.custody.unseal(kept.commitment) == name:
                return kept.subject.partition(":")[2]
        return None

    def _datasets(self, titles: Iterable[str]) -> Iterator[Event]:
        for title in titles:
            if title in self._catalogued or title in self._known.datasets:
                continue
            id_ = self._free_id(title)
            self._drafted["dataset", title] = id_
            yield PastDataSetRecorded(dataset=id_, title=title, register=self._register)

    def _free_id(self, title: str) -> str:
        """An id that reads like the title, and that nothing else has."""
        slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        if len(slug) > SLUG:
            slug = slug[: SLUG + 1].rpartition("-")[0] or slug[:SLUG]
        distinct = sha256(title.encode()).hexdigest()[:8]
        for id_ in (f"D-{slug}", f"D-{slug}-{distinct}".replace("--", "-")):
            taken = id_ in self._drafted.values() or is_introduced(
                self._home.ledger, f"dataset:{id_}", DataSetRegistered, PastDataSetRecorded
            )
            if slug and not taken:
                return id_
        return f"D-{self._keyed('dataset', title)}"

    def _people(self, named: Iterable[tuple[str, Person | None]]) -> Iterator[Event]:
        new: dict[str, Mapping[str, str]] = {}
        for organisation, person in named:
            whom = person and _whom(organisation, person)
            if person is None or whom in self._sure or whom in self._drafted:
                continue
            id_, known = self._person(organisation, person)
            self._drafted[whom] = id_
            if not known:
                texts = {"name": person.name, "institution": organisation, "email": person.email}
                new[id_] = {member: text for member, text in texts.items() if text}
        texts_of = {f"person:{id_}": texts for id_, texts in new.items()}
        sealed = self._home.custody.seal_each(PersonRegistered.wire_name, texts_of)
        return (PersonRegistered(person=id_, **sealed[f"person:{id_}"]) for id_ in new)

    def _person(self, organisation: str, person: Person) -> tuple[str, bool]:
        """A person's id, and whether the ledger knows them. By an address that was erased nobody is found again."""
        if person.email is not None:
            found = register_of(self._home.ledger, self._home.custody).person(caseless(person.email))
            return (found, True) if found else (f"p-{secrets.token_hex(16)}", False)
        id_ = f"p-{self._keyed('person', self._register, organisation, caseless(person.name))}"
        return id_, is_introduced(self._home.ledger, f"person:{id_}", PersonRegistered)


def _whom(organisation: str, person: Person) -> tuple[str, ...]:
    """What a person is told from others by."""
    return ("address", caseless(person.email)) if person.email else ("person", organisation, caseless(person.name))


def introduced_by(events: Iterable[Event]) -> list[Boundary]:
    """What must not have been recorded meanwhile for these events to be the first to make something known."""
    return [_introduction(event) for event in events]


def _introduction(event: Event) -> Boundary:
    match event:
        case OrganisationRegistered():
            return about(OrganisationRegistered, tags=[f"organisation:{event.organisation}"])
        case PersonRegistered():
            return about(PersonRegistered, tags=[f"person:{event.person}"])
        case PastDataSetRecorded():
            return about(DataSetRegistered, PastDataSetRecorded, tags=[f"dataset:{event.dataset}"])
        case _:
            raise AssertionError(event)
