"""Questions over HTTP: entries and requests, who holds what, what waits; what is looked at is on record."""

import csv
import json
import re
from datetime import date, timedelta
from io import StringIO

import msgspec
import pytest

from api.http.rendering import as_csv
from ledger.events import DocumentOpened, HistoryViewed, TrainingCertified
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST
from tests.http_office import (
    ON_BOTH,
    OTHERS_REQUEST,
    PDF,
    HttpOffice,
    certificate,
    certify,
    executed,
    form,
    office,
    principal,
    told,
)
from tests.office_facts import LONG_AGO, STRANGER

__all__ = ["executed", "office"]

NDJSON = {"Accept": "application/x-ndjson"}
CSV = {"Accept": "text/csv"}


def rows(response):
    assert response.status_code == 200, response.get_data()
    return told(response)["rows"]


# Entries.


@ON_BOTH
def test_entries_come_page_by_page_to_the_end_of_the_log(office: HttpOffice):
    path, seen = "/entries?limit=10&after=0", []
    while path:
        response = office.get("auditor", path)
        seen += [one["position"] for one in rows(response)]
        link = re.fullmatch(r'<(/entries\?[^>]+)>; rel="next"', response.headers.get("Link", ""))
        assert (told(response)["next"] is None) == (link is None)
        path = link[1] if link else ""

    assert seen == list(range(1, office.length + 1))


def test_a_cursor_stays_where_it_is_while_the_log_grows(office: HttpOffice):
    first = office.get("auditor", "/entries?limit=5").headers["Link"]
    office.post("staff", "/organisations", {"organisation": "O-b", "name": "B"})
    again = office.get("auditor", "/entries?limit=5").headers["Link"]

    assert first == again == '</entries?limit=5&after=5>; rel="next"'


def test_entries_are_chosen_by_type_and_by_all_of_several_tags(office: HttpOffice):
    by_type = rows(office.get("auditor", "/entries?type=role.granted.v1&type=person.registered.v1&limit=1000"))
    by_tag = rows(office.get("auditor", f"/entries?tag=request:{REQUEST}&tag=person:{BEN}"))

    assert {one["type"] for one in by_type} == {"role.granted.v1", "person.registered.v1"}
    assert by_tag != []
    assert all({f"request:{REQUEST}", f"person:{BEN}"} <= set(one["tags"]) for one in by_tag)


@pytest.mark.parametrize(
    "query", ["tag=%00", "type=%0a", "tag=" + "a" * 256, "type=", "type=nonsense", "type=request.approved"]
)
def test_a_tag_or_type_that_is_none_is_turned_away(office: HttpOffice, query):
    assert office.get("auditor", f"/entries?{query}").status_code == 422


def test_an_export_has_the_same_rows_and_is_on_record(office: HttpOffice):
    plain = rows(office.get("auditor", "/entries"))
    lines = office.get("auditor", "/entries", headers=NDJSON)
    table = office.get("auditor", "/entries", headers=CSV)

    assert [json.loads(line) for line in lines.get_data(as_text=True).splitlines()] == plain
    assert (lines.mimetype, table.mimetype) == ("application/x-ndjson", "text/csv")
    read = list(csv.DictReader(StringIO(table.get_data(as_text=True))))
    assert [(one["position"], one["leaf"]) for one in read][: len(plain)] == [
        (str(one["position"]), one["leaf"]) for one in plain
    ]
    recorded = list(office.home.ledger.facts())[-2:]
    assert [(one.event, one.actor) for one in recorded] == 2 * [
        (HistoryViewed(how="exported", request=None), principal("auditor"))
    ]


def test_no_cell_of_a_table_is_a_formula():
    class Row(msgspec.Struct):
        text: str
        list: tuple[str, ...]
        yes: bool
        none: None = None

    rows = [Row(text, ("=1", "b"), True) for text in ("=1+1", "+1", "-1", "@A1", "\tx", "\rx", "x=1", 'a"b,c\n')]
    text = as_csv(rows, Row.__struct_fields__).decode()

    read = list(csv.reader(StringIO(text, newline="")))
    assert read[0] == ["text", "list", "yes", "none"]
    assert [row[0] for row in read[1:]] == ["'=1+1", "'+1", "'-1", "'@A1", "'\tx", "'\rx", "x=1", 'a"b,c\n']
    assert read[1][1:] == ["'=1; b", "true", ""]


def test_an_empty_table_has_its_heading(office: HttpOffice):
    text = office.get("auditor", "/accesses", headers=CSV).get_data(as_text=True)

    assert text == "position,how,at,person,person_name,dataset,label,request,agreement,finding\r\n"


