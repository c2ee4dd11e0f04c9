"""What a researcher says is of their own, too: whoever else they name in a body, or whatever else they are."""

import json
from datetime import UTC, datetime
from typing import get_type_hints

import pytest

from api.commands.contact import ConfirmKey
from api.commands.incident import ReportIncident
from api.commands.people import RegisterPerson
from api.desk import Circumstances
from api.errors import NotEntitled
from api.http.document import openapi
from api.http.table import ROUTES
from ledger.events import DECLARED
from tests.facts import ANA, BEN, DATA_SET, REQUEST
from tests.http_office import OTHERS_REQUEST, PDF, HttpOffice, executed, form, office, principal, told
from tests.office import written
from tests.office_facts import STRANGER, memorandum, role
from tests.outside import notified

__all__ = ["executed", "office"]

MISSING = "R-1999-0001"
INCIDENT = {"what": "lost device", "discovered": "2026-11-20T08:00:00Z", "people": [ANA]}
REFERRED = {"kind": "replicate", "asker": "The Journal", "asked": ANA, "referred_by": ANA, "datasets": [DATA_SET]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/incidents", {**INCIDENT, "requests": [OTHERS_REQUEST]}),
        ("/incidents", {**INCIDENT, "requests": [REQUEST, OTHERS_REQUEST]}),
        ("/queries", {**REFERRED, "request": OTHERS_REQUEST}),
        ("/queries", {**REFERRED, "publication": "B-2026-0002-1"}),
    ],
)
def test_what_names_a_request_of_others_is_answered_as_if_there_were_none(office: HttpOffice, path, body):
    with office.unchanged():
        other = office.post("researcher", path, body, headers={"X-Request-ID": "same"})
        for_nobody = {
            name: MISSING if value == OTHERS_REQUEST else [MISSING] if name == "requests" else value
            for name, value in body.items()
        }
        missing = office.post("researcher", path, for_nobody, headers={"X-Request-ID": "same"})

    assert (other.status_code, missing.status_code) == (404, 404)
    assert other.get_data() == missing.get_data()


def test_of_their_own_request_a_researcher_tells_of_an_incident_and_refers_who_asks(office: HttpOffice):
    assert office.post("researcher", "/incidents", {**INCIDENT, "requests": [REQUEST]}).status_code == 201
    assert office.post("researcher", "/queries", {**REFERRED, "request": REQUEST}).status_code == 201


@pytest.mark.parametrize("path", ["/agreements", "/publications"])
def test_of_what_is_listed_a_researcher_sees_what_is_of_their_own_requests(executed: HttpOffice, path):
    others = memorandum(agreement="A-9", request=OTHERS_REQUEST)
    published = [notified(), notified(publication="B-2", request=OTHERS_REQUEST)]
    written([others, *published], executed.home.ledger)
    grant = {"principal": "researcher:x", "role": "researcher", "starts": "2026-01-01"}
    assert executed.post("admin", "/roles", grant).status_code == 201
    nobody = executed.issue("researcher", principal="researcher:x").text

    def requests(of, query="", **how):
        return {one["request"] for one in told(executed.get(of, path + query, **how))["rows"]}

    assert requests("staff") == {REQUEST, OTHERS_REQUEST}
    assert requests("researcher") == requests("researcher", f"?request={REQUEST}") == {REQUEST}
    assert requests("researcher", f"?request={OTHERS_REQUEST}") == requests(None, key=nobody) == set()


def test_a_researcher_who_does_not_say_who_tells_it_tells_it_themself(office: HttpOffice):
    query = office.post("researcher", "/queries", {"kind": "replicate", "asker": "The Journal"})
    manuscript = {"kind": "article", "title": "What we found"}
    published = office.post("researcher", f"/requests/{REQUEST}/publications", manuscript)

    said = [told(one)["entries"][0]["event"] for one in (query, published)]
    assert (said[0]["referred_by"], said[1]["told_by"]) == (ANA, ANA)


@pytest.mark.parametrize("further", ["auditor", "compliance", "data server"])
def test_who_is_a_researcher_and_reads_everything_tells_no_more_than_a_researcher(office: HttpOffice, further):
    written([role(principal=principal("researcher"), person=ANA, role=further)], office.home.ledger)

    with office.unchanged():
        referred = office.post("researcher", "/queries", {**REFERRED, "referred_by": BEN, "asked": BEN})
        incident = office.post("researcher", "/incidents", {**INCIDENT, "people": [STRANGER]})

    assert (referred.status_code, incident.status_code) == (403, 403)


