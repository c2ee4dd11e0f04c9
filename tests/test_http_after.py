"""What comes after a release, over HTTP: queries, publications, copies, incidents, endings, questions about them."""

import json
from datetime import timedelta
from typing import Any

import pytest

from api.http import public
from api.notices.settings import SETTINGS
from ledger.events import NoticeRefused, NoticeRevived, NoticeSent
from ledger.home import LOG
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST
from tests.http_office import (
    IN_FILES,
    OTHERS_REQUEST,
    PDF,
    HttpOffice,
    executed,
    file,
    form,
    office,
    principal,
    sent,
    told,
)
from tests.office import written
from tests.office_facts import ELSEWHERE, STRANGER
from tests.past_facts import past_dataset, past_release
from tests.view_facts import authorised, handed_over, received

__all__ = ["executed", "office"]

PATH = f"/requests/{REQUEST}"
QUERY = "Q-2026-0001"
REFERRED = {"kind": "pass on", "asker": "A colleague", "asked": ANA, "referred_by": ANA, "datasets": [DATA_SET]}
NOTIFIED = f'{{"kind": "article", "title": "What learners do", "told_by": "{ANA}"}}'
TABLE = b"country,learners\nES,40\nFR,3\n"
REVIEWED = {"reviewer": STRANGER, "result": "fit to be published", "smallest_cell": 20}
INCIDENT = {"what": "lost device", "discovered": "2026-11-20T08:00:00Z", "requests": [REQUEST], "people": [ANA]}


def rows(office: HttpOffice, path: str, of: Any = "auditor") -> list[dict[str, Any]]:
    response = office.get(of, path)
    assert response.status_code == 200, response.get_data()
    found: list[dict[str, Any]] = told(response)["rows"]
    return found


def done(response) -> Any:
    assert response.status_code == 201, response.get_data()
    return told(response)["entries"][0]["event"]


# Queries.


def test_a_researcher_directs_whoever_asks_them_to_the_office_in_one_call(office: HttpOffice):
    assert done(office.post("researcher", "/queries", REFERRED))["referred_by"] == ANA

    (query,) = rows(office, f"/queries?about={DATA_SET}")
    assert (query["query"], query["state"], query["asked"], query["open"]) == (QUERY, "open", ANA, True)
    assert rows(office, f"/queries?about={REQUEST}") == rows(office, "/queries?about=10.1000/nobody") == []
    for unknown, why in (("D-nope", "nobody has asked about it"), ("R-2026-0099", "nobody"), ("nonsense", "neither")):
        turned_away = office.get("staff", f"/queries?about={unknown}")
        (error,) = told(turned_away)["errors"]
        assert (turned_away.status_code, error["parameter"], why in error["detail"]) == (422, "about", True)


@pytest.mark.parametrize("changed", [{"referred_by": BEN}, {"asked": BEN, "referred_by": BEN}])
def test_a_researcher_refers_for_nobody_else(office: HttpOffice, changed):
    with office.unchanged():
        assert office.post("researcher", "/queries", REFERRED | changed).status_code == 403


def test_a_query_is_answered_and_waits_no_longer(office: HttpOffice):
    done(office.post("staff", "/queries", REFERRED))
    assert [one["next"] for one in rows(office, "/inbox")][-1] == f"answer query {QUERY}"

    done(office.post("staff", f"/queries/{QUERY}/answer", {"outcome": "refused", "answer": "It is not for you."}))
    assert rows(office, "/queries?open=true") == []
    assert rows(office, f"/queries?about={QUERY}")[0]["state"] == "refused"
    assert office.post("staff", f"/queries/{QUERY}/withdrawal").status_code == 422


def test_a_table_that_answers_a_query_counts_what_it_counts_whatever_is_said_of_it(office: HttpOffice):
    done(office.post("staff", "/queries", REFERRED))
    said = '{"outcome": "office verifies", "answer": "As they say.", "smallest_cell": 100}'
    refused = form(office, f"/queries/{QUERY}/answer", said, document=("fits.csv", TABLE))
    assert refused.status_code == 409
    assert told(refused)["objections"][0]["rule"] == "aggregate-only"
    done(form(office, f"/queries/{QUERY}/answer", said, document=("fits.csv", TABLE.replace(b"3", b"5"))))


