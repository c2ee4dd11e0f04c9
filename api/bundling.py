"""What belongs in a bundle, and the history that goes with it.

A request's are all entries that carry it; and, so that its decisions can be judged again, those that each judgement had
read, and those by which its people, organisations and data sets became known. Of these, entries that carry another
request stay out, and so do those about people who are not in this one, but for the roles by which somebody decided or
recorded something here. A person's, and a data set's, are the entries that carry them, and nothing is judged again.
"""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from api.history import history_of, page
from api.names import Names, names_in, unnamed
from api.telling import circumstances, told
from api.telling.words import words_of
from ledger.boundary import Boundary, about
from ledger.chain.checkpoint import SignedCheckpoint
from ledger.chain.entry import check_name
from ledger.codec import Recorded
from ledger.errors import Malformed
from ledger.events import (
    OrganisationRegistered,
    PastDataSetRecorded,
    PastReleaseRecorded,
    PersonDetailsChanged,
    PersonErased,
    PersonRegistered,
    RoleEnded,
    RoleGranted,
)
from ledger.evidence.bundle import Kind, Page, Selection, make_bundle
from ledger.home import Home, read_log_keys
from ledger.log import Ledger
from projections.acts import act_from, of_dataset, of_office
from projections.standing import Standing

REQUEST, PERSON, DATASET = "request:", "person:", "dataset:"
_NAMED = ("person:", "organisation:")


def bundle_about(home: Home, tag: str, opening: Collection[Kind]) -> bytes:
    """The bundle about a request, a person or a data set. Raises `Malformed` for one that the log does not know."""
    signed = home.notary.cosigned()
    facts = facts_about(home.ledger, tag, signed.size)
    selection = selection_about(home.ledger, tag, facts)
    history = _history(home, signed, selection, facts, opening)
    return make_bundle(home.ledger.store, signed, home.custody, read_log_keys(home.path), selection, opening, history)


def bundle_of_range(home: Home, first: int, last: int) -> bytes:
    """The bundle of the entries from one position to another, in which nothing is opened. Raises `Malformed`."""
    signed = home.notary.cosigned()
    if not 1 <= first <= last <= signed.size:
        raise Malformed("range", f"{first}-{last}", f"is not within the entries from 1 to {signed.size}")
    selection = Selection(about=f"entries:{first}-{last}", entries=tuple(range(first, last + 1)))
    facts = list(home.ledger.facts(after=first - 1, until=last))
    history = _history(home, signed, selection, facts, ())
    return make_bundle(home.ledger.store, signed, home.custody, read_log_keys(home.path), selection, (), history)


def bundle_of_past_release(home: Home, position: int, opening: Collection[Kind]) -> bytes:
    """The bundle of what a register says of one release, and of what it names. Raises `Malformed`."""
    signed = home.notary.cosigned()
    fact = next(home.ledger.facts(after=position - 1, until=position), None)
    if fact is None or not isinstance(fact.event, PastReleaseRecorded):
        raise Malformed("position", position, "is not that of a release of the past")
    named = {tag for tag in fact.tags if tag.startswith((DATASET, *_NAMED))}
    titles = [about(PastDataSetRecorded, tags=[tag]) for tag in named if tag.startswith(DATASET)]
    known = home.ledger.facts([*_introductions(named), *titles], until=position - 1)
    selection = Selection(
        about=f"entries:{position}-{position}",
        entries=(position,),
        basis=tuple(one.position for one in known),
        subjects=frozenset(named),
    )
    history = _history(home, signed, selection, [fact], opening)
    return make_bundle(home.ledger.store, signed, home.custody, read_log_keys(home.path), selection, opening, history)


def facts_about(ledger: Ledger, tag: str, until: int) -> list[Recorded]:
    """All facts that carry a tag, up to a position. Raises `Malformed` when there is none."""
    kind, _, id_ = tag.partition(":")
    check_name(kind, tag)
    facts = list(ledger.facts([about(tags=[tag])], until=until))
    if not facts:
        raise Malformed(kind, id_, "is not in this ledger")
    return facts


