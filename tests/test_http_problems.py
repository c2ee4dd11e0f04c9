"""Every error is a problem document that says what is wrong and where, and nothing that the caller may not know."""

import gzip
import json
from datetime import timedelta

import pytest

from api.http.problems import pointer_in, pointer_of
from ledger.errors import Busy, Damaged
from ledger.events import ActRefused
from tests.facts import ANA, DATA_SET, NOON, REQUEST
from tests.http_office import HttpOffice, office, principal, told
from tests.office import written
from tests.office_facts import STRANGER, role

__all__ = ["office"]

WAIVERS = f"/requests/{REQUEST}/waivers"
WAIVER = {"rule": "key-tested", "reason": "by courier", "expires": "2026-12-01"}


def problem(response):
    assert response.content_type == "application/problem+json"
    found = told(response)
    assert found["status"] == response.status_code
    assert found["type"].startswith("/docs#")
    # What is on record is told alike each time.
    assert ("entry" in found) != (found.get("instance") == f"urn:request:{response.headers['X-Request-ID']}")
    return found


def test_a_body_that_is_no_json_is_malformed(office: HttpOffice):
    for body in (b"", b"{", b'{"rule": "\xff"}', b"\x00", b'{"rule": "key-tested"'):
        with office.unchanged():
            response = office.post("director", WAIVERS, json=None, data=body, content_type="application/json")

        assert (response.status_code, problem(response)["type"]) == (400, "/docs#malformed")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"rule": 7}, "/rule"),
        ({"expires": "tomorrow"}, "/expires"),
        ({"expires": "2026-13-01"}, "/expires"),
        ({"whatever": 1}, "/whatever"),
        ({"precision": "second"}, "/precision"),
        ({"on_behalf_of": "Ana Ejemplo"}, "/on_behalf_of"),
        ({"occurred_at": "2026-11-21T12:00:00"}, "/occurred_at"),
        ({"reason": ""}, "/reason"),
    ],
)
def test_a_bad_member_is_pointed_at(office: HttpOffice, change, pointer):
    with office.unchanged():
        response = office.post("director", WAIVERS, WAIVER | change)

    assert response.status_code == 422
    assert [one.get("pointer") for one in problem(response)["errors"]] == [pointer]


def test_each_bad_member_is_pointed_at(office: HttpOffice):
    with office.unchanged():
        response = office.post("director", WAIVERS, {"rule": 7, "what~/ever": 1, "expires": "tomorrow"})

    assert problem(response)["errors"] == [
        {"detail": "Invalid RFC3339 encoded date", "pointer": "/expires"},
        {"detail": "Expected `str`, got `int`", "pointer": "/rule"},
        {"detail": "Object contains unknown field `what~/ever`", "pointer": "/what~0~1ever"},
        {"detail": "Object missing required field `reason`", "pointer": "/reason"},
    ]


def test_no_more_faults_are_told_than_somebody_can_read(office: HttpOffice):
    response = office.post("director", WAIVERS, {f"member-{number}": 1 for number in range(10_000)})

    assert (response.status_code, len(problem(response)["errors"])) == (422, 20)


def test_a_member_that_is_missing_is_pointed_at(office: HttpOffice):
    response = office.post("director", WAIVERS, {"rule": "key-tested", "reason": "by courier"})

    assert problem(response)["errors"] == [{"detail": "Object missing required field `expires`", "pointer": "/expires"}]


def test_a_bad_member_inside_others_is_pointed_at(office: HttpOffice):
    basis = {"dataset": "D-1", "form": "identified", "recipients": "home", "basis": "because"}
    body = {"consistent": True, "bases": [basis]}

    response = office.post("staff", f"/requests/{REQUEST}/legal-determinations", body)

    assert [one["pointer"] for one in problem(response)["errors"]] == ["/bases/0/basis"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("after=-1", "after"),
        ("after=1&after=2", "after"),
        ("whatever=1", "whatever"),
        ("limit=0&after=3&whatever=1", "limit whatever"),
        ("type=person.registered", "type"),
        ("tag=%00", "tag"),
    ],
)
def test_each_bad_parameter_is_named(office: HttpOffice, query, parameter):
    response = office.get("auditor", f"/entries?{query}")

    assert response.status_code == 422
    assert [one["parameter"] for one in problem(response)["errors"]] == parameter.split()