# Publications and tables.


def test_a_publication_of_their_own_is_notified_with_its_tables_by_a_researcher(office: HttpOffice):
    notified = form(office, f"{PATH}/publications", NOTIFIED, "researcher", manuscript=PDF, tables=[TABLE, TABLE])

    assert len(done(notified)["tables"]) == 2
    (one,) = rows(office, f"/publications?request={REQUEST}")
    assert (one["publication"], one["state"]) == ("B-2026-0001-1", "under review")
    with office.unchanged():
        other = form(office, f"/requests/{OTHERS_REQUEST}/publications", NOTIFIED, "researcher")
        assert other.status_code == 404


def test_a_publication_goes_its_way_and_none_is_passed_of_what_was_never_released(office: HttpOffice):
    done(form(office, f"{PATH}/publications", NOTIFIED))
    this = f"{PATH}/publications/B-2026-0001-1"
    done(office.post("staff", f"{this}/returns", {"reason": "A cell counts three."}))
    done(form(office, f"{PATH}/publications", NOTIFIED[:-1] + ', "publication": "B-2026-0001-1"}'))
    done(office.post("staff", f"{this}/reviews", REVIEWED))
    refused = office.post("staff", f"{this}/passing")
    assert [one["rule"] for one in told(refused)["objections"]] == ["publication-in-turn"]
    assert office.types() == ["act.refused.v1"]
    done(office.post("staff", f"{this}/appearance", {"on": "2026-11-21", "doi": "10.1000/abc"}))

    (one,) = rows(office, "/publications")
    assert (one["state"], one["appeared"], one["doi"]) == ("appeared", "2026-11-21", "10.1000/abc")


def check(office: HttpOffice, table: bytes, command: str = "{}", of: Any = "researcher"):
    return sent(office, "/tables/check", {"command": command, "data": file("t.csv", table)}, of)


def test_a_table_is_checked_and_nothing_of_it_is_kept(office: HttpOffice):
    with office.unchanged():
        response = check(office, TABLE)

    assert response.status_code == 200, response.get_data()
    assert {(one["kind"], one["row"], one["column"]) for one in told(response)["findings"]} >= {
        ("small cell", 3, "learners")
    }
    assert told(check(office, TABLE, '{"smallest": 3}'))["found"] == 0


def test_a_table_is_checked_by_all_its_counts_and_by_totals_of_any_name(office: HttpOffice):
    table = b"country,m,f,both,share\nDE,12,*,15,1\n"
    one, three, named = (
        told(check(office, table, json.dumps({"by": ["country"], **said})))
        for said in (
            {"count": "both"},
            {"count": ["m", "f", "both"]},
            {"count": ["m", "f", "both"], "total": ["both"]},
        )
    )

    assert (one["found"], one["totals"]) == (0, None)
    assert [(it["kind"], it["people"]) for it in three["findings"]] == [("possible total", 3)]
    assert ([(it["kind"], it["people"]) for it in named["findings"]], named["totals"]) == (
        [("hidden cell", 3)],
        ["both"],
    )


@pytest.mark.parametrize("table", [b"", b"\x00\xff", b'country,learners\nES,"4'])
def test_what_is_no_table_is_turned_away(office: HttpOffice, table):
    with office.unchanged():
        response = check(office, table)

    assert (response.status_code, told(response)["errors"][0]["pointer"]) == (422, "/data")


def test_tables_that_were_passed_for_another_are_compared_with_for_those_alone_who_see_them(office: HttpOffice):
    statuses = [
        check(office, TABLE, json.dumps({"against": against}), of).status_code
        for of in ("researcher", "auditor")
        for against in (REQUEST, OTHERS_REQUEST, "R-1999-0001", "B-none")
    ]

    assert statuses == [200, 404, 404, 404, 200, 200, 404, 404]


