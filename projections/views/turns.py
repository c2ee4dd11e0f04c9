"""Whose turn it is: what a request waits for, of whom, and which fact made it so.

A request can wait for several at once, as when two agreements are out for signature. Whoever isn't a person is told
by a word: the office, a board, an official.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from ledger.events import KeyTestSent, PolicyPublished
from projections.acts import parts
from projections.standing import (
    BEFORE_THE_OFFICE,
    AgreementStanding,
    KeyStanding,
    PublicationStanding,
    RequestStanding,
    State,
    as_held,
    awaiting_reliance,
    holdings,
    open_holdings,
)
from projections.standing.agreement import required_signatures

OFFICE, BOARD, RESEARCHER, CONTACT = "office", "board", "researcher", "contact"
_SIGNED_BY = {"researcher": RESEARCHER, "office": OFFICE}
_UNDER_AGREEMENT = (State.APPROVED, State.EXECUTED, State.AUTHORISED, State.RELEASED, State.RECEIVED)


class Turn(NamedTuple):
    """Who is to do what next: `whom` are ids of people or organisations, none where the word says it all.

    `since` is the position of the fact that made it their turn.
    """

    who: str
    whom: tuple[str, ...]
    next: str
    since: int


def turns(request: RequestStanding, policy: PolicyPublished) -> list[Turn]:
    """What a request waits for; nothing, once it is over or the data are where they should be."""
    if request.submitted is None:
        return []
    return [*_of_state(request, policy), *publication_turns(request, policy)]


def _of_state(request: RequestStanding, policy: PolicyPublished) -> list[Turn]:
    if request.submitted is None:
        return []
    match request.state:
        case State.RETURNED:
            researcher = (request.submitted.event.researcher,)
            return [Turn(RESEARCHER, researcher, "complete what was asked for", request.since)]
        case state if state in BEFORE_THE_OFFICE:
            return [*_boards(request), *_review(request)]
        case state if state in _UNDER_AGREEMENT:
            return [
                *_moved(request),
                *_signatures(request, policy),
                *_release(request, policy),
                *_attestations(request),
            ]
    return []


def publication_turns(request: RequestStanding, policy: PolicyPublished) -> Iterator[Turn]:
    """What the publications of a request wait for, whatever became of it since."""
    for number, one in request.publications.items():
        if one.sent_back and one.state == "sent back" and request.submitted:
            yield Turn(RESEARCHER, (request.submitted.event.researcher,), f"change {number}", one.since)
        elif one.notified and one.state == "under review":
            yield Turn(OFFICE, (), *_review_of(number, one, {*parts(request), *one.authors}, policy))


def _review_of(number: str, one: PublicationStanding, apart_from: set[str], policy: PolicyPublished) -> tuple[str, int]:
    """What the office does next about a publication under review, and since when it is to."""
    reviews, fit = one.latest(apart_from), one.fit(apart_from)
    since = max((review.position for review in one.reviews), default=one.since)
    if len(fit) < len(reviews):
        return f"ask for changes to {number}", since
    if len(fit) < policy.publication_reviewers:
        return f"review {number}", since
    return f"pass {number}, or ask for changes", since


def working_days(since: date, today: date) -> int:
    """How many days after `since`, up to and including today, are Monday to Friday; holidays are not known here."""
    days = max((today - since).days, 0)
    weeks, rest = divmod(days, 7)
    return 5 * weeks + sum((since + timedelta(offset)).weekday() < 5 for offset in range(1, rest + 1))


def _boards(request: RequestStanding) -> Iterator[Turn]:
    determinations = list(request.determinations.values())
    for place, one in enumerate(determinations):
        if one.is_pending and not any(later.is_of_same_protocol(one) for later in determinations[place + 1 :]):
            organisation = one.known.event.organisation
            yield Turn(
                BOARD,
                (organisation,) if organisation else (),
                f"decide on protocol {one.known.event.protocol}",
                one.known.position,
            )
    for one, requested in awaiting_reliance(determinations):
        yield Turn(BOARD, (), f"decide whether to rely on protocol {one.known.event.protocol}", requested.position)


def _review(request: RequestStanding) -> Iterator[Turn]:
    submitted, law = request.submitted, request.law
    if submitted is None or law is None or law.position < submitted.position:
        yield Turn(OFFICE, (), "have the law determined", request.since)
    elif law.event.consistent:
        yield Turn(OFFICE, (), "approve or decline", law.position)
    else:
        yield Turn(OFFICE, (), "decline, or have the law determined anew", law.position)


def _signatures(request: RequestStanding, policy: PolicyPublished) -> Iterator[Turn]:
    live, named = _live(request), _named_at_all(request)
    unnamed = tuple(person for person in request.study_group if person not in named)
    if unnamed and request.state in (State.APPROVED, State.EXECUTED):
        issued = [one.issued.position for one in live if one.issued]
        yield Turn(OFFICE, unnamed, "issue an agreement that names them", max(request.since, *issued, 0))
    for agreement in live:
        if agreement.executed is None:
            yield from _unsigned(agreement, request, policy)


def _moved(request: RequestStanding) -> Iterator[Turn]:
    """Who moved, until it is found out for whom they act and agreements name them for it, or their data are no more."""
    held = {one.person: False for one in holdings(request)} | {one.person: True for one in open_holdings(request)}
    for person in request.study_group:
        move = next(reversed(request.moves_of(person)), None)
        if move is None or not held.get(person, True):
            continue
        known = request.affiliations[person]
        if known.position == move.position:
            yield Turn(OFFICE, (person,), "find out for whom they act now", move.position)
        elif not _is_named(person, request) and person in _named_at_all(request):
            yield Turn(OFFICE, (person,), "issue an agreement that names them for whom they act now", known.position)


def _live(request: RequestStanding) -> list[AgreementStanding]:
    return [one for one in request.agreements.values() if one.issued and not one.terminated]


def _named_at_all(request: RequestStanding) -> set[str]:
    return {one.person for known in _live(request) if known.issued for one in known.issued.event.recipients}


def _is_named(person: str, request: RequestStanding) -> bool:
    """Whether agreements name a person for whatever they act for, executed or not."""
    lasting = [one for one in _live(request) if not one.replaced and not one.expired]
    return all(any(one.names(person, *need) for one in lasting) for need in request.needs(person))


def _unsigned(agreement: AgreementStanding, request: RequestStanding, policy: PolicyPublished) -> Iterator[Turn]:
    if agreement.issued is None or request.submitted is None:
        return
    said, researcher = agreement.issued.event, request.submitted.event.researcher
    signed = {
        (one.event.capacity, one.event.organisation)
        for one in agreement.signatures
        if one.event.text == said.text and (one.event.signer == researcher) == (one.event.capacity == "researcher")
    }
    missing = [one for one in required_signatures(said, policy) if one not in signed]
    for capacity, organisation in missing:
        whom = (researcher,) if capacity == "researcher" else (organisation,) if organisation else ()
        yield Turn(_SIGNED_BY.get(capacity, capacity), whom, f"sign {said.agreement}", agreement.issued.position)
    if not missing:
        last = max((one.position for one in agreement.signatures), default=agreement.issued.position)
        yield Turn(OFFICE, (), f"execute {said.agreement}", last)


def _release(request: RequestStanding, policy: PolicyPublished) -> Iterator[Turn]:
    if request.state is State.EXECUTED:
        yield _before_release(request, policy)
    for release, one in request.releases.items():
        if one.handed_over and not one.received and not one.failed:
            whom = (one.handed_over.event.contact,)
            yield Turn(CONTACT, whom, f"confirm that {release} arrived", one.handed_over.position)
        elif one.authorised and not one.handed_over and not one.failed:
            # Handing over follows at once; where it did not, somebody was interrupted.
            yield Turn(OFFICE, (), f"record that {release} failed: it was never handed over", one.authorised.position)


def _attestations(request: RequestStanding) -> Iterator[Turn]:
    """Whoever attests waits for the office, as long as anything of what they name is held as far as is known."""
    held = [as_held(one) for one in open_holdings(request)]
    for id_, one in request.copies.attestations.items():
        if one.attested and not one.accepted and any(said in held for said in one.attested.event.holdings):
            whom = tuple(dict.fromkeys(said.person for said in one.attested.event.holdings))
            yield Turn(OFFICE, whom, f"accept attestation {id_}", one.attested.position)


def _contact(request: RequestStanding) -> tuple[str, ...]:
    return (request.contact.person,) if request.contact.person else ()


def _before_release(request: RequestStanding, policy: PolicyPublished) -> Turn:
    """What stands between an executed agreement and a release: the contact, the key, its confirmation, its test."""
    contact, since, whom = request.contact, request.since, _contact(request)
    if contact.designated is None:
        return Turn(OFFICE, (), "designate a point of contact", since)
    leaving = request.leaving(contact.designated.event.person)
    if leaving:
        return Turn(OFFICE, whom, "designate another point of contact", max(since, leaving.position))
    key = contact.key
    if key is None:
        rejected = [one.rejected.position for one in contact.keys.values() if one.rejected]
        return Turn(CONTACT, whom, "send an OpenPGP key", max(since, contact.designated.position, *rejected, 0))
    if key.revoked:
        return Turn(CONTACT, whom, "send another OpenPGP key", max(since, key.revoked.position))
    if key.confirmed is None:
        return Turn(OFFICE, whom, "confirm the key by a second channel", max(since, key.filed.position))
    tested = _test(key, since, whom) if policy.key_test_required else None
    return tested or Turn(OFFICE, (), "authorise the release", max(since, key.confirmed.position, *_tests(key), 0))


def _test(key: KeyStanding, since: int, whom: tuple[str, ...]) -> Turn | None:
    """What the test of a key waits for; None once it was passed by some channel."""
    if any(key.passed(channel) for channel in key.tests):
        return None
    under_way = [one.position for one in key.tests.values() if isinstance(one.event, KeyTestSent)]
    if under_way:
        return Turn(CONTACT, whom, "read the test file back", max(since, *under_way, 0))
    confirmed = key.confirmed.position if key.confirmed else 0
    return Turn(OFFICE, whom, "test the key and the channel", max(since, confirmed, *_tests(key), 0))


def _tests(key: KeyStanding) -> list[int]:
    return [one.position for one in key.tests.values()]
