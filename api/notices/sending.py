"""Sending what waits in the outbox: at least once each, and recorded when it was sent.

A notice is handed over first, and recorded then; whoever is cut off in between sends it again, under the same id.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import datetime
from functools import partial
from typing import Literal, NamedTuple

from api.admission import admit_office
from api.desk import Circumstances
from api.names import names_in
from api.notices.delivering import FailedForNowError, RefusedForGoodError
from api.notices.hooks import Hook
from api.notices.mail import Mailer, email_message
from api.notices.outbox import OUTBOX, Notice, Outbox, open_outbox, origin_of
from api.notices.settings import Email, Settings
from api.notices.wording import Known, written
from api.register import register_of
from ledger.boundary import about
from ledger.chain.entry import Entry
from ledger.codec import Recorded
from ledger.errors import Missing
from ledger.events import NoticeRefused, NoticeRevived, NoticeSent
from ledger.home import Home
from ledger.log import IdempotencyKey
from ledger.storage.port import Clock
from ledger.storage.turn import Turn
from projections.acts import ApproveRequest, of_office
from projections.asof import AsOf, Moment
from projections.checklist import NOBODY, checklist
from projections.standing import Standing

# No principal is called so: whoever sends a notice, it is recorded once.
SENDER = "outbox"
# Somebody else who sends at the same time is waited for so long.
PATIENCE = 5.0
# After so many failures in a row nothing more is tried by this way now.
PATIENT_FAILURES = 2
UNKNOWN_ADDRESS = "no e-mail address is known, or it was erased"

What = Literal["sent", "refused", "later", "moot", "waits"]


class Tried(NamedTuple):
    """What came of a notice: why it could not be sent, if it could not, when it is tried again, and what records it."""

    notice: Notice
    what: What
    why: str = ""
    again: datetime | None = None
    entries: Sequence[Entry] = ()


class _MootError(Exception):
    """What a notice says means nothing any more."""


class Sender:
    """Sends the notices of a home."""

    def __init__(self, home: Home, settings: Settings, clock: Clock, circumstances: Circumstances) -> None:
        """Raises `NotEntitled` for somebody who may record nothing."""
        self._home, self._settings, self._clock, self._circumstances = home, settings, clock, circumstances
        circumstances.admit(clock())
        self._office = Standing(home.ledger.facts([of_office()])).office
        admit_office(circumstances.actor, self._office, clock(), "send notices")
        self._names, self._origin = names_in(home.ledger, home.custody), origin_of(home)

    def send(self, limit: int | None = None, *, dry_run: bool = False) -> Iterator[Tried]:
        """Send what waits and is due, at most so many; a dry run says what would be sent.

        Raises `Busy` when somebody else is sending, `Unreachable` for a key or password that cannot be read.
        """
        with (
            closing(Turn(self._home.path / f"{OUTBOX}-turn", PATIENCE)) as turn,
            turn,
            open_outbox(self._home, self._settings) as outbox,
            ExitStack() as stack,
        ):
            now = self._clock()
            due = [one for one in outbox.waiting() if one.next_at is None or one.next_at <= now][:limit]
            if dry_run:
                yield from (Tried(one, "waits") for one in due)
                return
            ways, failures = self._ways(stack), Counter[str]()
            for notice in due:
                way = notice.recipient if notice.way == "webhook" else notice.way
                if failures[way] < PATIENT_FAILURES:
                    yield self._try(notice, way, ways[way], outbox, failures)

    def _ways(self, stack: ExitStack) -> dict[str, Callable[[Notice], None]]:
        """How a notice is handed over: by e-mail, or to the webhook of a name."""
        ways: dict[str, Callable[[Notice], None]] = {}
        if self._settings.email:
            mailer = stack.enter_context(Mailer(self._home.path, self._settings.email))
            ways["e-mail"] = partial(self._mail, mailer, self._settings.email)
        for one in self._settings.webhook:
            ways[one.name] = partial(self._post, Hook(self._home.path, one))
        return ways

    def _try(
        self, notice: Notice, way: str, deliver: Callable[[Notice], None], outbox: Outbox, failures: Counter[str]
    ) -> Tried:
        try:
            deliver(notice)
        except _MootError:
            outbox.settle(notice)
            return Tried(notice, "moot")
        except RefusedForGoodError as error:
            recorded = self._record(notice, NoticeRefused)
            outbox.settle(notice)
            return Tried(notice, "refused", str(error), entries=recorded)
        except FailedForNowError as error:
            failures[way] += PATIENT_FAILURES if error.down else int(error.lost)
            return Tried(notice, "later", str(error), outbox.postpone(notice, self._clock(), str(error)))
        failures[way] = 0
        recorded = self._record(notice, NoticeSent)
        outbox.settle(notice)
        return Tried(notice, "sent", entries=recorded)

    def _record(self, notice: Notice, kind: type[NoticeSent] | type[NoticeRefused]) -> Sequence[Entry]:
        """Say so in the log, once."""
        event = kind(
            of=notice.position,
            kind=notice.kind,
            way=notice.way,
            message=notice.message,
            person=notice.person,
            request=notice.request,
        )
        name = self._round(notice)
        reading = self._home.ledger.read(key=IdempotencyKey(SENDER, name, name.encode()))
        return self._home.ledger.append([self._circumstances.fact(event)], reading).entries

    def _round(self, notice: Notice) -> str:
        """By what it is known that it was recorded: its id, and the entry that last revived it."""
        told = self._home.ledger.facts([about(NoticeRevived)], after=notice.position)
        revived = [one.position for one in told if getattr(one.event, "message", None) == notice.message]
        return f"{notice.message} {revived[-1]}" if revived else notice.message

    def _post(self, hook: Hook, notice: Notice) -> None:
        hook.deliver(notice, self._origin, self._clock())

    def _mail(self, mailer: Mailer, email: Email, notice: Notice) -> None:
        text = written(notice, self._known(notice))
        if text is None:
            raise _MootError
        to = email.office if notice.person is None else self._address(notice.person)
        mailer.deliver(email_message(email.sender, to, text.subject, text.body, notice.message, self._clock()))

    def _address(self, person: str) -> str:
        address: str | None = None
        with suppress(Missing):
            address = register_of(self._home.ledger, self._home.custody).details(person).get("email")
        if not address:
            raise FailedForNowError(UNKNOWN_ADDRESS)
        return address

    def _known(self, notice: Notice) -> Known:
        """The event that calls for it, and how its request stands now."""
        entry = self._home.ledger.store.entry(notice.position)
        if entry is None:
            raise AssertionError("the outbox was caught up with this log")
        fact: Recorded = self._home.ledger.codec.decode(entry)
        now = self._clock()
        act = ApproveRequest(principal=NOBODY, request=notice.request or "")
        log = AsOf(self._home.ledger, Moment())
        standing = log.standing(act) if notice.request else Standing(log.facts([of_office()]))
        lines = tuple(checklist(notice.request, standing, now)) if notice.request else ()
        return Known(fact.event, standing, lines, self._names, self._office.day(now))
