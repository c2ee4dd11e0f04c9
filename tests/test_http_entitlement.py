"""Who may do what: every route, by every role and by nobody."""

import json

import pytest
from click.testing import CliRunner

from api.cli import main
from api.http.call import SEES_NAMES
from api.http.document import PUBLIC_ANSWERS
from api.http.public import TILE
from api.http.route import Route
from api.http.table import ROUTES
from ledger.home import PUBLISHED, open_notary
from ledger.storage import is_postgres
from projections.acts import DECIDING
from tests.facts import ANA, BEN, DATA_SET, REQUEST
from tests.http_office import OTHERS_REQUEST, ROLES, HttpOffice, office, principal, told
from tests.office_facts import ELSEWHERE, STRANGER

__all__ = ["office"]

IN_PATH = {
    "request": REQUEST,
    "person": ANA,
    "dataset": DATA_SET,
    "agreement": "A-2026-0001-1",
    "release": "L-2026-0001-1",
    "determination": "E-irb",
    "apikey": "T-0000000000000000",
    "position": "1",
    "document": 64 * "0",
    "bundle": "000.p/7",
    "entry": "1",
    "query": "Q-2026-0001",
    "publication": "B-2026-0001-1",
    "incident": "I-2026-0001",
    "hold": "H-2026-0001",
    "attestation": "X-2026-0001-1",
    "organisation": ELSEWHERE,
}
OFFICE = "director, acting director, alternate, staff"
DIRECTORS = "director, acting director"
READING = f"{OFFICE}, auditor, compliance"
# What each role may take, beside what everybody may. A cell that is not here is a 403.
TABLE = {
    "GET /entries": READING,
    "GET /entries/{position}": READING,
    "GET /entries/{position}/receipt": ", ".join(ROLES),
    "GET /entries/{position}/documents/{document}": f"{OFFICE}, auditor, researcher",
    "GET /tile/entries/{bundle}": "auditor",
    "GET /verifier-key": ", ".join(ROLES),
    "GET /requests": f"{READING}, researcher",
    "GET /people": READING,
    "GET /datasets": READING,
    "GET /datasets/{dataset}": READING,
    "GET /agreements": f"{READING}, researcher",
    "GET /requests/{request}/releases/{release}/package": f"{OFFICE}, researcher",
    "GET /requests/{request}": f"{READING}, researcher",
    "GET /requests/{request}/history": f"{READING}, researcher",
    "GET /people/{person}": f"{READING}, researcher",
    "GET /people/{person}/holdings": f"{READING}, researcher",
    "GET /datasets/{dataset}/holders": READING,
    "GET /deadlines": READING,
    "GET /inbox": READING,
    "GET /permissions": READING,
    "GET /accesses": READING,
    "GET /api-keys": f"{DIRECTORS}, auditor, admin",
    "GET /metrics": f"{OFFICE}, auditor, admin",
    "POST /requests": OFFICE,
    "POST /requests/{request}/submissions": OFFICE,
    "POST /requests/{request}/returns": OFFICE,
    "POST /requests/{request}/withdrawal": f"{OFFICE}, researcher",
    "POST /requests/{request}/affiliations": OFFICE,
    "POST /requests/{request}/determinations": OFFICE,
    "POST /requests/{request}/determinations/{determination}/reliance-requests": OFFICE,
    "POST /requests/{request}/determinations/{determination}/reliances": OFFICE,
    "POST /requests/{request}/determinations/{determination}/end": OFFICE,
    "POST /requests/{request}/legal-determinations": OFFICE,
    "POST /requests/{request}/approval": OFFICE,
    "POST /requests/{request}/declination": OFFICE,
    "POST /requests/{request}/waivers": DIRECTORS,
    "POST /requests/{request}/agreements": OFFICE,
    "POST /requests/{request}/agreements/{agreement}/openpgp-signatures": OFFICE,
    "POST /requests/{request}/agreements/{agreement}/signatures": OFFICE,
    "POST /requests/{request}/agreements/{agreement}/execution": OFFICE,
    "POST /requests/{request}/agreements/{agreement}/termination": OFFICE,
    "POST /requests/{request}/contacts": OFFICE,
    "POST /requests/{request}/keys": OFFICE,
    "POST /requests/{request}/key/confirmation": OFFICE,
    "POST /requests/{request}/key/rejection": OFFICE,
    "POST /requests/{request}/key/revocation": OFFICE,
    "POST /requests/{request}/key/test-answers": OFFICE,
    "POST /requests/{request}/releases": OFFICE,
    "POST /requests/{request}/releases/{release}/failure": OFFICE,
    "POST /requests/{request}/releases/{release}/receipt": f"{OFFICE}, researcher",
    "POST /requests/{request}/releases/{release}/package": OFFICE,
    "POST /requests/{request}/key/tests": OFFICE,
    "POST /people/{person}/erasure": f"{DIRECTORS}, admin",
    "POST /people": OFFICE,
    "POST /people/{person}/details": OFFICE,
    "POST /people/{person}/trainings": OFFICE,
    "POST /people/{person}/training-verifications": OFFICE,
    "POST /people/{person}/suspensions": OFFICE,
    "POST /people/{person}/suspension-lifts": DIRECTORS,
    "POST /organisations": OFFICE,
    "POST /datasets": OFFICE,
    "POST /datasets/{dataset}/versions": OFFICE,
    "POST /datasets/{dataset}/form-changes": OFFICE,
    "POST /datasets/{dataset}/retirement": OFFICE,
    "POST /corrections": OFFICE,
    "POST /accesses": f"{OFFICE}, data server",
    "POST /openings": f"{OFFICE}, data server",
    "POST /policies": f"{DIRECTORS}, admin",
    "POST /roles": f"{DIRECTORS}, admin",
    "POST /role-ends": f"{DIRECTORS}, admin",
    "POST /api-keys": f"{DIRECTORS}, admin",
    "POST /api-keys/{apikey}/revocation": f"{DIRECTORS}, admin",
    "POST /access/v1/evaluation": f"{OFFICE}, data server",
    "POST /access/v1/evaluations": f"{OFFICE}, data server",
    "GET /organisations/{organisation}/holdings": READING,
    "GET /queries": READING,
    "GET /publications": f"{READING}, researcher",
    "GET /findings": READING,
    "GET /disclosures": READING,
    "GET /stats": READING,
    "GET /roles": f"{READING}, admin",
    "GET /waivers": READING,
    "GET /notices": f"{OFFICE}, auditor",
    "GET /notices/told": f"{OFFICE}, auditor",
    "GET /requests/{request}/views": READING,
    "GET /people/{person}/views": READING,
    "GET /people/{person}/departure": READING,
    "GET /erasures": READING,
    "GET /holdings-without-right": READING,
    "GET /coverage": READING,
    "GET /releases/sample": READING,
    "GET /requests/{request}/bundle": f"{OFFICE}, auditor",
    "GET /people/{person}/bundle": f"{OFFICE}, auditor",
    "GET /datasets/{dataset}/bundle": f"{OFFICE}, auditor",
    "GET /entries/{position}/bundle": f"{OFFICE}, auditor",
    "GET /requests/{request}/letter": f"{OFFICE}, auditor, researcher",
    "POST /tables/check": f"{READING}, researcher",
    "POST /queries": f"{OFFICE}, researcher",
    "POST /queries/{query}/answer": OFFICE,
    "POST /queries/{query}/withdrawal": OFFICE,
    "POST /requests/{request}/publications": f"{OFFICE}, researcher",
    "POST /requests/{request}/publications/{publication}/reviews": OFFICE,
    "POST /requests/{request}/publications/{publication}/returns": OFFICE,
    "POST /requests/{request}/publications/{publication}/passing": OFFICE,
    "POST /requests/{request}/publications/{publication}/appearance": OFFICE,
    "POST /requests/{request}/publications/{publication}/withdrawal": OFFICE,
    "POST /requests/{request}/copies": f"{OFFICE}, researcher",
    "POST /requests/{request}/copy-declarations": OFFICE,
    "POST /requests/{request}/attestations": f"{OFFICE}, researcher",
    "POST /requests/{request}/attestations/{attestation}/acceptance": OFFICE,
    "POST /requests/{request}/write-offs": DIRECTORS,
    "POST /requests/{request}/closing": OFFICE,
    "POST /requests/{request}/amendments": OFFICE,
    "POST /requests/{request}/agreements/{agreement}/renewals": OFFICE,
    "POST /requests/{request}/access-revocations": DIRECTORS,
    "POST /requests/{request}/access-restorations": DIRECTORS,
    "POST /incidents": f"{OFFICE}, researcher",
    "POST /incidents/{incident}/containment": OFFICE,
    "POST /incidents/{incident}/closing": DIRECTORS,
    "POST /findings/{entry}/assignment": OFFICE,
    "POST /findings/{entry}/closing": OFFICE,
    "POST /people/{person}/departures": OFFICE,
    "POST /people/{person}/moves": OFFICE,
    "POST /people/{person}/debarments": DIRECTORS,
    "POST /people/{person}/debarment-lifts": DIRECTORS,
    "POST /holds": OFFICE,
    "POST /holds/{hold}/lifting": DIRECTORS,
    "POST /compelled-disclosures": OFFICE,
}


