"""The record of disclosures, the figures of a year, releases by lot, and how the office itself is governed."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import pytest

from ledger.boundary import about
from ledger.codec import Fact
from ledger.events import (
    ActRefused,
    AgreementExecuted,
    DataSetOpened,
    DocumentOpened,
    Event,
    FactCorrected,
    HistoryViewed,
    RequestApproved,
    RequestDeclined,
    RoleEnded,
)
from ledger.events.agreement import Recipient
from ledger.events.request import Wanted
from ledger.home import open_home
from ledger.storage import open_store
from projections.asof import AsOf, Moment
from projections.views.agreements import Covering, covering
from projections.views.answers import holdings_for
from projections.views.disclosing import Copy
from projections.views.disclosures import Asked, Disclosure, disclosures
from projections.views.figures import Figures, figures
from projections.views.past import past_holders, past_holdings_of_person
from tests.amending_facts import compelled
from tests.command_line import dua_ledger
from tests.endings import copied
from tests.facts import (
    ANA,
    BEN,
    DATA_SET,
    NOON,
    OFFICE,
    REQUEST,
    Clock,
    commitment,
    data_set,
    erased,
    fact,
    ledger_on,
    version_added,
)
from tests.office_facts import (
    DIRECTOR,
    ELSEWHERE,
    FAR_OFF,
    LONG_AGO,
    OTHER_REQUEST,
    STRANGER,
    TODAY,
    YESTERDAY,
    role,
    role_ended,
    wanted,
)
from tests.office_facts import request as submitted
from tests.office_requests import complete
from tests.past_facts import LONG_PAST, past_dataset, past_release
from tests.question_facts import OPENED, ask, office_home
from tests.view_facts import (
    AGREED,
    KEYED,
    RELEASED,
    authorised,
    failed,
    handed_over,
    issued,
    not_let_in,
    opened_by,
    permitted,
    waiver,
)

RUN = "course-v1:MITx+6.002x+2012_Spring"
EVER = Asked(date(1970, 1, 1), date(9999, 12, 31))


def said(question: Callable[[Connection], Any], *facts: Event | Fact | Iterable[Event]) -> Any:
    """What the views answer in the face of these facts."""
    told = [one for some in facts for one in ([some] if isinstance(some, Event | Fact) else some)]
    with open_store("sqlite://", lambda: NOON) as store:
        ledger = ledger_on(store)
        ledger.append([one if isinstance(one, Fact) else fact(one) for one in told])
        return AsOf(ledger, Moment()).ask(question).rows


def found(*facts: Any, asked: Asked = EVER) -> list[Disclosure]:
    rows: list[Disclosure] = said(lambda views: disclosures(views, asked), *facts)
    return rows


def whats(*facts: Any, asked: Asked = EVER) -> list[str]:
    return [one.what for one in found(*facts, asked=asked)]


def refusal(act: str = "authorise-release") -> ActRefused:
    return ActRefused(act=act, request=REQUEST, objections=())


def declined(request: str = REQUEST) -> RequestDeclined:
    return RequestDeclined(request=request, reason=commitment())


def disclosure(**said: Any) -> Disclosure:
    """One of the identified data set, of today, about which no more is said than this."""
    rest: dict[str, Any] = {
        "position": 0,
        "day": TODAY,
        "dated": "day",
        "organisation": None,
        "copies": (Copy(DATA_SET, "identified"),),
        "course_runs": (RUN,),
        "learners": None,
        "interest": (),
        "bases": (),
        "further": (),
        "request": REQUEST,
        "release": None,
        "source": None,
    }
    return Disclosure(**(rest | said))


# The record.


def test_a_request_for_identified_data_is_in_the_record_with_who_asked_and_why():
    (only,) = found(complete())
    assert only._replace(position=0) == disclosure(
        what="requested", party=ANA, interest=("scholarship on teaching and learning",), further=(BEN,)
    )


def test_what_was_handed_over_is_in_it_with_its_learners_parties_and_bases():
    out = handed_over()
    disclosed = found(complete(), RELEASED)[-1]
    assert (disclosed.what, disclosed.party, disclosed.release) == ("disclosed", out.contact, out.release)
    assert (disclosed.copies, disclosed.learners) == ((Copy(DATA_SET, "identified"),), out.learners)


def test_whom_a_data_server_let_in_is_in_it_once_a_day_under_what_and_on_which_basis():
    facts = [*complete(), *AGREED]
    let_in = [one for one in found(facts, permitted(), permitted(), not_let_in(BEN)) if "let in" in one.what]
    request = found(facts)[0]
    once = request._replace(position=len(facts) + 1, what="let in", bases=("34 CFR 99.31(a)(6)",), further=())
    refused = once._replace(position=len(facts) + 3, what="not let in", party=BEN, copies=(Copy(DATA_SET),), bases=())
    assert let_in == [once, refused]
    assert [one.party for one in found(facts, permitted(), asked=EVER._replace(person=ANA))] == [ANA, ANA]


def test_a_copy_that_came_to_somebody_unnamed_is_in_it_on_no_basis_and_one_to_a_recipient_is_not():
    facts = [*complete(), *RELEASED]
    copy = copied(STRANGER, since=YESTERDAY)
    passed_on = found(facts, copied(ANA, by=BEN), copy)[0]

    assert passed_on == disclosure(
        position=len(facts) + 2, day=YESTERDAY, what="passed on outside the agreement", party=STRANGER
    )
    unknown = found(facts, copied(None, since=YESTERDAY, account=64 * "1"))[0]
    assert unknown == passed_on._replace(position=len(facts) + 1, party=None, recipient=64 * "1")
    assert whats(facts, copied(ANA, by=BEN)) == whats(facts) == ["requested", "disclosed"]
    assert whats(facts, copy, FactCorrected(corrected=len(facts) + 1, about=tuple(sorted(copy.tags())))) == whats(facts)
    assert whats(facts, copy, asked=EVER._replace(person=STRANGER)) == ["passed on outside the agreement"]
    assert whats(facts, copy, asked=EVER._replace(last=YESTERDAY - timedelta(1))) == []


def test_what_somebody_unnamed_opened_is_in_it_whoever_it_was_and_what_a_recipient_opened_is_not():
    facts = [*complete(), *RELEASED]
    by_nobody_known = DataSetOpened(dataset=DATA_SET, label=None, person=None, request=None, account=64 * "1")
    told = found(facts, version_added(), opened_by(BEN), opened_by(STRANGER), by_nobody_known)[2:]
    opening = found(facts, permitted())[-1]._replace(what="opened by somebody unnamed", interest=(), bases=())

    assert told == [
        opening._replace(position=len(facts) + 3, party=STRANGER),
        opening._replace(
            position=len(facts) + 4, party=None, request=None, copies=(Copy(DATA_SET),), recipient=64 * "1"
        ),
    ]
    undone = FactCorrected(corrected=len(facts) + 1, about=tuple(sorted(opened_by(STRANGER).tags())))
    assert whats(facts, opened_by(STRANGER), undone) == whats(facts)
    assert whats(facts, by_nobody_known, asked=EVER._replace(first=TODAY + timedelta(1))) == []


def test_what_the_law_compelled_is_in_it_on_its_own_basis_with_who_got_it_by_commitment_alone():
    told = compelled(also=("D-forum",), learners=2)
    (only,) = found(told, data_set())
    assert only == disclosure(
        position=1,
        what="compelled",
        party=None,
        copies=(Copy(DATA_SET, None), Copy("D-forum", None)),
        learners=2,
        interest=("subpoena",),
        bases=("34 CFR 99.31(a)(9)",),
        request=None,
        recipient=told.to,
    )
    assert found(told, FactCorrected(corrected=1, about=(f"dataset:{DATA_SET}",))) == []
    for asked, expected in (
        (Asked(TODAY, TODAY, form="identified", dataset=DATA_SET), 1),
        (Asked(TODAY + timedelta(1), date.max), 0),
        (EVER._replace(person=ANA), 0),
        (EVER._replace(dataset="D-forum"), 1),
    ):
        assert len(found(told, data_set(), asked=asked)) == expected, asked


def test_what_was_handed_over_and_never_arrived_is_in_it_too():
    facts = (complete(), AGREED, KEYED, authorised(), handed_over(), failed())
    assert whats(*facts) == ["requested", "lost on the way"]


def test_what_was_authorised_and_not_handed_over_is_no_disclosure():
    assert whats(complete(), AGREED, KEYED, authorised()) == ["requested"]


@pytest.mark.parametrize("act", ["approve-request", "authorise-release", "hand-over-release"])
def test_a_refusal_of_what_would_have_disclosed_is_in_it(act: str):
    assert whats(complete(), refusal(act)) == ["requested", "refused"]


@pytest.mark.parametrize("act", ["issue-agreement", "grant-waiver"])
def test_a_refusal_of_anything_else_is_not(act: str):
    assert whats(complete(), refusal(act)) == ["requested"]


def test_that_a_request_was_declined_is_in_it():
    assert whats(complete(), declined()) == ["requested", "declined"]


def test_a_request_that_comes_in_again_is_in_it_again_only_when_it_asks_for_something_else():
    more = submitted(datasets=(wanted(), wanted(dataset="D-2")))
    assert whats(complete(), submitted(), more) == ["requested", "requested"]


@pytest.mark.parametrize(("form", "whole", "identified"), [("de-identified", 1, 0), ("identified", 1, 1), (None, 1, 1)])
def test_the_record_of_identified_data_has_what_was_asked_for_in_that_form_or_in_none(
    form, whole: int, identified: int
):
    facts = complete(request=submitted(datasets=(Wanted(dataset=DATA_SET, form=form),)))
    assert len(found(facts)) == whole
    assert len(found(facts, asked=EVER._replace(form="identified"))) == identified


@pytest.mark.parametrize(
    ("changes", "many"),
    [
        ({"person": ANA}, 2),
        ({"person": BEN}, 1),
        ({"person": DIRECTOR}, 0),
        ({"dataset": DATA_SET}, 2),
        ({"dataset": "D-2"}, 0),
        ({"course_run": RUN}, 2),
        ({"course_run": "course-v1:MITx+1+2"}, 0),
        ({"first": TODAY, "last": TODAY}, 2),
        ({"first": TODAY + timedelta(1)}, 0),
        ({"last": TODAY - timedelta(1)}, 0),
    ],
)
def test_what_is_asked_about_is_told_alone(changes: dict[str, Any], many: int):
    assert len(found(complete(), RELEASED, asked=EVER._replace(**changes))) == many


def test_what_a_register_says_is_in_it_system_access_too():
    facts = [data_set(), past_release(), past_release(row=32 * "2", provided="system access", person=None)]
    first, second = found(facts)
    assert (first.what, first.party, first.organisation, first.bases) == (
        "past transfer",
        ANA,
        ELSEWHERE,
        ("34 CFR 99.30",),
    )
    assert (first.day, first.dated, first.course_runs) == (LONG_PAST, "not-later-than", (RUN,))
    assert (first.source, second.what, second.party) == ("NIC-1 1.0 releases-2020", "past system access", None)


@pytest.mark.parametrize(
    ("dated", "on", "first", "last", "is_told"),
    [
        ("day", "2020-03-31", "2020-03-31", "2020-03-31", True),
        ("day", "2020-03-31", "2020-04-01", "2020-04-30", False),
        ("month", "2020-03-01", "2020-03-31", "2020-04-30", True),
        ("month", "2020-03-01", "2020-04-01", "2020-04-30", False),
        ("month", "2020-03-01", "2020-01-01", "2020-02-29", False),
        ("not-later-than", "2020-03-31", "2019-01-01", "2019-12-31", True),
        ("not-later-than", "2020-03-31", "2020-03-31", "2020-12-31", True),
        ("not-later-than", "2020-03-31", "2020-04-01", "2020-12-31", False),
    ],
)
def test_what_is_dated_loosely_is_told_wherever_it_may_have_been(
    dated: Any, on: str, first: str, last: str, is_told: bool
):
    asked = Asked(date.fromisoformat(first), date.fromisoformat(last))
    assert bool(found(past_release(dated=dated, on=date.fromisoformat(on)), asked=asked)) is is_told


def test_what_was_taken_back_is_in_no_answer():
    release = past_release()
    facts = [past_dataset(), release, FactCorrected(corrected=2, about=tuple(sorted(release.tags())))]
    assert found(facts) == []
    assert said(lambda views: past_holders(views, DATA_SET), facts) == []
    assert said(lambda views: past_holdings_of_person(views, ANA), facts) == []


# Holdings and agreements.


def test_access_to_a_system_makes_nobody_a_holder():
    facts = [past_release(provided="system access"), past_release(row=32 * "2", provided="repeated transfer")]
    (only,) = said(lambda views: past_holders(views, DATA_SET), facts)
    assert only.releases == 1


def test_what_people_hold_is_held_for_the_organisation_for_which_an_agreement_names_them():
    named = issued(recipients=(Recipient(person=ANA, organisation=ELSEWHERE), Recipient(person=BEN, organisation=None)))
    life = [named if one == issued() else one for one in RELEASED]
    held = said(lambda views: holdings_for(views, ELSEWHERE, TODAY), complete(), life)
    assert [one.person for one in held] == [ANA]


@pytest.mark.parametrize(
    ("form", "dataset", "many"), [(None, None, 1), ("identified", DATA_SET, 1), ("aggregated", None, 0)]
)
def test_an_executed_agreement_covers_what_it_names(form: str | None, dataset: str | None, many: int):
    told = said(lambda views: covering(views, form, dataset), complete(), AGREED)
    assert told == many * [
        Covering("A-1", REQUEST, tuple(sorted((ANA, BEN))), (DATA_SET,), ("identified",), LONG_AGO, FAR_OFF)
    ]


# Figures.

MONDAY = datetime(2026, 3, 2, 17, tzinfo=UTC)


def on(day: int, event: Event) -> Fact:
    return fact(event, occurred_at=MONDAY + timedelta(days=day))


def of_year(*facts: Any, year: int = 2026) -> tuple[list[Figures], int]:
    answer: tuple[list[Figures], int] = said(
        lambda views: figures(views, date(year, 1, 1), date(year, 12, 31)), data_set(), *facts
    )
    return answer


def test_a_year_without_requests_has_no_figures():
    assert of_year() == ([Figures("all", "all", 0, 0, 0, 0, 0, None, None)], 0)


def test_requests_are_counted_by_form_and_kind_and_their_time_by_working_days():
    both = submitted(datasets=(wanted(), wanted("de-identified", "D-2")))
    other = submitted(OTHER_REQUEST)
    facts = [on(0, both), on(7, RequestApproved(request=REQUEST)), on(0, other), on(1, declined(OTHER_REQUEST))]

    assert of_year(*facts, refusal()) == (
        [
            Figures("all", "all", 2, 1, 1, 0, 0, 3.0, 5),
            Figures("de-identified", "not known", 1, 1, 0, 0, 0, 5.0, 5),
            Figures("identified", "person-course", 2, 1, 1, 0, 0, 3.0, 5),
        ],
        1,
    )


def test_a_request_that_was_decided_in_the_next_year_waits_at_the_end_of_this_one():
    facts = [on(-90, submitted()), on(0, declined())]
    assert of_year(*facts, year=2025)[0][0] == Figures("all", "all", 1, 0, 0, 0, 1, None, None)
    assert of_year(*facts, year=2026)[0][0] == Figures("all", "all", 0, 0, 1, 0, 0, 64.0, 64)


# On the command line.


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which data went out under a waiver, and somebody looked at it."""
    life = [*RELEASED[:-3], waiver(date(2026, 12, 31)), *RELEASED[-3:]]
    under = [
        AgreementExecuted(agreement="A-1", request=REQUEST, starts=LONG_AGO, ends=FAR_OFF, waivers=("W-1",))
        if isinstance(one, AgreementExecuted)
        else one
        for one in life
    ]
    looked = [
        HistoryViewed(how="read", request=REQUEST),
        DocumentOpened(entry=3, document=commitment(), request=REQUEST),
        HistoryViewed(how="exported", request=None, person=ANA),
    ]
    past = [past_dataset(), past_release(person=None)]
    return office_home(tmp_path_factory.mktemp("governed") / "home", under, looked, past, erased(details=("phone",)))