def selection_about(ledger: Ledger, tag: str, facts: Sequence[Recorded]) -> Selection:
    """What belongs in the bundle about a tag that these facts carry."""
    if tag.startswith(REQUEST):
        return _of_request(ledger, tag, facts)
    return Selection(about=tag, entries=tuple(fact.position for fact in facts), subjects=frozenset({tag}))


def _of_request(ledger: Ledger, tag: str, facts: Sequence[Recorded]) -> Selection:
    known = {one for fact in facts for one in fact.tags}
    read = {fact.position: fact for fact in _read_for(ledger, facts)}
    until = facts[-1].position
    read |= {fact.position: fact for fact in ledger.facts(list(_introductions(known)), until=until)}
    entries = {fact.position for fact in facts}
    acting = {fact.actor for fact in facts} | set(_deciding(facts))
    basis = {position for position, fact in read.items() if _belongs(fact, known, acting)}
    return Selection(
        about=tag,
        entries=tuple(sorted(entries)),
        basis=tuple(sorted(basis - entries)),
        left_out=tuple(sorted(read.keys() - basis - entries)),
        subjects=frozenset({tag, *(one for one in known if one.startswith(_NAMED))}),
    )


def _belongs(fact: Recorded, known: set[str], acting: set[str]) -> bool:
    """Whether what was read for a request's decisions is nobody else's."""
    if isinstance(fact.event, RoleGranted | RoleEnded):
        return fact.event.principal in acting
    return all(tag in known for tag in fact.tags if tag.startswith((REQUEST, PERSON)))


def _deciding(facts: Sequence[Recorded]) -> Iterator[str]:
    for fact in facts:
        if fact.judged is not None and isinstance(principal := fact.judged.command.get("principal"), str):
            yield principal


def _read_for(ledger: Ledger, facts: Sequence[Recorded]) -> Iterator[Recorded]:
    """What was read for the judgements among these facts, as far as this program knows the acts."""
    for fact in facts:
        if fact.judged is None:
            continue
        try:
            act = act_from(fact.judged.command)
        except msgspec.ValidationError:
            continue
        first = list(ledger.facts(act.first_look(), until=fact.judged.read_to))
        yield from first
        more = act.second_look(Standing(first))
        yield from ledger.facts(more, until=fact.judged.read_to) if more else ()


def _introductions(known: set[str]) -> Iterator[Boundary]:
    for tag in sorted(known):
        if tag.startswith(PERSON):
            yield about(PersonRegistered, PersonDetailsChanged, PersonErased, tags=[tag])
        elif tag.startswith(DATASET):
            yield of_dataset(tag.removeprefix(DATASET))
        elif tag.startswith(_NAMED):
            yield about(OrganisationRegistered, tags=[tag])


def _history(
    home: Home, signed: SignedCheckpoint, selection: Selection, facts: Sequence[Recorded], opening: Collection[Kind]
) -> Page:
    """A page for a request, with the state after each event; for anything else lines of text."""
    names = _names(home, selection, opening)
    if not selection.about.startswith(REQUEST):
        return Page("history.txt", "".join(f"{line}\n" for fact in facts for line in _lines(fact, names)))
    request = selection.about.removeprefix(REQUEST)
    words = words_of(Standing(home.ledger.facts([of_office()], until=signed.size)).office.policy.event)
    events = list(history_of(request, facts, names, home.custody if "texts" in opening else None, words))
    return Page("history.html", page(request, events, signed.size, signed.checkpoint.origin, words.zone))


def _lines(fact: Recorded, names: Names) -> Iterator[str]:
    yield f"{fact.position:>6}  {fact.recorded_at:%Y-%m-%d %H:%M}Z  {told(fact.event, names)}"
    yield f"        {circumstances(fact, names)}"


def _names(home: Home, selection: Selection, opening: Collection[Kind]) -> Names:
    """Names of those whose details are opened; everybody else is an id."""
    if "details" not in opening:
        return unnamed
    known = names_in(home.ledger, home.custody)

    def name(id_: str) -> str:
        return known(id_) if selection.subjects & {f"{kind}{id_}" for kind in _NAMED} else id_

    return name