# Incidents, copies, findings, endings.


def test_an_incident_stands_in_the_inbox_until_it_is_closed(office: HttpOffice):
    done(office.post("researcher", "/incidents", INCIDENT))
    waits = [one["next"] for one in rows(office, "/inbox") if one["state"] == "incident"]
    done(office.post("staff", "/incidents/I-2026-0001/containment", {"how": "It was wiped."}))
    contained = [one["next"] for one in rows(office, "/inbox") if one["state"] == "incident"]
    done(office.post("director", "/incidents/I-2026-0001/closing", {"reason": "Nothing was on it."}))

    assert (waits, contained) == (["contain incident I-2026-0001"], ["close incident I-2026-0001"])
    assert [one for one in rows(office, "/inbox") if one["state"] == "incident"] == []


def test_a_finding_is_given_to_somebody_and_closed(executed: HttpOffice):
    copy = {"dataset": DATA_SET, "label": "1", "account": "Somebody in the next room"}
    done(executed.post("researcher", f"{PATH}/copies", copy))
    (found,) = rows(executed, "/findings?kind=copy to somebody unnamed")
    assert (found["person"], found["owner"], found["request"]) == (None, "office", REQUEST)
    assert found["position"] in [one["since"] for one in rows(executed, "/inbox") if one["state"] == "finding"]

    this, kind = f"/findings/{found['position']}", {"kind": found["kind"]}
    done(executed.post("staff", f"{this}/assignment", kind | {"owner": principal("alternate")}))
    assert rows(executed, f"/findings?about={REQUEST}")[0]["owner"] == principal("alternate")
    done(executed.post("staff", f"{this}/closing", kind | {"reason": "It was destroyed before our eyes."}))
    assert rows(executed, "/findings") == []
    assert rows(executed, "/findings?closed=true")[0]["closed"] == executed.length


def test_what_would_end_with_a_departure_is_told_and_recorded_only_when_it_is_meant(executed: HttpOffice):
    with executed.unchanged():
        tried = executed.post("staff", f"/people/{BEN}/departures?dry_run=true")
        ends = told(executed.get("staff", f"/people/{BEN}/departure"))
    assert (told(tried)["would_be"], ends["requests"]) == ("done", [REQUEST])
    assert any("the right under A-2" in one for one in ends["ends"])

    assert done(executed.post("staff", f"/people/{BEN}/departures"))["person"] == BEN
    assert executed.get("staff", "/people/p-" + 32 * "0" + "/departure").status_code == 404


@pytest.mark.parametrize("on", ["0001-01-01", "9999-12-31"])
def test_what_would_end_is_told_for_the_first_day_and_the_last_that_there_are(executed: HttpOffice, on):
    written([authorised(), handed_over(), received()], executed.home.ledger)
    done(executed.post("director", f"{PATH}/access-revocations", {"person": ANA, "on": "0001-01-01"}))

    ends = told(executed.get("staff", f"/people/{ANA}/departure?on={on}"))["ends"]

    assert [one for one in ends if one.startswith("to be destroyed")]


def test_a_legal_hold_is_placed_and_lifted(office: HttpOffice):
    assert done(office.post("staff", "/holds", {"reason": "A suit.", "request": REQUEST}))["hold"] == "H-2026-0001"
    assert office.post("staff", "/holds/H-2026-0001/lifting").status_code == 403
    done(office.post("director", "/holds/H-2026-0001/lifting"))


def test_a_request_under_which_nothing_is_held_is_closed(executed: HttpOffice):
    refused = executed.post("staff", f"{PATH}/closing")

    assert refused.status_code in (201, 409)
    assert executed.types() == ["request.closed.v1" if refused.status_code == 201 else "act.refused.v1"]


def test_somebody_is_debarred_until_that_is_lifted(office: HttpOffice):
    done(office.post("director", f"/people/{STRANGER}/debarments", {"until": "2027-01-01", "reason": "Passed it on."}))
    done(office.post("director", f"/people/{STRANGER}/debarment-lifts"))
    with office.unchanged():
        assert office.post("director", f"/people/{STRANGER}/debarment-lifts").status_code == 422


