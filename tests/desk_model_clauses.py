"""What the clauses of the agreement and of the checklist ask for, in plain sentences, of what was written down."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from ledger.events import (
    AccessRestored,
    AffiliationDetermined,
    AgreementExecuted,
    AgreementIssued,
    AgreementSigned,
    AgreementTerminated,
    AmendmentIssued,
    ContactDesignated,
    DebarmentLifted,
    DeterminationEnded,
    EthicsDetermined,
    FactCorrected,
    FindingClosed,
    IncidentContained,
    KeyConfirmed,
    KeyTestPassed,
    LawDetermined,
    LegalHoldLifted,
    PolicyPublished,
    PublicationReviewed,
    RelianceElected,
    RelianceRequested,
    SuspensionLifted,
    TrainingCertified,
    TrainingVerified,
)
from ledger.events.release import Party
from ledger.events.request import RequestSubmitted
from ledger.events.review import Basis
from tests.desk_model_written import Written

# What opens the way to something that is decided.
OPENING = (
    *(EthicsDetermined, RelianceRequested, RelianceElected, LawDetermined, AffiliationDetermined, TrainingVerified),
    AgreementSigned,
    *(KeyConfirmed, KeyTestPassed, PublicationReviewed, IncidentContained, FindingClosed, FactCorrected),
    *(SuspensionLifted, DebarmentLifted, AccessRestored, LegalHoldLifted),
)


class Clauses(Written):
    """An office that can tell which clauses aren't kept."""

    # What a request comes to mean later; whoever knows more of that says it otherwise.

    def group(self, request: str | None) -> set[str]:
        """Everybody who will have access."""
        return set(self.said(request).study_group)

    def personnel(self, request: str | None) -> set[str]:
        """Everybody involved."""
        return set(self.said(request).personnel)

    def wanted(self, request: str | None) -> set[tuple[str, Any]]:
        """The data sets that it is about, each with its form."""
        return {(one.dataset, one.form) for one in self.said(request).datasets}

    def group_after(self, agreement: str, request: str) -> set[str]:
        """Everybody who will have access once this is in force."""
        del agreement
        return self.group(request)

    def wanted_after(self, agreement: str, request: str) -> set[tuple[str, Any]]:
        """The data sets that it is about once this is in force."""
        del agreement
        return self.wanted(request)

    def binds(self, paper: AgreementIssued, day: date) -> bool:
        """Whether an agreement is in force."""
        of_it = {"request": paper.request, "agreement": paper.agreement}
        effect = self.last(AgreementExecuted, **of_it)
        ended = [one.on for one in self.told(AgreementTerminated, **of_it)]
        return bool(effect) and effect.starts <= day <= effect.ends and day < min(ended, default=date.max)

    def papers_of(self, request: str) -> list[Any]:
        """Its agreements and their amendments, as they were issued."""
        return self.told(AgreementIssued, AmendmentIssued, request=request)

    def in_the_way(self, request: str | None, people: set[str], datasets: set[str]) -> Iterator[str]:
        """What stands in the way of whatever is done for these."""
        del request, people, datasets
        return iter(())

    # What the clauses say.

    def _own_part(self, act: Any, sides: Iterable[str | None] = ()) -> Iterator[str]:
        face = self.face(act.principal)
        if face and face in self.parts(act.request) | {*sides}:
            yield "own request"

    def parts(self, request: str | None) -> set[str | None]:
        """Everybody who plays a part in a request."""
        said, contact = self.said(request), self.last(ContactDesignated, request=request)
        if said is None:
            return set()
        others = {said.head_approval.by if said.head_approval else None, contact.person if contact else None}
        return {said.researcher, said.sponsor, *self.personnel(request), *self.group(request), *others}

    def named(self, request: str | None) -> set[str]:
        """Everybody who was ever to have access, by what is said now."""
        return set(self.said(request).study_group)

    def is_own_case(self, who: str | None, fact: Any) -> bool:
        """Whether a report opens the way for somebody: it is about them, or about a request they play a part in."""
        if who is None or not isinstance(fact, OPENING):
            return False
        about = self.log[fact.corrected - 1] if isinstance(fact, FactCorrected) else fact
        if who == getattr(about, "person", None) or who in getattr(about, "people", ()):
            return True
        requests = {tag[8:] for tag in about.tags() if tag.startswith("request:")}
        return any(who in self.parts(one) | self.named(one) for one in requests if self.said(one))

    def _granted_and_own_part(self, act: Any) -> Iterator[str]:
        if self.stage(act.request) != "granted":
            yield "not approved"
        yield from self._own_part(act)

    def _request_as_a_whole(
        self, request: str, day: date, going: Any = None, people: Any = None, datasets: Any = None
    ) -> Iterator[str]:
        people = self.group(request) if people is None else people
        wanted = self.wanted(request)
        yield from self._incomplete(self.said(request))
        for who in people:
            yield from self._unfit(who, request, day)
        yield from self._unlawful(people, wanted if going is None else going, request)
        if any(self.is_debarred(who) for who in {*people, self.said(request).researcher}):
            yield "debarred"
        looked_at = {dataset for dataset, _ in wanted} if datasets is None else datasets
        yield from self.in_the_way(request, set(people), looked_at)

    def _incomplete(self, said: RequestSubmitted) -> Iterator[str]:
        told = self.details(said.researcher)
        if not {"name", "institution", "department", "address"} <= told or not told & {"email", "phone"}:
            yield "C1.1"
        if said.researcher_is_student and said.sponsor in (None, said.researcher):
            yield "sponsor"
        for answer, by_whom in ((said.funded, said.funding), (said.peer_reviewed, said.reviewers)):
            if answer is None or (answer and not by_whom):
                yield "C1.2"
        above = said.head_approval
        if (
            above is None
            or above.by == said.researcher
            or (said.researcher_heads_department and above.capacity not in ("dean", "next above"))
        ):
            yield "C1.2"
        if not said.datasets or not said.study_group or not self.group(said.request) <= self.personnel(said.request):
            yield "C1.3"
        if not said.description or not said.purposes:
            yield "C1.7"

    def _unfit(self, who: str, request: str | None, day: date) -> Iterator[str]:
        where, whose = self.home(who, request)
        clear = [one for one in self.told(EthicsDetermined, request=request) if self._clears(one, who, day)]
        at_home = [one for one in clear if one.organisation is None]
        own = [
            one
            for one in clear
            if one.organisation and (one.organisation == whose or (whose is None and who in one.covers))
        ]
        shown_at_home = [one for one in at_home if one.document]
        relied_on = [one for one in own if self._is_relied_on(one, day)]
        if where != "outside" and not shown_at_home:
            yield "C1.4"
        if where != "home" and not ([one for one in own if one.document] and (shown_at_home or relied_on)):
            yield "C1.5"
        if self.is_barred(who, request):
            yield "suspended"

    def _clears(self, board: EthicsDetermined, who: str, day: date) -> bool:
        policy = self.last(PolicyPublished)
        accepted = {"approved", "exempt"} | ({"not human subjects"} if policy.accepts_not_human_subjects else set())
        ends = [one.on for one in self.told(DeterminationEnded, determination=board.determination)]
        return (
            board.outcome in accepted
            and (who in board.covers or board.covers == ())
            and (board.on or date.max) <= day <= (board.expires or date.max)
            and day < min(ends, default=date.max)
        )

    def _is_relied_on(self, board: EthicsDetermined, day: date) -> bool:
        elected = self.told(RelianceElected, determination=board.determination)
        return any(one.on <= day and one.document for one in elected)

    def _untrained(self, people: Iterable[str], day: date) -> Iterator[str]:
        for who in people:
            verified_ones = {one.certificate for one in self.told(TrainingVerified, person=who)}
            if not any(
                one.document in verified_ones
                and one.completed <= day
                and (day <= one.expires if one.expires else (day.year, day.month, day.day) <= three_years_on(one))
                for one in self.told(TrainingCertified, person=who)
            ):
                yield "C1.6"

    def _unlawful(self, people: Iterable[str], things: set[tuple[str, Any]], request: str) -> Iterator[str]:
        law = next(reversed(self.placed(LawDetermined, request=request)), None)
        submitted = next(reversed(self.placed(RequestSubmitted, request=request)))
        if law is None or law[0] < submitted[0] or not law[1].consistent:
            yield "law"
            return
        carried = {
            (one.dataset, one.form, one.recipients)
            for one in law[1].bases
            if one.form == "de-identified" or one.basis != "34 CFR 99.31(b)"
        }
        if {(*thing, to) for thing in things for to in self.classes(people, request)} - carried:
            yield "law"

    def ways(self, who: str, request: str) -> set[tuple[str, str | None]]:
        """The kinds of agreement that have to name somebody, each for whom; nobody is outside of we know not what."""
        where, whose = self.home(who, request)
        ways: set[tuple[str, str | None]] = set()
        if where in ("home", "in doubt"):
            ways.add(("MOU", None))
        if where in ("outside", "in doubt"):
            ways.add(("DUA", whose or "nobody knows"))
        return ways

    def papers(self, who: str, request: str, way: tuple[str, str | None], day: date, thing: Any) -> list[Any]:
        """The agreements in force that name somebody so, about this data set in this form, or about any."""
        found = []
        for paper in self.papers_of(request):
            covers = thing is None or thing in {(one.dataset, one.form) for one in paper.datasets}
            names = (who, way[1]) in {(one.person, one.organisation) for one in paper.recipients}
            if covers and names and (paper.kind == way[0] or paper.otherwise) and self.binds(paper, day):
                found.append(paper)
        return found

    def is_named(self, who: str, request: str | None, day: date, thing: Any) -> bool:
        return request is not None and all(
            self.papers(who, request, way, day, thing) for way in self.ways(who, request)
        )

    def record_of(self, request: str, things: list[tuple[str, str]], day: date) -> tuple[set[Party], set[Basis]]:
        """To whom data go, for whom, under what, and on which bases."""
        group, law = self.group(request), self.last(LawDetermined, request=request)
        going = {(dataset, self.form(dataset, label)) for dataset, label in things} & self.wanted(request)
        parties = {
            Party(person=who, organisation=way[1], agreement=self.papers(who, request, way, day, thing)[0].agreement)
            for who in group
            for thing in going
            if self.is_named(who, request, day, thing)
            for way in self.ways(who, request)
        }
        classes = self.classes(group, request)
        bases = {one for one in (law.bases if law else ()) if (one.dataset, one.form) in going}
        return parties, {one for one in bases if one.recipients in classes}


def three_years_on(certificate: TrainingCertified) -> tuple[int, int, int]:
    day = certificate.completed
    return day.year + 3, day.month, day.day
