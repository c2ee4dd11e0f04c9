"""The checklist of a request at a time: item by item and person by person, what is there, pending, missing or waived.

It is made of the rules themselves: they judge what the request has to pass next, its approval while it isn't decided
and a release afterwards, and of what comes later they judge a release, too. So it can't say otherwise than a decision.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

from ledger.events import KeyTestSent
from projections.acts import Act, ApproveRequest, AuthoriseRelease, Chosen
from projections.rules.ethics import covering, determined_by, in_force
from projections.rules.rule import Objection, Rule
from projections.rules.rulebook import RULEBOOK, judge, waivers
from projections.standing import GRANTED, DataSetStanding, RequestStanding, Standing, State, awaiting_reliance

Status = Literal["there", "pending", "missing", "waived"]

# By whom the rules are listed, in the order of the checklist; those about a person are listed person by person.
OF_THE_RESEARCHER = (
    "researcher-known",
    "student-sponsor",
    "funding-and-review",
    "data-and-group",
    "couhes",
    "irb-and-couhes",
    "citi-training",
    "purpose-described",
)
ITEMS = (
    *OF_THE_RESEARCHER,
    "law-determined",
    "nobody-suspended",
    "nobody-debarred",
    "no-hold",
    "no-open-incident",
    "named-recipients",
    "contact-named",
    "key-usable",
    "key-confirmed",
    "key-address",
    "key-tested",
    "version-on-offer",
)
BY_PERSON = ("couhes", "irb-and-couhes", "citi-training", "nobody-suspended", "nobody-debarred", "named-recipients")
OF_THE_KEY = ("key-confirmed", "key-address", "key-tested")
# How far the request has come, what its release is called and who decides are no items of a checklist.
NOT_LISTED = ("open-request", "approved-request", "release-in-turn", "separate-duties")

# Nobody decides here; nothing is recorded under these names.
NOBODY, NO_RELEASE = "checklist:nobody", "L-checklist"
# What stands in for a channel that nobody chose, and for a version that nobody added; and how people are told.
ANY_CHANNEL, ANY_VERSION = "the-channel-of-the-release", "any"
TOLD = {
    f"a test of the key by {ANY_CHANNEL}": "a test of the key by the channel of the release",
    f"version {ANY_VERSION}": "a version",
}


class Line(NamedTuple):
    """An item: its rule and source, about whom or what, how it stands, what is wanting, and the facts that show it.

    `now` says whether the next decision on the request needs it; if not, the release does.
    """

    rule: str
    source: str
    about: str | None
    status: Status
    wanting: str
    facts: tuple[int, ...]
    now: bool


def next_act(request: str, standing: Standing) -> Act:
    """What the request has to pass next: its approval until it is granted, and then a release."""
    if standing.request(request).state in (*GRANTED, State.CLOSED):
        return release_of(request, standing)
    return ApproveRequest(principal=NOBODY, request=request)


def release_of(request: str, standing: Standing) -> AuthoriseRelease:
    """A release of all that was asked for, in the versions that came last, by the channel that was tested last."""
    known = standing.request(request)
    versions = {one.dataset: _latest(standing.dataset(one.dataset), one.form) for one in known.datasets}
    return AuthoriseRelease(
        principal=NOBODY,
        request=request,
        release=NO_RELEASE,
        channel=_channel(known),
        versions=tuple(Chosen(dataset=dataset, label=label) for dataset, label in versions.items()),
    )


def checklist(request: str, standing: Standing, at: datetime) -> list[Line]:
    """Every item of a request that the ledger knows, as it stands at that time."""
    following, release = next_act(request, standing), release_of(request, standing)
    needed = {rule.id for rule in RULEBOOK[type(following)]}
    rules = {rule.id: rule for act in (release, following) for rule in RULEBOOK[type(act)]}
    judged = {act: _Judged(act, standing, at) for act in {following, release}}
    return [
        line
        for id_ in ITEMS
        for line in judged[following if id_ in needed else release].lines(rules[id_], now=id_ in needed)
    ]


class _Judged:
    """What the rules say of an act."""

    def __init__(self, act: Act, standing: Standing, at: datetime) -> None:
        self._act, self._standing, self._at = act, standing, at
        self._request = standing.request(act.request)
        self._objections = judge(act, standing, at)
        self._waived = {one.event.rule: one.position for one in waivers(act, standing, at)}

    def lines(self, rule: Rule[Any], *, now: bool) -> Iterator[Line]:
        """What a rule says, in lines."""
        if rule.id in self._not_yet():
            return
        if rule.id in self._waived:
            yield Line(rule.id, rule.source, None, "waived", "", (self._waived[rule.id],), now)
            return
        objections: dict[str | None, list[Objection]] = {about: [] for about in self._subjects(rule.id)}
        for one in self._objections:
            if one.rule == rule.id:
                objections.setdefault(one.about, []).append(one)
        is_kept = not any(objections.values())
        for about, mine in objections.items():
            if not mine and (is_kept or about is not None):
                yield Line(rule.id, rule.source, about, "there", "", self._facts(rule.id, about), now)
            for one in mine:
                status: Status = "pending" if self._is_pending(one) else "missing"
                yield Line(rule.id, rule.source, about, status, TOLD.get(one.wanting, one.wanting), one.facts, now)

    def _not_yet(self) -> tuple[str, ...]:
        """The rules that have nothing to look at before there is a contact, and then a key."""
        contact = self._request.contact
        if contact.designated is None:
            return ("key-usable", *OF_THE_KEY)
        return OF_THE_KEY if contact.key is None else ()

    def _subjects(self, rule: str) -> list[str | None]:
        """Whom a rule is about, one by one, or the request as a whole."""
        people = self._act.people(self._standing)
        match rule:
            case "couhes":
                return [*self._request.affiliations.those_from("home", people)]
            case "irb-and-couhes":
                return [*self._request.affiliations.those_from("outside", people)]
            case _ if rule in BY_PERSON:
                return list(people)
        return [None]

    def _is_pending(self, objection: Objection) -> bool:
        """Whether it is on its way: with a board, with the office, or with whoever has to sign or answer."""
        request, person = self._request, objection.about
        match objection.rule:
            case "couhes" | "irb-and-couhes":
                home = objection.rule == "couhes" or objection.wanting.startswith("home")
                is_awaited = objection.wanting.endswith("reliance") and self._awaits_reliance(person or "")
                return is_awaited or any(
                    one.is_pending and one.is_about(person or "") and (one.known.event.organisation is None) == home
                    for one in request.determinations.values()
                )
            case "citi-training":
                day = self._standing.office.day(self._at)
                months = self._standing.office.policy.event.training_months
                return self._standing.person(person or "").training_on(day, months) is not None
            case "law-determined":
                return request.submitted is not None and objection.wanting == "legal determination"
            case "named-recipients":
                return any(
                    one.executed is None and one.terminated is None and person in {p.person for p in _named(one.issued)}
                    for one in request.agreements.values()
                )
            case "key-tested":
                key = request.contact.key
                return key is not None and any(isinstance(one.event, KeyTestSent) for one in key.tests.values())
        return False

    def _awaits_reliance(self, person: str) -> bool:
        """Whether the home board was asked to rely on what lets a person work, or may when their own board decides."""
        office, own = self._standing.office, determined_by(self._request.organisation(person), self._request)
        asked = [one for one, _ in awaiting_reliance(own) if one.is_about(person)]
        return any(one.is_pending for one in asked) or bool(in_force(asked, office, office.day(self._at)))

    def _facts(self, rule: str, about: str | None) -> tuple[int, ...]:
        """What shows that an item is there."""
        request, standing = self._request, self._standing
        day = standing.office.day(self._at)
        found: list[int | None] = []
        match rule:
            case "couhes" | "irb-and-couhes":
                boards = (True,) if rule == "couhes" else (False, True)
                for home in boards:
                    for one in covering(about or "", request, standing.office, day, home=home):
                        found += one.facts
            case "citi-training":
                person = standing.person(about or "")
                training = person.training_on(day, standing.office.policy.event.training_months)
                found = [training.position, person.verified.get(training.event.document)] if training else []
            case "law-determined":
                found = [request.law and request.law.position]
            case "named-recipients":
                named = [request.agreement(party.agreement) for party in request.naming(about or "", day)]
                found = [position for one in named for position in one.facts]
            case "contact-named" | "key-usable" | "key-confirmed" | "key-address" | "key-tested":
                key = request.contact.key
                found = [request.contact.designated and request.contact.designated.position]
                if key and rule != "contact-named":
                    tests = [one.position for one in key.tests.values()] if rule == "key-tested" else []
                    found = [key.filed.position, key.confirmed and key.confirmed.position, *tests]
            case "version-on-offer" if isinstance(self._act, AuthoriseRelease):
                for chosen in self._act.versions:
                    found += standing.dataset(chosen.dataset).facts(chosen.label)
            case "nobody-suspended" | "nobody-debarred" | "no-hold" | "no-open-incident":
                pass
            case _:
                found = [request.submitted and request.submitted.position]
        return tuple(sorted({position for position in found if position}))


def _named(issued: Any) -> Any:
    return issued.event.recipients if issued else ()


def _latest(dataset: DataSetStanding, form: str | None) -> str:
    """The version that was added last in this form, or else in any."""
    labels = list(dataset.versions)
    fitting = [label for label in labels if dataset.form(label) == form]
    return (fitting or labels or [ANY_VERSION])[-1]


def _channel(request: RequestStanding) -> str:
    key = request.contact.key
    if key is None or not key.tests:
        return ANY_CHANNEL
    passed = [channel for channel in key.tests if key.passed(channel)]
    return (passed or list(key.tests))[-1]