def test_an_entry_is_shown_whole_and_judged_again(office: HttpOffice):
    refused = told(office.post("staff", f"/requests/{OTHERS_REQUEST}/approval"))
    entry = office.home.ledger.store.entry(refused["entry"])
    assert entry is not None

    shown = told(office.get("auditor", f"/entries/{refused['entry']}"))

    assert (shown["leaf"], shown["prev"], shown["type"]) == (entry.leaf.hex(), entry.header.prev, entry.header.type)
    assert shown["payload"] == json.loads(entry.payload)
    assert shown["says"].startswith("To approve the request was refused.")
    assert (shown["explanation"]["agrees"], shown["explanation"]["then"]) == (True, refused["objections"])


def test_an_entry_that_was_reported_has_no_judgement(office: HttpOffice):
    assert told(office.get("auditor", "/entries/2"))["explanation"] is None


@pytest.mark.parametrize("position", ["0", "-1", "99999", "9007199254740992", "one", "1.5", "1e1", "%31"])
def test_an_entry_that_there_is_not_is_not_found(office: HttpOffice, position):
    assert office.get("auditor", f"/entries/{position}").status_code == (200 if position == "%31" else 404)


# Requests and people.


def test_a_request_is_shown_with_its_checklist(office: HttpOffice):
    shown = told(office.get("staff", f"/requests/{REQUEST}"))

    assert (shown["state"], shown["researcher"]) == ("law determined", {"person": ANA, "name": "Ana Ejemplo"})
    assert shown["datasets"] == [{"dataset": DATA_SET, "form": "identified"}]
    missing = {(one["rule"], one["about"]) for one in shown["checklist"] if one["status"] == "missing"}
    assert missing >= {("citi-training", ANA), ("citi-training", BEN)}
    certify(office)
    after = told(office.get("staff", f"/requests/{REQUEST}"))["checklist"]
    assert ("citi-training", ANA) not in {(one["rule"], one["about"]) for one in after if one["status"] == "missing"}


@ON_BOTH
def test_a_history_is_told_in_words_with_names_and_that_somebody_looked(office: HttpOffice):
    first = rows(office.get("compliance", f"/requests/{REQUEST}/history"))
    second = rows(office.get("researcher", f"/requests/{REQUEST}/history"))

    assert (first[0]["type"], first[0]["state"]) == ("request.submitted.v1", "submitted")
    assert first[0]["says"].startswith("Ana Ejemplo asked for")
    assert [one["position"] for one in second[:-1]] == [one["position"] for one in first]
    recorded = list(office.home.ledger.facts())[-2:]
    assert [(one.event, one.actor) for one in recorded] == [
        (HistoryViewed(how="read", request=REQUEST), principal("compliance")),
        (HistoryViewed(how="read", request=REQUEST), principal("researcher")),
    ]


def test_a_history_that_there_is_not_leaves_no_record_of_looking(office: HttpOffice):
    with office.unchanged():
        assert office.get("auditor", "/requests/R-1999-0001/history").status_code == 404
        assert office.get("auditor", f"/people/p-{32 * '0'}").status_code == 404


@ON_BOTH
def test_looking_at_a_persons_details_is_on_record(office: HttpOffice):
    assert office.get("auditor", f"/people/{ANA}").status_code == 200

    (recorded,) = list(office.home.ledger.facts(after=office.length - 1))
    assert recorded.event == HistoryViewed(how="read", request=None, person=ANA)


# Documents.


def certified(office: HttpOffice) -> tuple[int, str]:
    assert form(office, f"/people/{ANA}/trainings", certificate(), certificate=PDF).status_code == 201
    (recorded,) = list(office.home.ledger.facts(after=office.length - 1))
    assert isinstance(recorded.event, TrainingCertified)
    return recorded.position, recorded.event.document


@ON_BOTH
def test_a_document_is_opened_by_who_may_and_that_is_on_record(office: HttpOffice):
    position, document = certified(office)

    response = office.get("auditor", f"/entries/{position}/documents/{document}")

    assert (response.status_code, response.get_data(), response.mimetype) == (200, PDF, "application/pdf")
    assert response.headers["Content-Disposition"].startswith("attachment")
    (recorded,) = list(office.home.ledger.facts(after=office.length - 1))
    assert recorded.event == DocumentOpened(entry=position, document=document, person=ANA)


def test_a_document_that_the_entry_does_not_name_is_not_found(office: HttpOffice):
    position, document = certified(office)

    with office.unchanged():
        for path in (f"/entries/1/documents/{document}", f"/entries/{position}/documents/{64 * '0'}"):
            assert office.get("auditor", path).status_code == 404


def test_a_document_of_a_person_alone_is_for_those_who_see_all(office: HttpOffice):
    position, document = certified(office)

    with office.unchanged():
        assert office.get("researcher", f"/entries/{position}/documents/{document}").status_code == 404