def test_a_disclosure_that_the_law_compelled_is_taken_with_its_document(office: HttpOffice):
    told_of = {"instrument": "subpoena", "on": "2026-11-20", "datasets": [DATA_SET], "notice_on": "2026-11-19"}
    said = json.dumps(told_of | {"to": "A court", "scope": "All of it", "counsel": "A lawyer"})

    assert done(form(office, "/compelled-disclosures", said, document=PDF))["dataset"] == DATA_SET


@pytest.mark.parametrize("said", [{"people": [], "by": ""}, {"people": []}, {"people": [ANA, BEN]}])
def test_what_nobody_attests_is_turned_away(office: HttpOffice, said):
    with office.unchanged():
        attested = office.post("staff", f"{PATH}/attestations", {"copies": 0, "media": "m", "method": "m"} | said)

    assert attested.status_code == 422


# Questions.


def test_the_record_of_disclosures_has_what_was_asked_for_with_names_for_who_may_see_them(office: HttpOffice):
    path = "/disclosures?from=2000-01-01&to=2030-01-01"
    asked = [one for one in rows(office, path, "compliance") if one["party"] == ANA]

    assert {one["party_name"] for one in asked} == {"Ana Ejemplo"}
    assert {one["request"] for one in asked} == {REQUEST}
    assert rows(office, f"{path}&person={BEN}&form=aggregated") == []
    response = office.get("auditor", "/disclosures?from=2026-01-02&to=2026-01-01")
    assert (response.status_code, told(response)["errors"][0]["parameter"]) == (422, "to")


def test_the_figures_of_a_year_are_told(office: HttpOffice):
    told_of = told(office.get("auditor", f"/stats?year={NOON.year}"))

    assert told_of["rows"][0] | {"requests": 2, "waiting": 2, "form": "all"} == told_of["rows"][0]
    assert (told_of["year"], told_of["refusals"]) == (NOON.year, 0)
    assert office.get("auditor", "/stats").status_code == 422


def test_roles_are_told_with_the_entries_that_gave_them(office: HttpOffice):
    (one,) = rows(office, f"/roles?principal={principal('researcher')}", "admin")

    assert (one["role"], one["person"]) == ("researcher", ANA)
    assert len(rows(office, "/roles")) >= 9


def test_who_looked_at_a_history_is_told(office: HttpOffice):
    assert office.get("compliance", f"{PATH}/history").status_code == 200
    at = office.length

    assert [(one["principal"], one["how"], one["position"]) for one in rows(office, f"{PATH}/views")] == [
        (principal("compliance"), "read", at)
    ]
    assert office.get("auditor", "/requests/R-1999-0001/views").status_code == 404
    office.get("staff", f"/people/{ANA}")
    assert rows(office, f"/people/{ANA}/views")[-1]["principal"] == principal("staff")


def test_waivers_are_told(office: HttpOffice):
    waiver = {"rule": "agreement-term", "reason": "The site is down.", "expires": str((NOON + timedelta(3)).date())}
    done(office.post("director", f"{PATH}/waivers", waiver))

    (one,) = rows(office, "/waivers")
    assert (one["rule"], one["granted_by"], one["in_force"], one["used"]) == (
        "agreement-term",
        principal("director"),
        True,
        [],
    )


def test_notices_that_wait_are_told_where_any_are_sent(office: HttpOffice):
    assert told(office.get("staff", "/notices")) == {"sent_from_here": False, "rows": []}
    (office.home.path / SETTINGS).write_text("")

    assert rows(office, "/notices") == []


