"""Whatever else is recorded of an office: registers of the past, erasures, notices, days; and stories with all that."""

from datetime import timedelta
from typing import Any, NamedTuple, get_args

from hypothesis import strategies as st

from ledger.events import (
    ApiKeyRevoked,
    DataSetOpened,
    DataSetRetired,
    DocumentOpened,
    HistoryViewed,
    LogKeyRetired,
    LogKeyRotated,
    PersonDetailsChanged,
)
from ledger.events.people import Detail
from tests.amending_facts import amend, compelled, debarment_lifted, debarred, renew
from tests.desk_beside_model import ADMIN
from tests.desk_thrown import principals
from tests.desk_thrown_later import LONG
from tests.endings import (
    accept,
    close,
    close_incident,
    contained,
    copied,
    departed,
    finding_assigned,
    finding_closed,
    incident,
    moved_away,
    restored,
    revoked,
    write_off,
)
from tests.facts import ANA, API_KEY, BEN, DATA_SET, REQUEST, api_key, commitment, data_set
from tests.office_acts import approve, authorise, decline, erase, execute, hand_over, issue, let_in, waive
from tests.office_facts import (
    COUHES,
    DUA,
    FAR_OFF,
    HEAD,
    MOU,
    STRANGER,
    TODAY,
    board_ended,
    failed,
    form_changed,
    key_rejected,
    key_revoked,
    lifted,
    memorandum,
    reliance_requested,
    returned,
    role,
    role_ended,
    suspended,
    terminated,
    trial_failed,
    withdrawn,
)
from tests.outside import answer, asked, changes_asked, let_appear, notified, query_withdrawn, retracted, reviewed
from tests.past_facts import row

ORIGIN = "ir.example.edu/dua-ledger"
OFFICES = "ir-staff@example.edu"
NAMES = {ANA: "Ana Ejemplo", BEN: "Ben Beispiel", STRANGER: "Sam Fremd", HEAD: "Hana Haupt"}
# The head of the department can't be reached.
ADDRESSES = {ANA: "ana@example.edu", BEN: "ben@example.org", STRANGER: "sam@example.net"}
REST = dict.fromkeys(("institution", "department", "address"), "as they said")


class Past(NamedTuple):
    """A row of a register of the past."""

    reference: str
    organisation: str
    dataset: str
    name: str = ""
    email: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        changes = {"No": self.reference, "Organisation": self.organisation, "Data": self.dataset}
        return row(**changes, Contact=self.name, E_mail=self.email)

    @property
    def keys(self) -> list[tuple[str, ...]]:
        """What the office knows again by it: an organisation, a type of data, and a person if one is named."""
        named = [whom(self.organisation, self.name, self.email)] if self.name else []
        return [("organisation", self.organisation), ("dataset", self.dataset), *named]

    @property
    def texts(self) -> dict[str, str]:
        """What somebody who is named is known by."""
        told = {"name": self.name, "institution": self.organisation, "email": self.email}
        return {member: text for member, text in told.items() if text}


def whom(organisation: str, name: str, email: str) -> tuple[str, ...]:
    """Somebody is known again by their address, or else by their name at an organisation."""
    return ("address", email.lower()) if email else ("person", organisation, name.lower())


class TakesIn(NamedTuple):
    """A register is taken in."""

    rows: tuple[Past, ...]


class Sends(NamedTuple):
    """Notices are sent, so many at most, by a server that is there or not, and answers so whoever has an address."""

    limit: int | None = None
    is_there: bool = True
    answers: tuple[tuple[str, bytes], ...] = ()


class SendsAgain(NamedTuple):
    """One of the last notices that were refused for good is to be sent again."""

    back: int = 0


class DaysGoBy(NamedTuple):
    """And what fell due is recorded."""

    days: int


class TakenBack(NamedTuple):
    """What was written down last is not so."""


class AnotherRequest(NamedTuple):
    """It comes in, complete; what happens from now on is about this one."""


