"""What a researcher says is of their own, too: whoever else they name in a body, or whatever else they are."""

from datetime import UTC, datetime

import pytest

from api.commands.incident import ReportIncident
from api.desk import Circumstances
from api.errors import NotEntitled
from tests.facts import ANA, BEN, DATA_SET, REQUEST
from tests.http_office import OTHERS_REQUEST, HttpOffice, executed, office, principal, told
from tests.office import STRANGER, role, written

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
