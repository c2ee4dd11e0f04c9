"""The clerk: takes commands to the desk."""

from collections.abc import Sequence
from io import BytesIO

import msgspec

from api.commands.command import Acting, Command, Document, Drafting, KeepingNothing
from api.desk import Circumstances, Desk, Outcome
from api.packets.reports import Keeping, Report
from ledger.codec import SALT_BYTES
from ledger.errors import Malformed
from ledger.events import Event, RequestSubmitted
from ledger.home import Home
from ledger.log import IdempotencyKey
from ledger.storage.port import Clock


class Clerk:
    """Takes commands to the desk of a ledger home."""

    def __init__(self, home: Home, clock: Clock) -> None:
        self.home = home
        self._clock = clock
        self._desk = Desk(home.ledger, clock)

    def take(
        self,
        command: Command,
        circumstances: Circumstances,
        *,
        decided_by: str | None = None,
        documents: Sequence[Document] = (),
        key: IdempotencyKey | None = None,
        dry_run: bool = False,
    ) -> Outcome:
        """What comes of a command; a dry run says what the rules would hold against it, and records nothing.

        `decided_by` is who decides when that is not who types it in; `documents` show what is told, as a letter does.
        Whatever raises leaves nothing in custody: `Malformed`, `NotEntitled`, what checking documents raises.
        """
        # What was done once may make no sense a second time, and so may not even be drafted again.
        if key is not None and not dry_run and (earlier := self._desk.earlier(key)):
            return earlier
        drafting = self._drafting(circumstances, decided_by or circumstances.actor, KeepingNothing())
        trial = command.draft(drafting)
        if isinstance(trial, Acting):
            # An act that is done again under its key is let in whatever is held against it now.
            objections = self._desk.objections(trial.act, circumstances, key)
        else:
            self._desk.admit(trial, key)
            self._check_shape(trial)
            _check_owner(trial, documents)
            objections = ()
        if dry_run:
            return Outcome((), objections)
        drafting = msgspec.structs.replace(drafting, keeping=self.home.custody)
        wish = command.draft(drafting)
        if isinstance(wish, Acting):
            shown = _keep(documents, drafting.keeping, f"request:{wish.act.request}", wish.becomes)
            circumstances = msgspec.structs.replace(circumstances, documents=(*wish.documents, *shown))
            return self._desk.act(wish.act, circumstances, key)
        return self._desk.report_together(_shown_by(wish, documents, drafting.keeping), key)

    def drafting(self, circumstances: Circumstances) -> Drafting:
        """What a command would be drafted with, keeping nothing."""
        return self._drafting(circumstances, circumstances.actor, KeepingNothing())

    def _check_shape(self, reports: Sequence[Report]) -> None:
        """Raise `Malformed` for what could not be recorded as it is, before any of it is kept."""
        for event, circumstances in reports:
            self.home.ledger.codec.encode(circumstances.fact(event), bytes(SALT_BYTES), self._clock())

    def _drafting(self, circumstances: Circumstances, principal: str, keeping: Keeping) -> Drafting:
        return Drafting(principal, circumstances, self._clock(), self.home.ledger, self.home.custody, keeping)


def _check_owner(reports: Sequence[Report], documents: Sequence[Document]) -> None:
    event = reports[0][0]
    if documents and not event.sealed_for:
        raise Malformed("document", documents[0].name, f"cannot be kept: {event.wire_name} belongs to nobody")


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