NOBODY, ELSEWHERE_ID = "p-" + 32 * "9", "D-elsewhere"


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("/holds", {"reason": "x"}, ["/request", "/dataset", "/person"]),
        ("/holds", {"reason": "x", "person": ANA, "dataset": DATA_SET}, ["/dataset", "/person"]),
        ("/holds", {"reason": "x", "person": NOBODY}, ["/person"]),
        ("/queries", {"kind": "replicate"}, ["/by", "/asker"]),
        ("/queries", {"kind": "replicate", "asker": "x", "asked": NOBODY}, ["/asked"]),
        ("/queries", {"kind": "replicate", "asker": "x", "datasets": [DATA_SET, ELSEWHERE_ID]}, ["/datasets/1"]),
        (
            "/incidents",
            {"what": "lost device", "discovered": "2026-11-20T08:00:00Z"},
            ["/requests", "/people", "/datasets"],
        ),
        (
            "/incidents",
            {"what": "lost device", "discovered": "2026-11-20T08:00:00Z", "people": [ANA, NOBODY]},
            ["/people/1"],
        ),
        (
            "/incidents",
            {
                "what": "lost device",
                "discovered": "2026-11-20T08:00:00+00:00",
                "told": "2026-11-19T08:00:00Z",
                "people": [ANA],
            },
            ["/discovered"],
        ),
        (
            "/incidents",
            {"what": "lost device", "discovered": "2026-11-20T08:00:00", "told": "2026-11-20", "people": [ANA]},
            ["/discovered", "/told"],
        ),
        (
            "/incidents",
            {"what": "lost device", "discovered": "0001-01-01T00:00:00+14:00", "people": [ANA]},
            ["/discovered"],
        ),
        (
            "/api-keys",
            {"principal": "staff:director", "role": "director", "expires": "2026-12-20T08:00:00"},
            ["/expires"],
        ),
        ("/accesses", {"dataset": DATA_SET}, ["/person", "/account"]),
        ("/accesses", {"dataset": ELSEWHERE_ID, "person": ANA}, ["/dataset"]),
        (f"/people/{ANA}/debarments", {"reason": "x", "until": "2020-01-01"}, ["/until"]),
        (f"/people/{ANA}/departures", {"request": "R-1999-0001"}, [None]),
        (f"/people/{NOBODY}/suspensions", {}, [None]),
    ],
)
def test_what_the_ledger_finds_wrong_is_pointed_at_wherever_the_body_says_it(office: HttpOffice, path, body, pointers):
    with office.unchanged():
        response = office.post("director", path, body)

    assert response.status_code == 422
    assert [one.get("pointer") for one in problem(response)["errors"]] == pointers


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [("text/plain", {}), ("application/json", {"Content-Encoding": "gzip"})],
)
def test_a_body_of_another_kind_is_not_read(office: HttpOffice, content_type, headers):
    with office.unchanged():
        response = office.post(
            "director", WAIVERS, json=None, data=json.dumps(WAIVER), content_type=content_type, headers=headers
        )

    assert (response.status_code, problem(response)["type"]) == (415, "/docs#unsupported-media-type")


@pytest.mark.parametrize("size", [256 * 1024 + 1, 10_000_000])
def test_a_body_that_is_too_large_is_not_read(office: HttpOffice, size):
    response = office.post("director", WAIVERS, json=None, data=b"[" * size, content_type="application/json")

    assert (response.status_code, problem(response)["type"]) == (413, "/docs#too-large")


def test_a_refusal_by_rules_says_every_objection_and_where_it_stands(office: HttpOffice):
    response = office.post("staff", "/requests/R-2026-0002/approval")

    found = problem(response)
    assert (response.status_code, found["entry"], office.types()) == (409, office.length, ["act.refused.v1"])
    (recorded,) = list(office.home.ledger.facts(after=office.length - 1))
    assert isinstance(recorded.event, ActRefused)
    assert [(one["rule"], one["about"], one["wanting"]) for one in found["objections"]] == [
        (one.rule, one.about, one.wanting) for one in recorded.event.objections
    ]
    assert {one["source"] for one in found["objections"]} >= {"C1.1", "C1.4", "C1.5"}


def test_another_address_and_another_method_are_told_apart_only_to_who_has_a_key(office: HttpOffice):
    for path, method in (("/nothing", "GET"), ("/entries", "DELETE"), ("/entries", "OPTIONS"), ("/requests//", "GET")):
        nobody, somebody = office.ask(None, method, path), office.ask("director", method, path)

        assert nobody.status_code == 401
        assert problem(somebody)["status"] == (404 if method == "GET" else 405)
    assert office.ask("director", "DELETE", "/entries").headers["Allow"] == "GET, HEAD"


def test_what_is_wrong_inside_is_said_to_nobody(office: HttpOffice, monkeypatch, caplog):
    def broken(*_):
        raise Damaged("/srv/dua-ledger/log.db", "page 7 is malformed")

    office.get("auditor", "/entries/1")
    monkeypatch.setattr(office.home.ledger.store, "entry", broken)
    response = office.get("auditor", "/entries/1", headers={"X-Request-ID": "mine-1"})

    assert problem(response) == {
        "type": "/docs#failed",
        "title": "Something went wrong here",
        "status": 500,
        "detail": "It has been noted under this request's id.",
        "instance": "urn:request:mine-1",
    }
    assert [record.said for record in caplog.records if record.message == "failed"] == [
        {"error": "Damaged", "request_id": "mine-1"}
    ]


