"""Lists over HTTP: what there is, page by page, at any time, for those who may see it."""

import re
from datetime import timedelta

import pytest

from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST
from tests.http_office import OTHERS_REQUEST, HttpOffice, executed, office, told
from tests.office_facts import STRANGER

__all__ = ["executed", "office"]


def rows(office: HttpOffice, path: str, of="auditor"):
    response = office.get(of, path)
    assert response.status_code == 200, response.get_data()
    return told(response)["rows"]


def test_requests_are_listed_with_their_state_in_the_order_in_which_they_came_into_it(office: HttpOffice):
    found = rows(office, "/requests")
    office.post("staff", f"/requests/{REQUEST}/withdrawal")
    later = rows(office, "/requests")

    assert [(one["request"], one["state"]) for one in found] == [
        (REQUEST, "law determined"),
        (OTHERS_REQUEST, "submitted"),
    ]
    assert [(one["request"], one["state"]) for one in later] == [(OTHERS_REQUEST, "submitted"), (REQUEST, "withdrawn")]
    assert (found[0]["researcher"], found[0]["researcher_name"]) == (ANA, "Ana Ejemplo")


def test_requests_in_some_states_alone(office: HttpOffice):
    def named(query):
        return [one["request"] for one in rows(office, f"/requests?{query}")]

    assert named("state=submitted") == [OTHERS_REQUEST]
    assert named("state=submitted&state=law%20determined") == [REQUEST, OTHERS_REQUEST]
    assert named("state=released") == []
    assert office.get("auditor", "/requests?state=somewhere").status_code == 422


def test_requests_as_they_were(office: HttpOffice):
    before = office.clock.now
    office.clock.go(timedelta(days=2))
    office.post("staff", f"/requests/{REQUEST}/withdrawal")
    then = before.strftime("%Y-%m-%dT%H:%M:%SZ")

    for query in (f"as_of={then}", f"known_at={then}"):
        assert {one["state"] for one in rows(office, f"/requests?{query}")} == {"law determined", "submitted"}


def test_a_researcher_lists_their_own_requests_and_no_others(office: HttpOffice):
    assert [one["request"] for one in rows(office, "/requests", "researcher")] == [REQUEST]
    grant = {"principal": "researcher:x", "role": "researcher", "starts": "2026-01-01"}
    assert office.post("admin", "/roles", grant).status_code == 201
    nobody = office.issue("researcher", principal="researcher:x").text
    assert told(office.get(None, "/requests", key=nobody))["rows"] == []


@pytest.mark.parametrize("path", ["/requests", "/people", "/datasets", "/agreements", "/accesses", "/entries"])
def test_every_list_comes_page_by_page_whole_and_in_any_form(executed: HttpOffice, path):
    for person in (ANA, BEN, STRANGER):
        executed.post("data server", "/accesses", {"person": person, "dataset": DATA_SET})
    whole = rows(executed, f"{path}?limit=1000")
    following, found = f"{path}?limit=1", []
    while following:
        response = executed.get("auditor", following)
        assert len(told(response)["rows"]) <= 1
        found += told(response)["rows"]
        link = re.fullmatch(r'<([^>]+)>; rel="next"', response.headers.get("Link", ""))
        following = link[1] if link else ""

    assert whole
    assert found == whole
    lines = executed.get("auditor", f"{path}?limit=1000", headers={"Accept": "text/csv"})
    assert (lines.mimetype, lines.get_data().count(b"\r\n") >= len(whole)) == ("text/csv", True)


def test_the_people_whom_the_office_knows_with_names_for_those_who_may_see_them(office: HttpOffice):
    found = {one["person"]: one["name"] for one in rows(office, "/people")}

    assert found[ANA] == "Ana Ejemplo"
    assert office.get("data server", "/people").status_code == 403


def test_the_catalogue_with_versions_in_the_form_that_each_was_found_in(office: HttpOffice):
    found = {"label": "1", "form": "de-identified", "found_by": ANA, "found_on": "2026-11-20", "method": "counted"}
    assert office.post("staff", f"/datasets/{DATA_SET}/form-changes", found).status_code == 201
    office.post("staff", f"/datasets/{DATA_SET}/retirement")

    shown = told(office.get("auditor", f"/datasets/{DATA_SET}"))
    assert shown in rows(office, "/datasets")
    assert (shown["retired"], [(one["label"], one["form"]) for one in shown["versions"]]) == (
        True,
        [("1", "de-identified")],
    )
    assert office.get("auditor", "/datasets/D-nothing").status_code == 404


def test_agreements_say_whom_they_name_and_whether_they_bind(executed: HttpOffice):
    found = rows(executed, f"/agreements?request={REQUEST}")

    assert [(one["agreement"], one["recipients"], one["in_force"]) for one in found] == [
        ("A-1", [ANA], True),
        ("A-2", [BEN], True),
    ]
    assert rows(executed, f"/agreements?request={OTHERS_REQUEST}") == []
    terminated = {"on": str(NOON.date()), "reason": "over"}
    response = executed.post("staff", f"/requests/{REQUEST}/agreements/A-1/termination", terminated)
    assert response.status_code == 201, response.get_data()
    assert [one["in_force"] for one in rows(executed, "/agreements")] == [False, True]
