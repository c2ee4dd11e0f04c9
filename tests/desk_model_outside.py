"""The model of an office turns to those outside: who asks for data of others (K2), and what is made public (K3).

Like `tests.desk_model` it knows no rules: it looks through what was written down.
"""

from collections.abc import Iterator
from typing import Any

from ledger.events import (
    ChangesAsked,
    PolicyPublished,
    PublicationNotified,
    PublicationPassed,
    PublicationRecorded,
    PublicationReviewed,
    PublicationWithdrawn,
    QueryAnswered,
    QueryReceived,
    QueryWithdrawn,
    ReleaseFailed,
    ReleaseHandedOver,
)
from tests.desk_model_endings import LaterModel

FOR_DATA = {"pass on", "copy", "verify", "replicate"}


class WholeModel(LaterModel):
    """An office with all that it does."""

    def _answer_query(self, act: Any) -> Iterator[str]:
        received = self.last(QueryReceived, query=act.query)
        answers = self.told(QueryAnswered, query=act.query)
        asked_counsel = any(one.outcome == "to counsel" for one in answers)
        if any(one.outcome != "to counsel" for one in answers) or (asked_counsel and act.outcome == "to counsel"):
            yield "answered"
        if act.agreement and act.outcome != "addendum":
            yield "K2"
        if received is None or self.told(QueryWithdrawn, query=act.query):
            yield "no question"
        if received is None:
            yield from self._own_part(act)
            return
        yield from self._own_part(act, self._sides(received))
        if act.outcome == "not about data" and (
            received.kind in FOR_DATA or (received.kind == "other" and received.datasets)
        ):
            yield "K2"
        if act.outcome == "own request" and not self._is_way_of_their_own(act.request, received):
            yield "K2"
        if act.outcome == "addendum" and not self._is_addendum(act, received):
            yield "K2"
        if act.outcome == "public data suffice" and not self._suffices(act.publication, received):
            yield "S2"
        if act.outcome == "office verifies" and not self._is_aggregate(act):
            yield "S2"

    def _sides(self, received: QueryReceived) -> set[str | None]:
        published = self.told(PublicationNotified, request=received.request) if received.request else []
        authors = {who for one in published if self._notice(one.publication) == one for who in one.authors}
        return {received.by, received.asked, received.referred_by, *self.parts(received.request), *authors}

    def _is_way_of_their_own(self, request: str | None, received: QueryReceived) -> bool:
        said, asked_about = self.said(request), self.said(received.request)
        if said is None or request == received.request or self.stage(said.request) == "over":
            return False
        wanted = {one.dataset for one in said.datasets}
        about = {one.dataset for one in asked_about.datasets} if asked_about else wanted
        takes_part = received.by in {None, said.researcher, *said.personnel, *said.study_group}
        return takes_part and ({*received.datasets} <= wanted if received.datasets else bool(wanted & about))

    def _is_addendum(self, act: Any, received: QueryReceived) -> bool:
        paper = self.paper(act.agreement, act.request) if act.agreement and act.request else None
        return (
            paper is not None
            and self.day < self.over(paper)
            and (received.by is None or received.by in {one.person for one in paper.recipients})
            and {*received.datasets} <= {one.dataset for one in paper.datasets}
        )

    def _suffices(self, publication: str | None, received: QueryReceived) -> bool:
        """Never records; only what has appeared after it was passed."""
        if publication is None:
            return not received.datasets and received.kind not in ("pass on", "copy")
        appeared = self.placed(PublicationRecorded, publication=publication)
        withdrawn = self.told(PublicationWithdrawn, publication=publication)
        passed = self._passed(publication)
        return bool(appeared) and not withdrawn and passed is not None and passed < appeared[0][0]

    def _is_aggregate(self, act: Any) -> bool:
        smallest = self.last(PolicyPublished).smallest_cell
        counted = act.smallest_cell is not None or act.document is None
        return (
            bool(act.answer or act.document)
            and counted
            and (act.smallest_cell or 0) >= (smallest if act.smallest_cell is not None else 0)
        )

    def _passed(self, publication: str) -> int | None:
        """Where it stands that it may appear as it is now."""
        about = (PublicationNotified, ChangesAsked, PublicationPassed)
        at, last = next(reversed(self.placed(*about, publication=publication)), (0, None))
        return at if isinstance(last, PublicationPassed) else None

    def _notice(self, publication: str) -> Any:
        return self.last(PublicationNotified, publication=publication)

    def _close_request(self, act: Any) -> Iterator[str]:
        yield from super()._close_request(act)
        for one in self.told(QueryReceived, request=act.request):
            answers = {told.outcome for told in self.told(QueryAnswered, query=one.query)} - {"to counsel"}
            if not answers and not self.told(QueryWithdrawn, query=one.query):
                yield "a question"
        moves = (PublicationNotified, ChangesAsked, PublicationPassed)
        for publication in {one.publication for one in self.told(PublicationNotified, request=act.request)}:
            waits = isinstance(self.last(*moves, publication=publication), PublicationNotified)
            if waits and not self.told(PublicationRecorded, PublicationWithdrawn, publication=publication):
                yield "a review"

    def _pass_publication(self, act: Any) -> Iterator[str]:
        of_it = {"request": act.request, "publication": act.publication}
        notices = self.placed(PublicationNotified, **of_it)
        authors = set(notices[-1][1].authors) if notices else set()
        apart_from = self.parts(act.request) | authors
        yield from self._own_part(act, authors)
        if any(self.is_barred(who, act.request) for who in self.group(act.request) | authors):
            yield "suspended"
        since = notices[-1][0] if notices else 0
        moves = self.placed(ChangesAsked, PublicationPassed, PublicationRecorded, PublicationWithdrawn, **of_it)
        lasting = (PublicationRecorded, PublicationWithdrawn)
        if not notices or any(at > since or isinstance(one, lasting) for at, one in moves):
            yield "K3"
        if not self._went_out(act.request):
            yield "K3"
        reviews = [one for at, one in self.placed(PublicationReviewed, **of_it) if at > since]
        last_words = {one.reviewer: one for one in reviews}
        independent = [one for who, one in last_words.items() if who not in apart_from]
        fit = [one for one in independent if one.result == "fit to be published"]
        policy = self.last(PolicyPublished)
        if any(one.result == "changes needed" for one in last_words.values()):
            yield "K3"
        if policy.publication_reviewers and not independent:
            yield "K3"
        if 1 < policy.publication_reviewers > len(fit):
            yield "second reviewer"
        if any(one.smallest_cell is not None and one.smallest_cell < policy.smallest_cell for one in reviews):
            yield "K3"

    def _went_out(self, request: str) -> bool:
        failed = {one.release for one in self.told(ReleaseFailed, request=request)}
        return any(one.release not in failed for one in self.told(ReleaseHandedOver, request=request))
