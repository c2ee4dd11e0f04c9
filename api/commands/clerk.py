"""The clerk: takes commands to the desk."""

from collections.abc import Callable, Sequence
from io import BytesIO

import msgspec

from api.claims import Claims
from api.commands.command import Acting, Command, Document, Drafting, KeepingNothing, Wish
from api.desk import ATTEMPTS, Check, Circumstances, Desk, Outcome, Seen
from api.packets.reports import Keeping, Report
from api.signing import After, Before, nothing_before, signing
from ledger.codec import SALT_BYTES
from ledger.errors import Malformed
from ledger.events import Event, RequestSubmitted
from ledger.home import Home
from ledger.log import IdempotencyKey
from ledger.storage.port import Clock
from projections.rules.rule import Objection


class Clerk:
    """Takes commands to the desk of a ledger home; what is recorded is signed and published, or goes to `after`.

    `before` raises when nothing may be recorded now.
    """

    def __init__(self, home: Home, clock: Clock, after: After | None = None, before: Before = nothing_before) -> None:
        self.home = home
        self._clock = clock
        self._desk = Desk(home.ledger, clock, after or signing(home.notary, home.notary.publish), before)

    def take(
        self,
        command: Command,
        circumstances: Circumstances,
        *,
        decided_by: str | None = None,
        documents: Sequence[Document] = (),
        key: IdempotencyKey | None = None,
        dry_run: bool = False,
        seen: Seen | None = None,
    ) -> Outcome:
        """What comes of a command; a dry run says what the rules would hold against it, and records nothing.

        `decided_by` is who decides when that is not who types it in; `documents` show what is told, as a letter does.
        With `seen` it is done only if there is no more to a request than that. Whatever raises leaves nothing in
        custody: `Malformed`, `NotEntitled`, `Outdated`, what checking documents raises. Only where others were faster
        meanwhile something may stay there that no entry names.
        """

        def attempt() -> Outcome:
            # What was done once may make no sense a second time, and so may not even be drafted again.
            if key is not None and not dry_run and (earlier := self._desk.earlier(key)):
                return earlier
            trial = KeepingNothing()
            drafting = self._drafting(circumstances, decided_by or circumstances.actor, trial)
            circumstances.admit(drafting.now)
            wish = command.draft(drafting)
            if dry_run or documents or trial.asked:
                # Before anything is kept in custody.
                objections = self._try(wish, circumstances, documents, key, seen)
                if dry_run:
                    return Outcome((), objections)
                self._desk.check_ready()
                self.home.ledger.store.check_writable()
                drafting = msgspec.structs.replace(drafting, keeping=self.home.custody)
                wish = command.draft(drafting)
            return self._do(wish, drafting, documents, key, seen)

        return self._persist(attempt)

    def _persist(self, attempt: Callable[[], Outcome]) -> Outcome:
        """What an attempt gives; made again when it makes no sense, and somebody else was faster meanwhile."""
        for _ in range(ATTEMPTS - 1):
            read_to = self.home.ledger.store.length()
            try:
                return attempt()
            except Malformed:
                # It may have been in order, such as a number that was free, until then.
                if self.home.ledger.store.length() == read_to:
                    raise
        return attempt()

    def _try(
        self,
        trial: Wish,
        circumstances: Circumstances,
        documents: Sequence[Document],
        key: IdempotencyKey | None,
        seen: Seen | None,
    ) -> tuple[Objection, ...]:
        """What the rules would hold against it. Raises what would keep it from being recorded."""
        _check_owner(trial, documents)
        if isinstance(trial, Acting):
            # An act that is done again under its key is let in whatever is held against it now.
            return self._desk.objections(trial.act, circumstances, key, seen)
        self._desk.admit(trial, key, (seen,) if seen else ())
        self._check_shape(trial)
        return ()

    def _do(
        self,
        wish: Wish,
        drafting: Drafting,
        documents: Sequence[Document],
        key: IdempotencyKey | None,
        seen: Seen | None,
    ) -> Outcome:
        if isinstance(wish, Acting):
            shown = _keep(documents, drafting.keeping, wish.act.subject or "", wish.becomes)
            circumstances = msgspec.structs.replace(drafting.circumstances, documents=(*wish.documents, *shown))
            return self._desk.act(wish.act, circumstances, key, seen)
        checks: list[Check] = [Claims(wish, self.home.custody), *([seen] if seen else [])]
        return self._desk.report_together(_shown_by(wish, documents, drafting.keeping), key, checks)

    def earlier(self, key: IdempotencyKey) -> Outcome | None:
        """What came of a command under this key before; None when nothing did. Raises `KeyReused`."""
        return self._desk.earlier(key)

    def drafting(self, circumstances: Circumstances) -> Drafting:
        """What a command would be drafted with, keeping nothing."""
        return self._drafting(circumstances, circumstances.actor, KeepingNothing())

    def _check_shape(self, reports: Sequence[Report]) -> None:
        """Raise `Malformed` for what could not be recorded as it is, before any of it is kept."""
        for event, circumstances in reports:
            self.home.ledger.codec.encode(circumstances.fact(event), bytes(SALT_BYTES), self._clock())

    def _drafting(self, circumstances: Circumstances, principal: str, keeping: Keeping) -> Drafting:
        return Drafting(principal, circumstances, self._clock(), self.home.ledger, self.home.custody, keeping)


def _check_owner(wish: Wish, documents: Sequence[Document]) -> None:
    """Raise `Malformed` for documents that would belong to nobody."""
    if isinstance(wish, Acting):
        what, belongs = wish.act.name, wish.act.subject is not None
    else:
        what, belongs = wish[0][0].wire_name, bool(wish[0][0].sealed_for)
    if documents and not belongs:
        raise Malformed("document", documents[0].name, f"cannot be kept: {what} belongs to nobody and to no request")


def _shown_by(reports: Sequence[Report], documents: Sequence[Document], keeping: Keeping) -> Sequence[Report]:
    """The reports, the first of them shown by these documents, too; where a request came in, that is."""
    if not documents:
        return reports
    place = next((place for place, (event, _) in enumerate(reports) if isinstance(event, RequestSubmitted)), 0)
    event, circumstances = reports[place]
    shown = _keep(documents, keeping, event.subject(), type(event))
    circumstances = msgspec.structs.replace(circumstances, documents=(*circumstances.documents, *shown))
    return [*reports[:place], (event, circumstances), *reports[place + 1 :]]


def _keep(documents: Sequence[Document], keeping: Keeping, subject: str, event: type[Event]) -> list[str]:
    return [
        keeping.keep_document(subject, event.wire_name, BytesIO(document.content), document.media_type)
        for document in documents
    ]