def test_who_looked_at_a_history_is_told(home: Path):
    looks = [(one["principal"], one["how"]) for one in ask(home, "views-of", REQUEST, "--json").rows]
    assert looks[0] == (OFFICE, "read")
    assert (looks[1][0], looks[1][1]) == (OFFICE, "opened a document of entry 3")
    assert [one["how"] for one in ask(home, "views-of", ANA, "--json").rows] == ["took a copy along"]


def test_a_waiver_is_told_with_what_was_done_under_it(home: Path):
    (only,) = ask(home, "waivers", "--json").rows
    with open_home(home) as opened:
        (used,) = [one.position for one in opened.ledger.facts() if isinstance(one.event, AgreementExecuted)]
    assert (only["waiver"], only["rule"], only["used"], only["in_force"]) == ("W-1", "key-tested", [used], True)


def test_who_was_erased_is_told_by_id(home: Path):
    (only,) = ask(home, "erased", "--json").rows
    assert (only["person"], only["details"], only["last_copy_lapses"]) == (ANA, ["phone"], "2026-12-21")


def test_who_holds_which_role_is_told_for_any_day(home: Path):
    now = ask(home, "roles", "--json").rows
    assert ("director", DIRECTOR) in [(one["role"], one["person"]) for one in now]
    before = OPENED.date() - timedelta(1)
    assert ask(home, "roles", "--known-at", before, "--json").rows == []
    assert ask(home, "roles", "--principal", "staff:nobody", "--json").rows == []