def test_a_researcher_opens_a_document_of_their_own_request(office: HttpOffice):
    command = f'{{"determination": "E-new", "protocol": "1", "outcome": "approved", "on": "{LONG_AGO}"}}'
    assert form(office, f"/requests/{REQUEST}/determinations", command, letter=PDF).status_code == 201
    mine, others = office.length, f"/requests/{OTHERS_REQUEST}/determinations"
    assert form(office, others, command.replace("E-new", "E-other"), letter=PDF).status_code == 201

    def opened(position: int):
        (document,) = next(office.home.ledger.facts(after=position - 1, until=position)).documents
        return office.get("researcher", f"/entries/{position}/documents/{document}").status_code

    assert [opened(mine), opened(mine + 1)] == [200, 404]


@ON_BOTH
def test_a_document_that_was_erased_is_gone(office: HttpOffice):
    position, document = certified(office)
    office.home.custody.erase(f"person:{ANA}")

    response = office.get("auditor", f"/entries/{position}/documents/{document}")

    assert (response.status_code, told(response)["type"]) == (410, "/docs#erased")


# Views.


def test_what_waits_is_told_with_whose_turn_it_is(office: HttpOffice):
    found = {one["request"]: (one["who"], one["next"]) for one in rows(office.get("staff", "/inbox"))}

    assert found[REQUEST] == ("office", "approve or decline")


def test_the_inbox_tells_what_keeps_a_request_from_being_approved(office: HttpOffice):
    def lacks(of):
        (one,) = [one for one in rows(office.get(of, "/inbox")) if one["request"] == REQUEST]
        return [one[name] for name in ("next", "missing", "missing_for", "lacks")]

    before = lacks("staff")
    suspension = office.post("director", f"/people/{ANA}/suspensions", {"request": REQUEST, "reason": "why"})

    assert (before, suspension.status_code) == (["approve or decline", 0, "approval", []], 201)
    told = ["policy Ana Ejemplo: an end of the suspension (office)"]
    assert lacks("staff") == ["approve or decline", 1, "approval", told]
    assert office.post("director", f"/requests/{REQUEST}/approval").status_code == 409


def test_what_ends_is_told_by_day(office: HttpOffice):
    soon = rows(office.get("staff", "/deadlines?within=30"))
    later = rows(office.get("staff", "/deadlines?within=90"))

    assert soon == []
    assert {one["what"] for one in later} == {"E-couhes", "E-irb"}


@pytest.mark.parametrize("of", ["staff", "compliance", "auditor"])
def test_what_ends_whom_it_waits_for_and_who_was_let_in_are_told_with_names(office: HttpOffice, of):
    office.post("data server", "/accesses", {"person": ANA, "dataset": DATA_SET})

    ends = next(one for one in rows(office.get(of, "/deadlines?within=90")) if ANA in one["whom"])
    (waits,) = [one for one in rows(office.get(of, "/inbox")) if one["request"] == REQUEST]
    (let_in,) = rows(office.get(of, "/accesses"))

    assert ends["whom_name"][ends["whom"].index(ANA)] == "Ana Ejemplo"
    assert ends["days"] == (date.fromisoformat(ends["day"]) - NOON.date()).days
    assert waits["researcher_name"] == "Ana Ejemplo"
    assert let_in["person_name"] == "Ana Ejemplo"


def test_whom_an_end_concerns_can_be_read_in_a_table(office: HttpOffice):
    ends = next(one for one in table(office, "/deadlines?within=90") if ANA in one["whom"])

    place = ends["whom"].split("; ").index(ANA)
    assert ends["whom_name"].split("; ")[place] == "Ana Ejemplo"


def table(office: HttpOffice, path: str) -> list[dict[str, str]]:
    text = office.get("staff", path, headers=CSV).get_data(as_text=True)
    return list(csv.DictReader(StringIO(text, newline="")))


def test_accesses_are_told_as_they_are_recorded_and_findings_apart(office: HttpOffice):
    office.post("data server", "/accesses", {"person": ANA, "dataset": DATA_SET})
    office.post("data server", "/openings", {"person": STRANGER, "dataset": DATA_SET})

    assert [one["how"] for one in rows(office.get("compliance", "/accesses"))] == ["refused", "opened"]
    findings = rows(office.get("compliance", "/accesses?findings=true"))
    assert [(one["person"], one["finding"]) for one in findings] == [(STRANGER, True)]


@ON_BOTH
def test_holders_and_holdings_hold_for_a_position(office: HttpOffice):
    for path in (f"/datasets/{DATA_SET}/holders", f"/people/{ANA}/holdings"):
        response = office.get("auditor", path)
        assert (rows(response), response.headers["Ledger-Position"]) == ([], str(office.length))
    assert office.get("auditor", "/datasets/D-none/holders").status_code == 404


