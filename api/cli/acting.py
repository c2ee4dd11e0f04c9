"""What all commands that record something share: who does it, what comes of it, and how that is shown.

Whatever is given is looked up before anything is recorded. What was recorded is said even where it cannot be printed.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import click

from api.admission import INTRODUCED_BY
from api.cli import options
from api.cli.failures import REFUSED, unprinted
from api.cli.kinds import FILE, PERSON_ID, PRINCIPAL, TIME, When
from api.cli.wording import printable
from api.commands import Clerk, Command, Document, document_in
from api.desk import Circumstances, Outcome
from api.names import names_in
from api.register import register_of
from api.telling import MIT, Words, objected, shown_by, told, words_of
from ledger.chain.entry import Entry
from ledger.custody import caseless
from ledger.errors import Malformed
from ledger.events import Event
from ledger.home import Home, open_home
from ledger.log import about
from ledger.storage import utc_now
from ledger.storage.port import Clock
from projections.rules.rule import Objection
from projections.rules.rulebook import rule
from projections.standing import Office, Standing

Call = Callable[..., Any]


class Manner(NamedTuple):
    """How a command is to be carried out, beside what it is about."""

    decided_by: str | None = None
    documents: tuple[Document, ...] = ()
    dry_run: bool = False
    as_json: bool = False


class Hand(NamedTuple):
    """The office's hand in a ledger home."""

    clerk: Clerk
    circumstances: Circumstances
    manner: Manner = Manner()

    @property
    def home(self) -> Home:
        """The ledger home that it is in."""
        return self.clerk.home

    def take(self, command: Command, gives: str = "", notes: Sequence[str] = ()) -> None:
        """Record what comes of a command, and show it: first the id of what it makes known, if it gives one.

        Leaves with 3 when it is an act and was refused.
        """
        manner = self.manner
        outcome = self.clerk.take(
            command,
            self.circumstances,
            decided_by=manner.decided_by,
            documents=manner.documents,
            dry_run=manner.dry_run,
        )
        self.show([outcome], gives, notes)
        self.leave(outcome)

    def show(
        self, outcomes: Sequence[Outcome], gives: str = "", notes: Sequence[str] = (), *, err: bool = False
    ) -> None:
        """Print what came of it, on standard error where it was not to be; notes are told first, to people only."""
        entries = [entry for outcome in outcomes for entry in outcome.entries]
        with _recorded_all_the_same(entries, refused=any(outcome.refused for outcome in outcomes)):
            if self.manner.as_json:
                click.echo(json.dumps(self._members(outcomes, gives)), err=err)
            else:
                click.echo("\n".join(printable(line) for line in self._lines(outcomes, gives, notes)), err=err)

    def leave(self, outcome: Outcome) -> None:
        """Leave with 3 when it was refused."""
        if outcome.refused:
            raise click.exceptions.Exit(REFUSED)

    def person(self, text: str) -> str:
        """The id of somebody known, by id or e-mail address. Raises `Malformed`."""
        if "@" in text:
            found = register_of(self.home.ledger, self.home.custody).person(caseless(text))
            if found is None:
                raise Malformed("person", text, "is the address of nobody in this ledger")
            return found
        return self.known("person", PERSON_ID.convert(text, None, None))

    def people(self, texts: Sequence[str]) -> tuple[str, ...]:
        """The ids of some people, once each."""
        return tuple(dict.fromkeys(map(self.person, texts)))

    def organisation(self, text: str) -> str:
        """The id of a known organisation, by id or name. Raises `Malformed`."""
        found = register_of(self.home.ledger, self.home.custody).organisation(caseless(text))
        if found is not None:
            return found
        if not text.startswith("O-"):
            raise Malformed("organisation", text, "is the name of none in this ledger")
        return self.known("organisation", text)

    def known(self, kind: str, id_: str) -> str:
        """An id, once it is seen that the ledger knows what it names. Raises `Malformed`."""
        self._introduction(kind, id_)
        return id_

    def request_of(self, kind: str, id_: str) -> str:
        """The request that a determination, an agreement or a release belongs to. Raises `Malformed`."""
        request: str = self._introduction(kind, id_).request
        return request

    def _introduction(self, kind: str, id_: str) -> Any:
        found = next(iter(self.home.ledger.facts([about(INTRODUCED_BY[kind], tags=[f"{kind}:{id_}"])])), None)
        if found is None:
            raise Malformed(kind, id_, "is not in this ledger")
        return found.event

    def _lines(self, outcomes: Sequence[Outcome], gives: str, notes: Sequence[str]) -> Iterator[str]:
        names, words = names_in(self.home.ledger, self.home.custody), words_in(self.home)
        yield from filter(None, [self._given(outcomes, gives)])
        yield from notes
        for outcome in outcomes:
            if outcome.refused:
                yield "It would be refused" if self.manner.dry_run else "Refused"
            for objection in outcome.objections:
                yield f"  {objected(objection, names, words)}{shown_by(objection)}"
            if not outcome.refused:
                for entry in outcome.entries:
                    yield f"{entry.position:>6}  {told(self._event(entry), names, words)}"
        entries = [entry for outcome in outcomes for entry in outcome.entries]
        if entries:
            yield receipt(entries[-1]) + (", as before" if outcomes[-1].again else "")
        elif not outcomes[-1].refused:
            yield "Nothing objects; nothing was recorded."
        else:
            yield "Nothing was recorded."

    def _members(self, outcomes: Sequence[Outcome], gives: str) -> dict[str, object]:
        """What programs are told."""
        return {
            "id": self._given(outcomes, gives),
            "entries": [
                {"position": entry.position, "type": entry.header.type, "leaf": entry.leaf.hex()}
                for outcome in outcomes
                for entry in outcome.entries
            ],
            "refused": any(outcome.refused for outcome in outcomes),
            "objections": [objection_for_programs(one) for outcome in outcomes for one in outcome.objections],
        }

    def _given(self, outcomes: Sequence[Outcome], gives: str) -> str | None:
        """The id of this kind in what was recorded first; none when it was refused."""
        events = [self._event(entry) for outcome in outcomes if not outcome.refused for entry in outcome.entries]
        return next((getattr(event, gives) for event in events if gives and hasattr(event, gives)), None)

    def _event(self, entry: Entry) -> Event:
        return self.home.ledger.codec.decode(entry).event