def test_what_nobody_expected_is_logged_by_its_place_and_not_by_its_words(office: HttpOffice, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("Ana Ejemplo")

    office.app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(office.home.ledger.store, "entry", broken)
    response = office.get("auditor", "/entries/1")

    assert problem(response)["type"] == "/docs#failed"
    (failed,) = [record for record in caplog.records if record.message == "failed"]
    assert (failed.said["error"], "Ana" in str(vars(failed))) == ("RuntimeError", False)
    assert "test_http_problems.py" in failed.said["place"]


def test_what_is_busy_is_to_be_tried_again(office: HttpOffice, monkeypatch):
    def busy(*_):
        raise Busy("/srv/dua-ledger/log.db", 10)

    monkeypatch.setattr(office.home.ledger.store, "entry", busy)
    response = office.get("auditor", "/entries/1")

    assert (problem(response)["type"], response.headers["Retry-After"]) == ("/docs#unavailable", "1")
    assert "/srv" not in response.get_data(as_text=True)


def test_every_answer_has_its_position_its_id_and_headers_that_keep_browsers_from_harm(office: HttpOffice):
    for response in (office.get("auditor", "/entries"), office.get("auditor", "/nothing")):
        assert response.headers["Ledger-Position"] == str(office.length)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert len(response.headers["X-Request-ID"]) == 32


@pytest.mark.parametrize("given", ["a b", "a" * 65, "ä", "<script>"])
def test_a_request_id_that_could_do_harm_is_replaced(office: HttpOffice, given):
    response = office.get("auditor", "/entries", headers={"X-Request-ID": given.encode().decode("latin-1")})

    assert response.headers["X-Request-ID"] != given
    assert response.headers["X-Request-ID"].isalnum()


def test_long_answers_come_compressed_to_who_accepts_that(office: HttpOffice):
    plain = office.get("auditor", "/entries")
    packed = office.get("auditor", "/entries", headers={"Accept-Encoding": "gzip"})
    refused = office.get("auditor", "/entries", headers={"Accept-Encoding": "gzip;q=0"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.get_data()) == plain.get_data() == refused.get_data()


@pytest.mark.parametrize(
    ("method", "path", "accepted"),
    [
        ("GET", "/entries", "image/png"),
        ("GET", f"/requests/{REQUEST}", "text/csv"),
        ("GET", f"/requests/{REQUEST}/history", "text/html"),
        ("POST", f"/requests/{REQUEST}/withdrawal", "text/csv"),
        ("POST", "/accesses", "application/json;q=0"),
        ("POST", "/access/v1/evaluation", "text/html"),
    ],
)
def test_for_an_answer_in_a_form_that_cannot_be_had_nothing_is_done(office: HttpOffice, method, path, accepted):
    subject, dataset = {"type": "user", "id": ANA}, {"type": "dataset", "id": DATA_SET}
    asked = {"subject": subject, "action": {"name": "open"}, "resource": dataset}
    bodies = {"/accesses": {"person": ANA, "dataset": DATA_SET}, "/access/v1/evaluation": asked}
    body = {"json": bodies.get(path, {})} if method == "POST" else {}
    with office.unchanged():
        response = office.ask("staff", method, path, headers={"Accept": accepted}, **body)

    assert (response.status_code, problem(response)["type"]) == (406, "/docs#not-acceptable")
    assert office.ask("staff", method, path, headers={"Accept": "*/*"}, **body).status_code in (200, 201, 409)


def test_a_clock_that_lags_behind_the_log_is_no_fault_of_the_caller(office: HttpOffice):
    office.clock.go(-timedelta(hours=1))
    assert office.clock.now < NOON

    response = office.get("auditor", f"/people/{ANA}")

    assert problem(response)["type"] == "/docs#unavailable"


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ("Expected `str`, got `int`", ""),
        ("Expected `str`, got `int` - at `$.rule`", "/rule"),
        ("Expected `str`, got `int` - at `$.bases[2].form`", "/bases/2/form"),
        ("Expected `str`, got `int` - at `$.by[...].name`", "/by/name"),
        ("Object contains unknown field `a/b~c`", "/a~1b~0c"),
        ("Object missing required field `form` - at `$.bases[0]`", "/bases/0/form"),
    ],
)
def test_what_msgspec_says_becomes_a_pointer(said, pointer):
    assert pointer_in(said) == pointer


@pytest.mark.parametrize(
    ("field", "pointer"),
    [("", ""), ("researcher.email", "/researcher/email"), ("people[2].email", "/people/1/email")],
)
def test_a_field_of_a_packet_becomes_a_pointer(field, pointer):
    assert pointer_of(field) == pointer


def test_a_problem_document_has_no_empty_members(office: HttpOffice):
    assert json.loads(office.get(None, "/entries").get_data()).keys() == {"type", "title", "status", "instance"}


def test_who_reports_in_their_own_case_is_told_that_somebody_else_has_to(office: HttpOffice):
    written([role(principal=principal("director"), person=STRANGER)], office.home.ledger)
    assert office.post("director", f"/people/{STRANGER}/suspensions", {}).status_code == 201

    with office.unchanged():
        response = office.post("director", f"/people/{STRANGER}/suspension-lifts", {})

    assert (response.status_code, problem(response)["type"]) == (403, "/docs#not-entitled")
    assert told(response)["detail"] == "Somebody else has to report this: you play a part in what it is about."