def path_of(route: Route) -> str:
    return route.path.format(**IN_PATH)


def test_the_table_has_every_route():
    assert [route.name for route in ROUTES] == list(TABLE)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_route_is_taken_by_whom_the_table_names_and_by_nobody_else(office: HttpOffice, route: Route):
    allowed = TABLE[route.name].split(", ")
    # What comes of it, when it is let in, is for other tests; a body that nobody reads says that it was.
    how = {"json": None, "data": b"{", "content_type": "application/json"} if route.method == "POST" else {}

    for of in ROLES:
        status = office.ask(of, route.method, path_of(route), **how).status_code
        assert (of, status == 403) == (of, of not in allowed)
        assert status not in (401, 500)
    with office.unchanged():
        assert office.ask(None, route.method, path_of(route), **how).status_code == 401


@pytest.mark.parametrize("path", [path for path in PUBLIC_ANSWERS if path not in ("/checkpoint", TILE)])
def test_what_needs_no_key_tells_nothing_of_this_ledger(office: HttpOffice, path):
    with office.unchanged():
        response = office.get(None, path)

    assert (response.status_code, "Ledger-Position" in response.headers) == (200, False)
    assert "log.example.com" not in response.get_data(as_text=True)


def test_everybody_may_have_the_last_checkpoint(office: HttpOffice):
    with open_notary(office.home.path) as notary:
        signed = notary.checkpoint()

    response = office.get(None, "/checkpoint")

    assert (response.status_code, response.mimetype, response.get_data()) == (200, "text/plain", signed.raw)
    (office.home.path / PUBLISHED).unlink()
    # What another machine may have signed is looked for in the lock store.
    assert office.get(None, "/checkpoint").status_code == (200 if is_postgres(office.home.url) else 404)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_what_this_api_is_is_told_to_everybody_with_a_key_and_to_nobody_else(office: HttpOffice, path):
    assert {office.get(of, path).status_code for of in ROLES} == {200}
    with office.unchanged():
        assert office.get(None, path).status_code == 401


