"""C1.4 and C1.5: what boards determined, each determination by itself and then person by person.

Whether an outcome is enough is for the rules; here it is enough that a board has decided, and not for a time gone by.
"""

from collections.abc import Iterator
from datetime import date

from api.packets.form import EVERYBODY, HOME, Ethics, Form, Person, same
from api.packets.problem import At, Finding, shown
from ledger.events.request import Item


def ethics(form: Form, today: date) -> Iterator[Finding]:
    """What is wrong, missing or pending among the determinations."""
    for number, one in enumerate(form.ethics, 1):
        at = ("ethics", number)
        yield from _omissions(one, at)
        yield from _contradictions(one, at, today)
        yield from _strangers(form, one, at)
    for number, person in enumerate(form.people, 1):
        if person.member and person.email is not None:
            yield from _boards_of(form, person, ("people", number), today)


def _omissions(one: Ethics, at: At) -> Iterator[Finding]:
    needed = ["board", "protocol", "outcome", "covers"]
    if one.outcome != "pending":
        needed += ["on", "expires", "document"]
    for field in needed:
        if not getattr(one, field):
            yield Finding((*at, field), "is missing", "missing", one.item)
    if one.outcome == "pending":
        yield Finding((*at, "outcome"), "the board's decision is pending", "pending", one.item)
    if one.reliance == "pending":
        yield Finding((*at, "reliance"), "whether the home board relies on it is pending", "pending", "C1.5")
    if one.reliance_given and not one.home:
        for field in ("reliance", "reliance_on", "reliance_document"):
            if getattr(one, field) is None:
                yield Finding((*at, field), "is missing", "missing", "C1.5")


def _contradictions(one: Ethics, at: At, today: date) -> Iterator[Finding]:
    ends = one.expires if isinstance(one.expires, date) else None
    if one.outcome == "pending" and one.expires is not None:
        yield Finding((*at, "expires"), "is given, where the board has not decided yet")
    for field in ("on", "reliance_on"):
        day = getattr(one, field)
        if day is not None and day > today:
            yield Finding((*at, field), f"{day} is in the future")
    if ends is not None and one.on is not None and ends < one.on:
        yield Finding((*at, "expires"), f"{ends} is before the decision of {one.on}")
    if ends is not None and one.reliance_on is not None and ends < one.reliance_on:
        yield Finding((*at, "reliance_on"), f"{one.reliance_on} is after the end of what is relied on, {ends}")
    given = [
        name for name in ("reliance", "reliance_on", "reliance_document") if getattr(one, name) not in (None, "none")
    ]
    if one.home:
        for field in given:
            yield Finding((*at, field), "is for the determination of another board than the home institution's")
    if one.reliance in ("pending", "none"):
        for field in given:
            if field != "reliance":
                yield Finding((*at, field), f'is given, where reliance is "{one.reliance}"')


def _strangers(form: Form, one: Ethics, at: At) -> Iterator[Finding]:
    if one.board is not None and not form.knows_board(one):
        what = f'has to be "{HOME}", or the institution of somebody from outside as it is written there'
        yield Finding((*at, "board"), f"{what}, not {shown(one.board)}")
    if one.covers == EVERYBODY:
        return
    for number, address in enumerate(one.covers, 1):
        if (address,) == EVERYBODY:
            yield Finding((*at, "covers", number), f"{shown(address)} stands alone, or not at all")
        elif form.number(address) is None:
            what = f"{shown(address)} is the address of nobody who is listed under people"
            yield Finding((*at, "covers", number), what)
        elif any(same(address, other) for other in one.covers[: number - 1]):
            yield Finding((*at, "covers", number), f"{shown(address)} stands twice")


def _boards_of(form: Form, person: Person, at: At, today: date) -> Iterator[Finding]:
    """What a member lacks: the home board for its own people, both boards for others, and both when in doubt."""
    covering = [(number, one) for number, one in enumerate(form.ethics, 1) if form.may_cover(one, person)]
    home = [(number, one) for number, one in covering if one.home or not form.knows_board(one)]
    own = [(number, one) for number, one in covering if _is_own(one, person) or not form.knows_board(one)]
    if person.affiliation in ("home", "in doubt"):
        yield from _lack(home, at, "C1.4", "no determination of the home institution's board covers them", today)
    if person.affiliation in ("outside", "in doubt"):
        yield from _lack(own, at, "C1.5", "no determination of their own institution's board covers them", today)
    relied_on = any(one.reliance_given or one.reliance == "pending" for _, one in own)
    if person.affiliation == "outside" and not relied_on:
        what = "neither a determination of the home institution's board covers them nor its reliance on another"
        yield from _lack(home, at, "C1.5", what, today)


def _is_own(one: Ethics, person: Person) -> bool:
    return not one.home and (person.institution is None or same(one.board or "", person.institution))


def _lack(covering: list[tuple[int, Ethics]], at: At, item: Item, what: str, today: date) -> Iterator[Finding]:
    if not covering:
        yield Finding(at, what, "missing", item)
    elif all(_has_ended(one, today) for _, one in covering):
        for number, one in covering:
            yield Finding(
                ("ethics", number, "expires"),
                f"it ended on {one.expires}; a current one is needed",
                "missing",
                one.item,
            )


def _has_ended(one: Ethics, today: date) -> bool:
    # An end before the decision is a contradiction, and no end.
    return isinstance(one.expires, date) and one.expires < today and (one.on is None or one.on <= one.expires)