def test_notices_that_were_sent_or_refused_are_told_and_which_nobody_had_sent_again(office: HttpOffice):
    notice: dict[str, Any] = {"of": 1, "kind": "reminder", "way": "e-mail", "person": ANA, "request": REQUEST}
    sent_one, refused, given_up = (
        kind(**notice, message=f"<{number}@x>")
        for number, kind in enumerate((NoticeSent, NoticeRefused, NoticeRefused))
    )
    first = office.length + 1
    written([sent_one, refused, given_up], office.home.ledger)
    written([NoticeRevived(**notice, message="<1@x>", refusal=first + 1)], office.home.ledger)

    found = rows(office, "/notices/told")

    assert [(one["position"], one["what"], one["again"]) for one in found] == [
        (first, "sent", None),
        (first + 1, "refused", first + 3),
        (first + 2, "refused", None),
    ]
    assert {(one["person"], one["person_name"], one["request"]) for one in found} == {(ANA, "Ana Ejemplo", REQUEST)}
    assert rows(office, "/notices/told?refused=true") == found[2:]


def test_what_registers_of_the_past_say_stands_beside_what_is_held(office: HttpOffice):
    written([past_dataset(), past_release(dataset="D-grades")], office.home.ledger)

    for path in ("/datasets/D-grades/holders", f"/organisations/{ELSEWHERE}/holdings", f"/people/{ANA}/holdings"):
        answer = told(office.get("auditor", path))
        assert answer["rows"] == []
        assert [(one["organisation"], one["dataset"]) for one in answer["imported"]] == [(ELSEWHERE, "D-grades")]
    assert office.get("auditor", "/organisations/O-nobody/holdings").status_code == 404


def test_what_is_held_without_a_right_is_told_of_the_past_too_and_what_nobody_knows_is_counted(office: HttpOffice):
    named, unnamed = past_release(dataset="D-grades"), past_release(dataset="D-grades", person=BEN, agreement=None)
    written([past_dataset(), named, unnamed], office.home.ledger)

    for path in (
        "/holdings-without-right",
        "/datasets/D-grades/holders?without_right=true",
        f"/organisations/{ELSEWHERE}/holdings?without_right=true",
    ):
        answer = told(office.get("auditor", path))
        assert [(one["person"], one["right"]) for one in answer["imported"]] == [(BEN, False)]
        assert (answer["rows"], answer["right_not_known"]) == ([], 1)
    whole = told(office.get("auditor", "/datasets/D-grades/holders"))
    assert [(one["person"], one["right"]) for one in whole["imported"]] == [(ANA, None), (BEN, False)]
    assert whole["right_not_known"] is None


def test_monitoring_reads_for_how_long_the_oldest_has_waited(office: HttpOffice):
    done(office.post("staff", "/queries", REFERRED))
    before = {one.split()[0]: float(one.split()[1]) for one in oldest(office)}
    office.clock.go(timedelta(hours=2))
    later = {one.split()[0]: float(one.split()[1]) for one in oldest(office)}

    assert before['dua_oldest_open_seconds{what="query"}'] == 0.0
    assert {what: age - before[what] for what, age in later.items()} == dict.fromkeys(before, 7200.0)
    assert len(before) == 2


def oldest(office: HttpOffice) -> list[str]:
    text = office.get("auditor", "/metrics").get_data(as_text=True)
    return [line for line in text.splitlines() if line.startswith("dua_oldest")]


def test_the_service_is_ready_only_while_the_log_can_be_written_to(office: HttpOffice, monkeypatch: pytest.MonkeyPatch):
    ready = office.get(None, "/readyz")
    assert (ready.status_code, told(ready)) == (200, {"status": "ok", "records": True, "waits": False, "warnings": []})

    office.clock.go(timedelta(hours=-1))
    assert office.get(None, "/readyz").status_code == 503
    office.clock.go(timedelta(hours=1))
    monkeypatch.setattr(public, "ENOUGH_BYTES", 2**62)
    assert office.get(None, "/readyz").status_code == 503
    assert office.get(None, "/healthz").status_code == 200


@IN_FILES
def test_the_service_is_not_ready_without_its_log(office: HttpOffice):
    # Root may write to anything, so what is read-only here is not there at all.
    log = office.home.path / LOG
    log.rename(log.with_suffix(".gone"))
    assert office.get(None, "/readyz").status_code == 503
    assert office.get(None, "/healthz").status_code == 200