def test_a_browser_without_a_key_is_told_how_to_have_the_page_to_read(office: HttpOffice, tmp_path):
    refused = told(office.get(None, "/docs"))
    command = refused["detail"].split("`")[1].replace("FILE", str(tmp_path / "docs.html"))

    done = CliRunner().invoke(main, command.split()[1:])

    assert (refused["status"], command.split()[:2], done.exit_code) == (401, ["dua-ledger", "openapi"], 0)
    assert (tmp_path / "docs.html").read_bytes() == office.get("staff", "/docs").get_data()
    assert json.loads(CliRunner().invoke(main, ["openapi"]).output) == told(office.get("staff", "/openapi.json"))


def test_a_page_that_cannot_be_written_is_named(tmp_path):
    done = CliRunner().invoke(main, ["openapi", "--html", str(tmp_path / "none" / "docs.html")])

    assert (done.exit_code, "none/docs.html: No such file" in done.output) == (1, True)


def test_who_may_not_is_told_the_same_whether_the_thing_exists_or_not(office: HttpOffice):
    for of in ROLES:
        for route in ROUTES:
            if of in TABLE[route.name].split(", ") or not route.ids:
                continue
            there = office.ask(of, route.method, path_of(route), headers={"X-Request-ID": "same"})
            missing = {**IN_PATH, "request": "R-1999-0001", "person": BEN[:-1] + "0", "position": "99999"}
            other = office.ask(of, route.method, route.path.format(**missing), headers={"X-Request-ID": "same"})
            assert (there.status_code, there.get_data()) == (other.status_code, other.get_data())


RESEARCHERS = [route for route in ROUTES if route.ids and "researcher" in TABLE[route.name]]