def telling(command: Call) -> Call:
    """A command that is handed the office's hand, with the options that everything recorded has."""

    @wraps(command)
    def call(
        path: Path,
        actor: str,
        on_behalf_of: str | None,
        occurred_at: When | None,
        documents: Sequence[Path],
        dry_run: bool,
        as_json: bool,
        decided_by: str | None = None,
        **own: Any,
    ) -> None:
        with open_home(path.absolute(), clock()) as home:
            hand = Hand(Clerk(home, clock()), Circumstances(actor=actor, via=options.VIA))
            zone = ZoneInfo(office_of(home).policy.event.time_zone)
            circumstances = Circumstances(
                actor=actor,
                via=options.VIA,
                on_behalf_of=on_behalf_of and hand.person(on_behalf_of),
                occurred_at=occurred_at and occurred_at.begins(zone),
                precision=occurred_at.precision if occurred_at else "instant",
            )
            manner = Manner(decided_by, tuple(map(document_in, documents)), dry_run, as_json)
            command(Hand(hand.clerk, circumstances, manner), **own)

    for option in _SHARED:
        call = option(call)
    return call


def acting(command: Call) -> Call:
    """A command as `telling` makes it, for what somebody decides."""
    decided_by = click.option("--decided-by", type=PRINCIPAL, help="Who decided, when that is not who types it in.")
    return decided_by(telling(command))


_SHARED = (
    options.as_json,
    click.option("--dry-run", is_flag=True, help="Check or judge it, and record nothing."),
    click.option(
        "--document", "documents", multiple=True, type=FILE, help="A file that shows it, such as a letter; repeatable."
    ),
    click.option(
        "--on-behalf-of", metavar="PERSON", help="For whom it is recorded, from a letter or a call: an id or address."
    ),
    click.option(
        "--occurred-at", type=TIME, help="When it happened, if not now: a day or month at the office, or an instant."
    ),
    options.actor,
    options.home,
)


def clock() -> Clock:
    """The clock that the program was started with; the machine's, if with none."""
    return click.get_current_context().obj or utc_now


def office_of(home: Home) -> Office:
    """The office as a ledger knows it now."""
    return Standing(home.ledger.facts([about(*Office.folds)])).office


def words_in(home: Home) -> Words:
    """How things are called where a ledger is kept."""
    office = office_of(home)
    return words_of(office.policy.event) if office.policy.position else MIT


def fresh_id(prefix: str) -> str:
    """An id that nobody can guess and that says nothing."""
    return f"{prefix}-{secrets.token_hex(16)}"


def receipt(last: Entry) -> str:
    """What was recorded; a leaf commits to all entries before it, so that of the last one is a receipt for all."""
    return f"Recorded up to entry {last.position}, leaf {last.leaf.hex()}"


@contextmanager
def _recorded_all_the_same(entries: Sequence[Entry], refused: bool) -> Iterator[None]:
    """Printing, during which nobody is left in the belief that nothing was recorded when it fails."""
    try:
        yield
    except OSError as error:
        if not entries:
            raise
        raise unprinted(receipt(entries[-1]), error, REFUSED if refused else 0) from error


def objection_for_programs(objection: Objection) -> dict[str, object]:
    """An objection without names, with the source of its rule."""
    return {
        "rule": objection.rule,
        "source": rule(objection.rule).source,
        "about": objection.about,
        "wanting": objection.wanting,
        "facts": list(objection.facts),
    }
