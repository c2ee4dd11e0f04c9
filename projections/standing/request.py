"""A request: what it says, how far it has come, what boards and the law say of it, and what followed from it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ledger.events import (
    AccessRestored,
    AccessRevoked,
    AffiliationDetermined,
    AgreementExecuted,
    DeterminationEnded,
    EthicsDetermined,
    LawDetermined,
    PersonDeparted,
    PersonMoved,
    RelianceElected,
    RelianceRequested,
    RequestApproved,
    RequestClosed,
    RequestDeclined,
    RequestReturned,
    RequestSubmitted,
    RequestWithdrawn,
    WaiverGranted,
)
from ledger.events.agreement import Covered, Kind
from ledger.events.catalogue import Form
from ledger.events.people import Affiliation
from ledger.events.release import Party
from ledger.events.request import Wanted
from projections.standing.affiliations import Affiliations
from projections.standing.agreement import AgreementStanding
from projections.standing.contact import ContactStanding
from projections.standing.copies import CopiesStanding
from projections.standing.determination import Determination
from projections.standing.known import Known
from projections.standing.part import Part, takes
from projections.standing.publication import PublicationStanding
from projections.standing.release import ReleaseStanding
from projections.standing.state import GRANTED, MOVES, State, moved

# No recipient is named for it: the id of an organisation begins otherwise.
NOT_KNOWN = "not known"
_Asked = tuple[date, str | None, Form | None]
# The agreement that names a person under a kind, for an organisation.
_Binding = dict[tuple[str, Kind, str | None], str]


class RequestStanding(Part):
    """What is known of one request. Of several departures, or revocations, of somebody the earliest counts."""

    def __init__(self) -> None:
        self.state = State.UNKNOWN
        self.since = 0
        self.submitted: Known[RequestSubmitted] | None = None
        self.last_return: Known[RequestReturned] | None = None
        self.study_group: tuple[str, ...] = ()  # everybody who will have access, once each, but who has left
        self.personnel: tuple[str, ...] = ()  # everybody involved
        self.datasets: tuple[Wanted, ...] = ()  # what was asked for, and what an amendment added
        self.affiliations = Affiliations()
        self.determinations: dict[str, Determination] = {}
        self.law: Known[LawDetermined] | None = None
        self.agreements: dict[str, AgreementStanding] = {}
        self.contact = ContactStanding()
        self.releases: dict[str, ReleaseStanding] = {}
        self.waivers: list[Known[WaiverGranted]] = []
        self.publications: dict[str, PublicationStanding] = {}
        self.copies = CopiesStanding()
        self.closed: Known[RequestClosed] | None = None
        self._departed: dict[str, Known[PersonDeparted]] = {}
        self._revoked: dict[str, Known[AccessRevoked]] = {}
        self._named: tuple[str, ...] = ()  # the study group, with who has left
        # Several rules ask the same of many people, and so does what comes of the act.
        self._boards: dict[str | None, list[Determination]] = {}
        self._named_for: dict[_Asked, tuple[_Binding, dict[str, tuple[Party, ...]]]] = {}

    def fold(self, fact: Known[Any]) -> None:
        """Take in a fact."""
        if self._boards or self._named_for:
            self._boards, self._named_for = {}, {}
        kind = type(fact.event)
        self.takers[kind](self, fact)
        if kind in MOVES and (state := moved(self.state, fact.event)) is not self.state:
            self.state, self.since = state, fact.position

    @takes(RequestSubmitted)
    def _request_submitted(self, fact: Known[RequestSubmitted]) -> None:
        self.submitted, said = fact, fact.event
        self.personnel = tuple(dict.fromkeys(said.personnel))
        self.datasets = tuple(dict.fromkeys(said.datasets))
        self._named = tuple(dict.fromkeys(said.study_group))
        # Whoever is named anew takes part again.
        for person in self._named:
            self._departed.pop(person, None)
        self._regroup()

    @takes(RequestReturned)
    def _request_returned(self, fact: Known[RequestReturned]) -> None:
        self.last_return = fact

    @takes(RequestWithdrawn, RequestApproved, RequestDeclined)
    def _request_decided(self, fact: Known[Any]) -> None:
        """Nothing but the state changes."""

    @takes(RequestClosed)
    def _request_closed(self, fact: Known[RequestClosed]) -> None:
        self.closed = fact

    @takes(AffiliationDetermined)
    def _affiliation_determined(self, fact: Known[AffiliationDetermined]) -> None:
        self.affiliations.find(fact)

    @takes(EthicsDetermined)
    def _ethics_determined(self, fact: Known[EthicsDetermined]) -> None:
        self.determinations[fact.event.determination] = Determination(fact)

    @takes(RelianceRequested)
    def _reliance_requested(self, fact: Known[RelianceRequested]) -> None:
        if determination := self.determinations.get(fact.event.determination):
            determination.request_reliance(fact)

    @takes(RelianceElected)
    def _reliance_elected(self, fact: Known[RelianceElected]) -> None:
        if determination := self.determinations.get(fact.event.determination):
            determination.relied_on(fact)

    @takes(DeterminationEnded)
    def _determination_ended(self, fact: Known[DeterminationEnded]) -> None:
        if determination := self.determinations.get(fact.event.determination):
            determination.end(fact)

    @takes(LawDetermined)
    def _law_determined(self, fact: Known[LawDetermined]) -> None:
        self.law = fact

    @takes(WaiverGranted)
    def _waiver_granted(self, fact: Known[WaiverGranted]) -> None:
        self.waivers.append(fact)

    @takes(PersonDeparted)
    def _person_departed(self, fact: Known[PersonDeparted]) -> None:
        earlier = self._departed.get(fact.event.person)
        if earlier is None or fact.event.on < earlier.event.on:
            self._departed[fact.event.person] = fact
        self._regroup()

    @takes(AccessRevoked)
    def _access_revoked(self, fact: Known[AccessRevoked]) -> None:
        earlier = self._revoked.get(fact.event.person)
        if earlier is None or fact.event.on < earlier.event.on:
            self._revoked[fact.event.person] = fact
        self._regroup()

    @takes(AccessRestored)
    def _access_restored(self, fact: Known[AccessRestored]) -> None:
        self._revoked.pop(fact.event.person, None)
        self._regroup()

    @takes(PersonMoved)
    def _person_moved(self, fact: Known[PersonMoved]) -> None:
        self.affiliations.move(fact)

    @takes(*AgreementStanding.folds)
    def _of_agreement(self, fact: Known[Any]) -> None:
        agreement = self.agreements.get(fact.event.agreement)
        if agreement is None:
            agreement = self.agreements[fact.event.agreement] = AgreementStanding()
        agreement.fold(fact)
        if agreement.executed is fact:
            self._amend(fact)

    @takes(*ContactStanding.folds)
    def _of_contact(self, fact: Known[Any]) -> None:
        self.contact.fold(fact)

    @takes(*ReleaseStanding.folds)
    def _of_release(self, fact: Known[Any]) -> None:
        release = self.releases.setdefault(fact.event.release, ReleaseStanding())
        release.fold(fact)
        if release.received is fact:
            release.entitled = self._entitled(fact.event.on)

    @takes(*PublicationStanding.folds)
    def _of_publication(self, fact: Known[Any]) -> None:
        self.publications.setdefault(fact.event.publication, PublicationStanding()).fold(fact)

    @takes(*CopiesStanding.folds)
    def _of_copies(self, fact: Known[Any]) -> None:
        self.copies.fold(fact)

    def _amend(self, executed: Known[AgreementExecuted]) -> None:
        """Take in what the execution of an amendment changes."""
        agreement = executed.event.agreement
        amendment = self.agreements[agreement].amendment
        if amendment is None:
            return
        self._named, self.datasets = self._named_under(agreement), self.datasets_under(agreement)
        self.personnel = tuple(dict.fromkeys((*self.personnel, *self._named)))
        self._regroup()
        if not amendment.beside:
            self.agreements.setdefault(amendment.amends, AgreementStanding()).replace(executed)

    def group_under(self, agreement: str) -> tuple[str, ...]:
        """The study group as it is once this agreement is executed: other than before where that is an amendment.

        It adds whom it names; whoever was named in what it takes the place of, and nowhere else, is left out.
        """
        return tuple(one for one in self._named_under(agreement) if self.leaving(one) is None)

    def _named_under(self, agreement: str) -> tuple[str, ...]:
        amendment = self.agreement(agreement).amendment
        if amendment is None:
            return self._named
        kept = {one.person for one in amendment.recipients}
        for id_, one in self.agreements.items():
            if id_ not in (agreement, amendment.amends) and one.issued and one.executed and not one.replaced:
                kept |= {named.person for named in one.issued.event.recipients}
        before = self.agreement(amendment.amends).issued
        named_before = {one.person for one in before.event.recipients} if before else set()
        dropped = set() if amendment.beside else named_before - kept
        members = (*self._named, *(one.person for one in amendment.recipients))
        return tuple(dict.fromkeys(one for one in members if one not in dropped))

    def datasets_under(self, agreement: str) -> tuple[Wanted, ...]:
        """What is asked for once this agreement is executed: also what it adds where it is an amendment."""
        amendment = self.agreement(agreement).amendment
        added = [Wanted(dataset=one.dataset, form=one.form) for one in amendment.datasets] if amendment else []
        return tuple(dict.fromkeys((*self.datasets, *added)))

    def _regroup(self) -> None:
        gone = {*self._departed, *self._revoked}
        self.study_group = tuple(one for one in self._named if one not in gone) if gone else self._named

    def leaving(self, person: str) -> Known[PersonDeparted] | Known[AccessRevoked] | None:
        """By what a person takes part no more, or has no right any more: the earliest of what says so."""
        if not self._departed and not self._revoked:
            return None
        ends = [one for one in (self._departed.get(person), self._revoked.get(person)) if one is not None]
        return min(ends, key=lambda one: one.event.on, default=None)

    def has_departed(self, person: str) -> bool:
        """Whether a person has left the group."""
        return person in self._departed

    def is_revoked(self, person: str) -> bool:
        """Whether a person's right was revoked."""
        return person in self._revoked

    def has_left(self, person: str, day: date) -> bool:
        """Whether a person took part no more on a day, or had no right any more."""
        leaving = self.leaving(person)
        return leaving is not None and leaving.event.on <= day

    def has_ended(self, day: date) -> bool:
        """Whether every agreement that was executed is over on a day, and it isn't closed yet."""
        return self.ended_from is not None and self.ended_from <= day

    @property
    def ended_from(self) -> date | None:
        """The day from which on every agreement that was executed is over; None as long as none is known."""
        ends = [one.over_from for one in self.agreements.values() if one.executed]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) and self.state in GRANTED else None

    def affiliation(self, person: str, day: date | None = None) -> Affiliation:
        """For whom a person acts, now or on a day; in doubt until the office has found it out."""
        known = self.affiliations.on(person, day)
        return known.event.affiliation if known else "in doubt"

    def organisation(self, person: str, day: date | None = None) -> str | None:
        """The organisation for which a person acts, None for the home institution or when it is not known."""
        known = self.affiliations.on(person, day)
        return known.event.organisation if known else None

    def moves_of(self, person: str) -> list[Known[PersonMoved]]:
        """By what it came in doubt for whom a person acts, in the order of the days."""
        return self.affiliations.moves_of(person)

    def determined_by(self, organisation: str | None) -> Sequence[Determination]:
        """What the board of an organisation determined, or that of the home institution, for None."""
        if not self._boards:
            boards: dict[str | None, list[Determination]] = {}
            for one in self.determinations.values():
                boards.setdefault(one.known.event.organisation, []).append(one)
            # At once: several threads judge on the same standing, and none may see half of them.
            self._boards = boards
        return self._boards.get(organisation, ())

    def agreement(self, agreement: str) -> AgreementStanding:
        """What is known of an agreement, which may be nothing."""
        return self.agreements.get(agreement) or AgreementStanding()

    def release(self, release: str) -> ReleaseStanding:
        """What is known of a release, which may be nothing."""
        return self.releases.get(release) or ReleaseStanding()

    def needs(self, person: str, day: date | None = None) -> list[tuple[Kind, str | None]]:
        """The kinds of agreement that have to name a person, each with the organisation; in doubt, both.

        As it is now, or on a day. Nobody is named for an organisation that is not known.
        """
        known = self.affiliations.on(person, day)
        affiliation = known.event.affiliation if known else "in doubt"
        needed: list[tuple[Kind, str | None]] = [] if affiliation == "outside" else [("MOU", None)]
        if affiliation != "home":
            needed.append(("DUA", (known and known.event.organisation) or NOT_KNOWN))
        return needed

    def naming(self, person: str, day: date, dataset: str | None = None, form: Form | None = None) -> tuple[Party, ...]:
        """A person as agreements in force name them, for whatever they act for; nothing, unless each need is met.

        With a data set, and a form, only those agreements count that cover it.
        """
        return self.named((person,), day, dataset, form)[person]

    def named(
        self, people: Iterable[str], day: date, dataset: str | None = None, form: Form | None = None
    ) -> Mapping[str, tuple[Party, ...]]:
        """Each of these people, and maybe others, as `naming` says it."""
        asked = (day, dataset, form)
        if asked not in self._named_for:
            self._named_for[asked] = self._binding(*asked), {}
        binding, found = self._named_for[asked]
        left = {*self._departed, *self._revoked}
        for person in people:
            if person not in found:
                is_gone = person in left and self.has_left(person, day)
                found[person] = () if is_gone else self._named_by(binding, person, day)
        return found

    def _binding(self, day: date, dataset: str | None, form: Form | None) -> _Binding:
        """Of the agreements in force that cover a data set, or of all: of several that name somebody the first."""
        binding: _Binding = {}
        for id_, one in reversed(self.agreements.items()):
            if one.in_force(day) and (dataset is None or one.covers(dataset, form)):
                binding |= dict.fromkeys(one.named, id_)
        return binding

    def _named_by(self, binding: _Binding, person: str, day: date) -> tuple[Party, ...]:
        found = []
        for need in self.needs(person, day):
            agreement = binding.get((person, *need))
            if agreement is None:
                return ()
            found.append(Party(person=person, organisation=need[1], agreement=agreement))
        return tuple(found)

    def _entitled(self, day: date) -> tuple[tuple[str, Covered], ...]:
        """The recipients of the agreements in force on a day, each with what they cover; not those who had left."""
        said = [one.issued.event for one in self.agreements.values() if one.issued and one.in_force(day)]
        named = (
            (one.person, covered)
            for agreement in said
            for one in agreement.recipients
            for covered in agreement.datasets
        )
        return tuple((person, covered) for person, covered in named if not self.has_left(person, day))

    def publication(self, publication: str) -> PublicationStanding:
        """What is known of a publication, which may be nothing."""
        return self.publications.get(publication) or PublicationStanding()

    def waiver(self, rule: str, day: date) -> Known[WaiverGranted] | None:
        """The waiver of a rule that covers this day."""
        return next((one for one in self.waivers if one.event.rule == rule and day <= one.event.expires), None)