LAKESIDE, HILL = "Lakeside College", "Hill School"
ROWS = (
    Past("1", LAKESIDE, "Grades", "Ada Lune", "ada@example.com"),
    Past("2", LAKESIDE, "Videos", "Ana Ejemplo", ADDRESSES[ANA]),
    Past("3", HILL, "Grades", "Ada Lune"),
    Past("4", HILL, "Forum", "Ada Lune", "ADA@example.com"),
    Past("5", LAKESIDE, "Grades"),
    Past("6", LAKESIDE, "Grades", "Ben Beispiel", ADDRESSES[BEN]),
    Past("7", HILL, "Grades", "Sam Fremd", ADDRESSES[STRANGER]),
)
GONE, LATER = b"550 nobody here", b"450 come back"
registers = st.builds(TakesIn, st.lists(st.sampled_from(ROWS), min_size=1, max_size=4).map(tuple))
sendings = st.builds(
    Sends,
    st.sampled_from([None, 1, 3]),
    st.sampled_from([True, True, True, False]),
    st.lists(
        st.tuples(st.sampled_from([OFFICES, *ADDRESSES.values()]), st.sampled_from([GONE, LATER])), max_size=2
    ).map(tuple),
)
details = st.lists(st.sampled_from(get_args(Detail)), max_size=2, unique=True)
erasures = st.builds(
    lambda who, what, by: erase(*what, who=who, principal=by),
    st.sampled_from([ANA, BEN, STRANGER, HEAD]),
    details,
    principals | st.just(ADMIN),
)
all_else = st.one_of(
    registers, sendings, erasures, st.builds(SendsAgain, st.integers(0, 2)), st.builds(DaysGoBy, st.integers(0, 40))
)

OPENED = DataSetOpened(dataset=DATA_SET, label=None, person=None, request=None)

MORE: dict[str, list[Any]] = {
    "forgotten": [
        *(debarred(HEAD), erase("email", who=HEAD), debarment_lifted(HEAD), erase("phone", who=ANA)),
        *(terminated(MOU), terminated(DUA), erase(who=STRANGER), AnotherRequest(), erase(who=HEAD)),
    ],
    "known from the past": [
        *(TakesIn(ROWS[:3]), TakesIn(ROWS[:3]), TakesIn((*ROWS[:4], ROWS[4], ROWS[4])), TakesIn((ROWS[5], ROWS[5]))),
        # Who is in a register of the past stays known by name when nothing else needs that.
        *(terminated(MOU), terminated(DUA), TakesIn(ROWS[6:]), erase("name", who=STRANGER)),
        *(erase("email", who=STRANGER), TakesIn((ROWS[6], ROWS[6]))),
    ],
    "told": [
        *(asked(by=STRANGER, referred_by=None), incident(REQUEST, after=timedelta(days=3)), copied(STRANGER)),
        *(notified(), changes_asked(), TakenBack(), changes_asked()),
        *(finding_assigned(7, "written off", who=BEN), finding_closed(7, "written off", who=BEN)),
        *(Sends(limit=1), Sends(is_there=False), DaysGoBy(1), Sends(answers=((OFFICES, GONE),)), SendsAgain()),
        *(DaysGoBy(1), Sends(), SendsAgain(), revoked(BEN), DaysGoBy(60), Sends(), contained(REQUEST)),
    ],
    "and the rest": [
        *(
            PersonDetailsChanged(person=BEN, phone=commitment()),
            suspended(BEN),
            lifted(BEN),
            form_changed("identified"),
        ),
        *(moved_away(BEN), departed(BEN), restored(BEN), compelled(), waive(expires=FAR_OFF)),
        *(asked(by=BEN), query_withdrawn(), notified(), reviewed(), changes_asked(), retracted(), OPENED, TakenBack()),
        *(key_rejected(), key_revoked(), trial_failed(), failed("delivery"), reliance_requested()),
        board_ended(COUHES, TODAY),
        *(data_set("D-other"), DataSetRetired(dataset="D-other")),
        *(role(principal="staff:2", role="staff", person=None), role_ended("staff:2", "staff")),
        *(api_key(), ApiKeyRevoked(apikey=API_KEY), LogKeyRotated(log_key=ORIGIN), LogKeyRetired(log_key=ORIGIN)),
        *(HistoryViewed(how="read", request=REQUEST), DocumentOpened(entry=7, document=commitment())),
        *(AnotherRequest(), returned(), AnotherRequest(), withdrawn(), AnotherRequest(), decline()),
    ],
}

# Wished once more when a story is over, whatever became of it.
ALL_ACTS = [
    *(approve(), decline(), issue(memorandum()), execute(), authorise(), hand_over(), let_in(ANA), waive(), erase()),
    *(answer(), let_appear(), amend(), renew(LONG), accept(), write_off(), close(), close_incident()),
]