def test_a_role_that_was_granted_later_was_held_from_its_first_day_on_as_is_known_today(home: Path):
    def held(*time: object) -> list[str]:
        return [one["role"] for one in ask(home, "roles", *time, "--json").rows]

    before = OPENED.date() - timedelta(1)
    assert held("--as-of", LONG_AGO) == held("--as-of", before) == held()
    assert held("--as-of", LONG_AGO - timedelta(1)) == held("--as-of", before, "--known-at", before) == []


def test_a_role_that_ended_was_held_until_then(tmp_path: Path):
    home = office_home(tmp_path / "home", role_ended(), role(starts=LONG_AGO, ends=YESTERDAY))
    with open_home(home) as opened:
        (end,) = [one for one in opened.ledger.facts() if isinstance(one.event, RoleEnded)]

    def entries(*time: object) -> list[int]:
        return [one["position"] for one in ask(home, "roles", *time, "--json").rows if one["role"] == "director"]

    at = [f"{end.occurred_at - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (1, 0)]
    assert len(entries("--as-of", at[0])) == 2
    assert entries("--as-of", at[1]) == [end.position + 1]


def test_the_record_is_told_in_words_as_a_table_and_for_programs(home: Path):
    question = ["disclosures", "--from", "2026-01-01", "--to", "2026-12-31"]
    assert [one["what"] for one in ask(home, *question, "--json").rows] == ["requested", "disclosed"]
    assert "further_parties_name" in ask(home, *question, "--csv").out.splitlines()[0]
    assert "lost on the way" not in ask(home, *question).out
    assert "This holds for position" in ask(home, *question).out
    assert ask(home, "disclosures", "--from", "2026-02-01", "--to", "2026-01-01").code == 2


def test_a_sample_has_all_evidence_and_is_the_same_for_the_same_seed(home: Path, tmp_path: Path):
    (only,) = ask(home, "sample", "--seed", "s", 25, "--to", tmp_path / "drawn", "--json").rows
    assert (only["release"], only["request"]) == ("L-1", REQUEST)
    assert dua_ledger("verify", only["file"]).code in (0, 12)
    assert [one["position"] for one in ask(home, "sample", "--seed", "s", 1, "--json").rows] == [only["position"]]
    with open_home(home) as opened:
        looks = [(fact.actor, fact.event) for fact in opened.ledger.facts([about(HistoryViewed)])]
    assert looks[-1] == ("operator:local", HistoryViewed(how="exported", request=only["request"]))
    assert ask(home, "sample", "--seed", "s", 1, "--to", tmp_path / "drawn").code == 1


def test_holders_of_now_and_of_the_past_are_told_together(home: Path):
    rows = ask(home, "holders", DATA_SET, "--json").rows
    assert [(one["how"], one["organisation"]) for one in rows] == [
        ("held", None),
        ("presumed", None),
        ("imported", ELSEWHERE),
    ]
    assert "by 2020-03-31" in " ".join(ask(home, "holdings", "--organisation", ELSEWHERE).out.split())
    assert [one["how"] for one in ask(home, "agreements", "--json").rows] == ["in force", "imported"]


def test_the_figures_are_told(home: Path):
    answer = ask(home, "stats", "--year", 2026, "--json").members
    assert (answer["rows"][0]["requests"], answer["rows"][0]["approved"], answer["refusals"]) == (1, 1, 0)
    assert Clock()().year == 2026