def test_monitoring_reads_requests_decisions_and_the_size_of_the_log(office: HttpOffice):
    office.post("staff", f"/requests/{OTHERS_REQUEST}/approval")
    office.get(None, "/entries")
    text = office.get("admin", "/metrics").get_data(as_text=True)

    assert 'dua_http_requests_total{route="POST /requests/{request}/approval",status="409"} 1.0' in text
    assert 'dua_http_requests_total{route="GET /entries",status="401"} 1.0' in text
    assert 'dua_decisions_total{rule="law-determined"} 1.0' in text
    assert f"dua_log_entries {float(office.length)}" in text
    assert ANA not in text


def test_the_log_of_requests_names_nobody(office: HttpOffice, caplog):
    caplog.set_level("INFO")
    office.get("auditor", f"/people/{ANA}?x=Ejemplo")
    office.get("auditor", f"/people/{ANA}")

    said = [record.said for record in caplog.records if record.name == "dua_ledger.http"]
    assert [(one["route"], one["status"]) for one in said] == [
        ("GET /people/{person}", 422),
        ("GET /people/{person}", 200),
    ]
    assert ANA not in str(said)
    assert "Ejemplo" not in str(said)


# About another time.


def test_a_request_is_shown_as_it_stood_and_as_it_was_known(office: HttpOffice):
    def shown(query: str):
        return office.get("auditor", f"/requests/{REQUEST}?{query}")

    office.clock.go(timedelta(days=3))
    office.post("staff", f"/requests/{REQUEST}/withdrawal", {"occurred_at": "2026-11-23T12:00:00Z"})

    assert told(shown("as_of=2026-11-23"))["state"] == "withdrawn"
    assert told(shown("as_of=2026-11-22"))["state"] == "law determined"
    assert told(shown("known_at=2026-11-23T23:59:59.999999Z"))["state"] == "law determined"
    assert told(shown("as_of=2026-11-23&known_at=2026-11-24T12:00:00%2B00:00"))["state"] == "withdrawn"
    assert shown("known_at=2026-11-20").status_code == 404


def test_an_answer_about_what_was_known_holds_for_the_position_of_then(office: HttpOffice):
    before = office.length
    office.clock.go(timedelta(days=3))
    office.post("staff", f"/requests/{REQUEST}/withdrawal")

    for path in ("/inbox", "/deadlines", f"/requests/{REQUEST}", f"/people/{ANA}/holdings"):
        then = office.get("auditor", f"{path}?known_at=2026-11-21")
        assert (then.status_code, then.headers["Ledger-Position"]) == (200, str(before))
    assert REQUEST in {one["request"] for one in rows(office.get("auditor", "/inbox?known_at=2026-11-21"))}
    assert REQUEST not in {one["request"] for one in rows(office.get("auditor", "/inbox"))}


@pytest.mark.parametrize("name", ["as_of", "known_at"])
@pytest.mark.parametrize(
    "given", ["", "today", "2026-13-01", "2026-02-30", "20261121", "2026-11-21T12:00:00", "0000-01-01", "٢٠٢٦-11-21"]
)
def test_what_is_no_time_is_turned_away(office: HttpOffice, name, given):
    response = office.get("auditor", "/inbox", query_string={name: given})

    assert (response.status_code, told(response)["errors"][0]["parameter"]) == (422, name)


@pytest.mark.parametrize("given", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_the_ends_of_time_are_asked_about_without_harm(office: HttpOffice, given):
    for path in ("/inbox", "/deadlines", f"/datasets/{DATA_SET}/holders"):
        for name in ("as_of", "known_at"):
            assert office.get("auditor", path, query_string={name: given}).status_code in (200, 422)


def test_whether_somebody_may_is_told_with_what_lets_them_in_and_nothing_is_recorded(executed: HttpOffice):
    def asked(person: str, **when: str):
        query = {"person": person, "dataset": DATA_SET} | when
        return told(executed.get("compliance", "/permissions", query_string=query))

    with executed.unchanged():
        assert asked(ANA) == {
            "person": ANA,
            "dataset": DATA_SET,
            "permitted": True,
            "objections": [],
            "request": REQUEST,
            "agreement": "A-1",
            "until": "2027-01-15",
        }
        refused, before = asked(STRANGER), asked(ANA, as_of="2026-01-01")
    assert (refused["permitted"], refused["agreement"]) == (False, None)
    assert "named-recipients" in {one["rule"] for one in refused["objections"]}
    assert before["permitted"] is False


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"person": "p-" + 32 * "0"}, 404),
        ({"dataset": "D-none"}, 404),
        ({"person": "ana@example.edu"}, 422),
        ({"dataset": ""}, 422),
        ({"as_of": "yesterday"}, 422),
    ],
)
def test_nothing_is_told_of_whom_or_what_the_ledger_does_not_know(office: HttpOffice, change, status):
    query = {"person": ANA, "dataset": DATA_SET} | change

    assert office.get("auditor", "/permissions", query_string=query).status_code == status