@pytest.mark.parametrize("about", [{"people": [ANA]}, {"people": [ANA], "datasets": [DATA_SET]}])
def test_an_incident_that_would_stop_others_is_none_that_a_researcher_reports(office: HttpOffice, about):
    with office.unchanged():
        assert office.post("researcher", "/incidents", {**INCIDENT, **about}).status_code == 403


def test_an_incident_of_theirs_and_of_others_is_none_that_a_researcher_tells_anywhere(office: HttpOffice):
    discovered = datetime(2026, 11, 20, 8, tzinfo=UTC)
    both = ReportIncident(what="lost device", discovered=discovered, requests=(REQUEST, OTHERS_REQUEST))

    with office.unchanged(), pytest.raises(NotEntitled):
        office.clerk.take(both, Circumstances(actor=principal("researcher"), via="command line"))


# People by their addresses.

ADDRESS = "Ana@Example.edu"


def register(office: HttpOffice, address: str) -> str:
    person = f"p-{office.length:032x}"
    body = dict.fromkeys(("institution", "department", "address", "phone"), "x")
    made = office.post("staff", "/people", {**body, "name": "Leo", "email": address, "person": person})
    assert made.status_code == 201
    return person


def test_a_researcher_writes_their_own_address(office: HttpOffice):
    answer = office.post("researcher", "/queries", {**REFERRED, "asked": ADDRESS, "referred_by": ADDRESS})

    assert answer.status_code == 201
    said = told(answer)["entries"][0]["event"]
    assert (said["asked"], said["referred_by"]) == (ANA, ANA)


def test_the_office_names_anybody_by_their_address(office: HttpOffice):
    leo = register(office, "leo@example.edu")
    body = {"what": "lost device", "discovered": "2026-11-20T08:00:00Z", "people": [ADDRESS, "leo@example.edu"]}

    answer = office.post("staff", "/incidents", body)

    assert told(answer)["entries"][0]["event"]["people"] == [ANA, leo]


@pytest.mark.parametrize(
    ("path", "changes", "pointer"),
    [
        ("/queries", {"referred_by": "x@example.edu"}, "/referred_by"),
        ("/queries", {"asked": "x@example.edu"}, "/asked"),
        ("/incidents", {"people": [ANA, "x@example.edu"], "requests": [REQUEST]}, "/people/1"),
    ],
)
def test_a_researcher_cannot_find_out_whom_the_office_knows(office: HttpOffice, path, changes, pointer):
    body = {**(REFERRED if path == "/queries" else INCIDENT), **changes}

    def ask():
        with office.unchanged():
            return office.post("researcher", path, body, headers={"X-Request-ID": "same"})

    unknown = ask()
    register(office, "x@example.edu")
    known = ask()

    assert (unknown.status_code, unknown.get_data()) == (known.status_code, known.get_data()) == (422, known.get_data())
    why = "person is the address of nobody in your requests"
    assert told(known)["errors"] == [{"detail": why, "pointer": pointer}]


def test_an_address_of_nobody_is_said_to_be_in_nobodys_hands(office: HttpOffice):
    with office.unchanged():
        answer = office.post("staff", "/queries", {**REFERRED, "asked": "x@example.edu"})

    assert answer.status_code == 422
    assert told(answer)["errors"] == [{"detail": "person is not in this ledger", "pointer": "/asked"}]


def test_for_whom_it_is_recorded_is_named_by_address_too(office: HttpOffice):
    body = json.dumps({"on_behalf_of": ADDRESS, "requests": [REQUEST], **INCIDENT})

    answer = form(office, "/incidents", body, shown_by=PDF)

    assert answer.status_code == 201
    assert list(office.home.ledger.facts())[-1].on_behalf_of == ANA


def test_every_member_that_names_somebody_takes_an_address_and_its_schema_says_so():
    of_events = {
        name
        for event in DECLARED
        for name, hint in get_type_hints(event, include_extras=True).items()
        if "^p-[0-9a-f]" in str(hint)
    }
    told_of = {
        (route.name, member)
        for route in ROUTES
        if route.reading
        for member in {*route.reading.members} & of_events
        if (route.reading.command, member) not in {(RegisterPerson, "person"), (ConfirmKey, "by")}
    }
    schemas = openapi()["components"]["schemas"]
    described = {
        (route.name, member)
        for route in ROUTES
        if route.reading
        for member, schema in schemas[route.reading.body.__name__]["properties"].items()
        if "e-mail address" in schema.get("description", "")
    }

    assert len(told_of) > 30
    assert told_of <= described
