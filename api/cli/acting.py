"""What all commands that record something share: their options, and the hand that they act with.

Whatever is given is looked up before anything is recorded.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import click

from api.cli import lookup, options, receipts
from api.cli.ended import ended_as_by_ctrl_c
from api.cli.failures import REFUSED, CouldNotRun
from api.cli.kinds import FILE, PRINCIPAL, TIME, When
from api.cli.receipts import unwritten
from api.cli.showing import Shown, office_of, recorded_all_the_same
from api.cli.wording import in_lines, warn
from api.commands import Clerk, Command, Document, document_in
from api.desk import Circumstances, Outcome
from api.signing import have_witnessed, require_witnessed
from ledger.home import Home, open_home
from ledger.log import IdempotencyKey
from ledger.storage import utc_now
from ledger.storage.port import Clock

Call = Callable[..., Any]
NEW_FILE = click.Path(path_type=Path, dir_okay=False)


class Manner(NamedTuple):
    """How a command is to be carried out, beside what it is about."""

    decided_by: str | None = None
    documents: tuple[Document, ...] = ()
    dry_run: bool = False
    as_json: bool = False
    receipt: Path | None = None
    witness_seconds: float = 0.0


class Hand(NamedTuple):
    """The office's hand in a ledger home."""

    clerk: Clerk
    circumstances: Circumstances
    manner: Manner = Manner()

    @property
    def home(self) -> Home:
        """The ledger home that it is in."""
        return self.clerk.home

    def take(
        self, command: Command, gives: str = "", notes: Sequence[str] = (), key: IdempotencyKey | None = None
    ) -> None:
        """Record what comes of a command, and show it: first the id of what it makes known, if it gives one.

        What came of it under its key before is shown instead. Leaves with 3 when it is an act and was refused.
        """
        manner = self.manner
        cautions = command.cautions(self.clerk.drafting(self.circumstances))
        outcome = self.clerk.take(
            command,
            self.circumstances,
            decided_by=manner.decided_by,
            documents=manner.documents,
            key=key,
            dry_run=manner.dry_run,
        )
        warn(cautions)
        self.show([outcome], gives, notes)
        self.leave(outcome)

    def show(
        self, outcomes: Sequence[Outcome], gives: str = "", notes: Sequence[str] = (), *, err: bool = False
    ) -> None:
        """Print what came of it, on standard error where it was not to be; notes are told first.

        What was recorded is witnessed now, and the receipt for the last of it written where it is wanted. That this
        failed is said when all else is shown: an API key, say, is shown once.
        """
        shown = Shown(self.home, outcomes, gives, notes)
        if shown.entries:
            warn([*shown.warnings, *have_witnessed(self.home.notary, self.home.path, self.manner.witness_seconds)])
        last = shown.entries[-1] if shown.entries else None
        error = unwritten(self.home.notary, last, self.manner.receipt)
        with recorded_all_the_same(shown):
            if self.manner.as_json:
                click.echo(json.dumps(shown.members()), err=err)
            else:
                click.echo(in_lines(shown.lines(dry_run=self.manner.dry_run)), err=err)
        if error:
            raise CouldNotRun(f"{shown.receipt}; but its receipt could not be written: {error}") from error

    def leave(self, outcome: Outcome) -> None:
        """Leave with 3 when it was refused."""
        if outcome.refused:
            raise click.exceptions.Exit(REFUSED)

    def person(self, text: str) -> str:
        """As `lookup.person`."""
        return lookup.person(self.home, text)

    def people(self, texts: Sequence[str]) -> tuple[str, ...]:
        """The ids of some people, once each."""
        return tuple(dict.fromkeys(map(self.person, texts)))

    def organisation(self, text: str) -> str:
        """As `lookup.organisation`."""
        return lookup.organisation(self.home, text)

    def known(self, kind: str, id_: str) -> str:
        """As `lookup.known`."""
        return lookup.known(self.home, kind, id_)

    def request_of(self, kind: str, id_: str) -> str:
        """As `lookup.request_of`."""
        return lookup.request_of(self.home, kind, id_)


# In the order in which they are applied: help shows the last first.
_SHARED = (
    options.as_json,
    options.require_witness(options.UNLESS_WITNESSED),
    options.witness_seconds(3.0),
    receipts.receipt,
    click.option("--dry-run", is_flag=True, help="Check or judge it, and record nothing."),
    click.option(
        "--document", "documents", multiple=True, type=FILE, help="A file that shows it, such as a letter; repeatable."
    ),
    click.option(
        "--on-behalf-of", metavar="PERSON", help="For whom it is recorded, from a letter or a call: an id or address."
    ),
    click.option(
        "--occurred-at",
        type=TIME,
        help="When it happened, if not now: a day or month at the office, or an instant. Only for reports: what is "
        "decided happens when it is judged, and a paper that says it before goes with it as a --document.",
    ),
    options.actor,
    options.home,
)


def reporting(command: Call) -> Call:
    """A command that is handed the office's hand, with the options that everything recorded has."""

    @wraps(command)
    def call(
        path: Path,
        actor: str,
        on_behalf_of: str | None,
        occurred_at: When | None,
        documents: Sequence[Path],
        dry_run: bool,
        receipt: Path | None,
        seconds: float,
        required: int,
        as_json: bool,
        decided_by: str | None = None,
        **own: Any,
    ) -> None:
        with ended_as_by_ctrl_c(), open_home(path.absolute(), clock()) as home:
            if not dry_run:
                home.check_takes_records()
                require_witnessed(home.notary, home.path, required, seconds)
            zone = ZoneInfo(office_of(home).policy.event.time_zone)
            circumstances = Circumstances(
                actor=actor,
                via=options.VIA,
                on_behalf_of=on_behalf_of and lookup.person(home, on_behalf_of),
                occurred_at=occurred_at and occurred_at.begins(zone),
                precision=occurred_at.precision if occurred_at else "instant",
            )
            shown_by = tuple(map(document_in, documents))
            manner = Manner(decided_by, shown_by, dry_run, as_json, receipt, seconds)
            command(Hand(Clerk(home, clock()), circumstances, manner), **own)

    for option in _SHARED:
        call = option(call)
    return call


def acting(command: Call) -> Call:
    """A command as `reporting` makes it, for what somebody decides."""
    decided_by = click.option("--decided-by", type=PRINCIPAL, help="Who decided, when that is not who types it in.")
    return decided_by(reporting(command))


def clock() -> Clock:
    """The clock that the program was started with; the machine's, if with none."""
    return click.get_current_context().obj or utc_now


def fresh_id(prefix: str) -> str:
    """An id that nobody can guess and that says nothing."""
    return f"{prefix}-{secrets.token_hex(16)}"