@pytest.mark.parametrize("route", RESEARCHERS, ids=lambda route: route.name)
def test_a_researcher_cannot_tell_what_is_not_their_own_from_what_is_not_there(office: HttpOffice, route: Route):
    others = {**IN_PATH, "request": OTHERS_REQUEST, "person": STRANGER, "position": "30"}
    missing = {**IN_PATH, "request": "R-1999-0001", "person": "p-" + 32 * "0", "position": "99999"}

    with office.unchanged():
        answers = [
            office.ask("researcher", route.method, route.path.format(**ids), headers={"X-Request-ID": "same"})
            for ids in (others, missing)
        ]

    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].get_data() == answers[1].get_data()


def test_a_researcher_sees_their_own_request_and_themself(office: HttpOffice):
    for path in (f"/requests/{REQUEST}", f"/requests/{REQUEST}/history", f"/people/{ANA}", f"/people/{ANA}/holdings"):
        assert office.get("researcher", path).status_code == 200


def test_a_researcher_withdraws_their_own_request_and_nobody_elses(office: HttpOffice):
    with office.unchanged():
        assert office.post("researcher", f"/requests/{OTHERS_REQUEST}/withdrawal").status_code == 404

    assert office.post("researcher", f"/requests/{REQUEST}/withdrawal").status_code == 201
    assert office.types() == ["request.withdrawn.v2"]


def test_who_takes_part_in_a_request_that_somebody_else_made_does_not_withdraw_it(office: HttpOffice):
    grant = {"principal": "researcher:ben", "role": "researcher", "starts": "2026-01-01", "person": BEN}
    assert office.post("admin", "/roles", grant).status_code == 201
    ben = office.issue("researcher", principal="researcher:ben").text

    assert office.get(None, f"/requests/{REQUEST}", key=ben).status_code == 200
    with office.unchanged():
        assert office.post(None, f"/requests/{REQUEST}/withdrawal", key=ben).status_code == 403


def test_a_researcher_of_whom_nobody_knows_who_it_is_sees_nothing(office: HttpOffice):
    grant = {"principal": "researcher:x", "role": "researcher", "starts": "2026-01-01"}
    assert office.post("admin", "/roles", grant).status_code == 201
    key = office.issue("researcher", principal="researcher:x").text

    for path in (f"/requests/{REQUEST}", f"/requests/{OTHERS_REQUEST}", f"/people/{ANA}"):
        assert office.get(None, path, key=key).status_code == 404


def test_who_grants_a_deciding_role_to_nobody_in_particular_is_warned(office: HttpOffice):
    def warnings(**grant):
        answer = office.post("admin", "/roles", {"principal": "staff:x", "starts": "2026-01-01", **grant})
        assert answer.status_code == 201
        return told(answer)["warnings"]

    (warning,) = warnings(role="alternate")
    assert warning.startswith("nobody knows which person staff:x is, so no rule keeps them from deciding")
    assert warnings(role="auditor") == warnings(role="staff", person=BEN) == warnings(role="director") == []


def test_compliance_reads_names_and_institutions_and_no_addresses(office: HttpOffice):
    def details(of):
        return told(office.get(of, f"/people/{ANA}"))["details"]

    assert details("compliance") == {"name": "Ana Ejemplo", "institution": "Home"}
    assert details("auditor").keys() == {"name", "institution", "department", "address", "email", "phone"}


def test_names_are_told_to_those_alone_who_may_see_them(office: HttpOffice):
    wish = {"person": ANA, "dataset": DATA_SET, "request": REQUEST}
    told_to_server = office.post("data server", "/accesses", wish).get_data(as_text=True)
    told_to_staff = office.post("staff", "/accesses", wish).get_data(as_text=True)

    assert ("Ana Ejemplo" in told_to_server, "Ana Ejemplo" in told_to_staff) == (False, True)
    assert {"data server", "admin"} == set(ROLES) - SEES_NAMES


@pytest.mark.parametrize("of", [one for one in ROLES if one not in DECIDING])
def test_only_the_office_records_for_somebody_else(office: HttpOffice, of):
    with office.unchanged():
        response = office.post(of, f"/requests/{REQUEST}/withdrawal", {"on_behalf_of": ANA})

    assert response.status_code == 403


def test_nobody_decides_in_another_name(office: HttpOffice):
    with office.unchanged():
        response = office.post("staff", f"/requests/{REQUEST}/approval", {"decided_by": principal("director")})

    assert [one["pointer"] for one in told(response)["errors"]] == ["/decided_by"]
