"""The API's own document: every route is in it, and whatever is answered is as it says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from schemathesis import checks
from schemathesis.specs.openapi import checks as described

from api.http.document import PUBLIC_ANSWERS, openapi
from api.http.problems import KINDS
from api.http.table import ROUTES
from tests.facts import ANA, BEN, DATA_SET, REQUEST
from tests.http_office import OTHERS_REQUEST, ROLES, HttpOffice, an_office, office, told
from tests.office_facts import STRANGER
from tests.stores import CAMPAIGN, LATER

__all__ = ["office"]

EACH = 170 if CAMPAIGN else 6
SOME = settings(
    max_examples=EACH,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
THERE: dict[str, list[str]] = {
    "request": [REQUEST, OTHERS_REQUEST],
    "person": [ANA, BEN, STRANGER],
    "dataset": [DATA_SET],
    "determination": ["E-irb", "E-couhes"],
    "position": ["1", "20", "28"],
}
# How the ids of these begin, wherever they stand in a body.
BEGINNINGS = {ids[0][:2]: ids for name, ids in THERE.items() if name != "position"}
TAKEN_BY = {route.name: sorted(route.roles) for route in ROUTES}


@pytest.fixture(scope="module", params=["file", *LATER])
def one_office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpOffice]:
    """One ledger for all cases, which grows as they come."""
    folder: Path = tmp_path_factory.mktemp("one")
    server = None if request.param == "file" else request.getfixturevalue("postgres_server")
    with an_office(folder, tmp_path_factory, server) as office:
        yield office


def test_the_document_has_every_route_and_what_needs_no_key():
    paths = openapi()["paths"]
    described_routes = {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations}

    assert described_routes == {route.name for route in ROUTES} | {f"GET {path}" for path in PUBLIC_ANSWERS}


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does():
    operations = [operation for path in openapi()["paths"].values() for operation in path.values()]

    names = [one["operationId"] for one in operations]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Z].*\S", one["summary"]) for one in operations)


def test_every_schema_of_the_document_is_one():
    components = openapi()["components"]

    for name in components["schemas"]:
        Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})


def test_names_in_the_document_are_of_its_own_and_not_of_the_code():
    assert all(re.fullmatch(r"[A-Za-z]+", name) for name in openapi()["components"]["schemas"])


def test_the_page_loads_nothing_from_elsewhere_and_has_every_route_and_problem(office: HttpOffice):
    page = office.get("data server", "/docs").get_data(as_text=True)

    assert not re.search(r"(src|srcset|data|action)=|@import|url\(|<script|https?://", page)
    assert re.findall(r'href="([^"]*)"', page) == ["/openapi.json"]
    assert all(f"<code>{route.name}</code>" in page for route in ROUTES)
    assert re.findall(r'<dt id="([^"]+)"', page) == list(KINDS)


def operations() -> list[Any]:
    """The operations of the document, each under its name."""
    schema = schemathesis.openapi.from_dict(openapi())
    found: list[Any] = list(schema.get_all_operations())
    return [pytest.param(one.ok(), id=one.ok().label) for one in found]


@pytest.mark.campaign
@pytest.mark.parametrize("operation", operations())
@given(data=st.data())
@SOME
def test_whatever_is_asked_the_answer_is_as_the_document_says(one_office: HttpOffice, operation, data):
    case = data.draw(operation.as_strategy())
    for name, values in THERE.items():
        if name in (case.path_parameters or {}) and data.draw(st.integers(0, 4)):
            case.path_parameters[name] = data.draw(st.sampled_from(values))
    role = data.draw(st.sampled_from([*ROLES, None]))
    if data.draw(st.booleans()):
        # One that gets further.
        role = data.draw(st.sampled_from(TAKEN_BY.get(operation.label, ROLES)))
        case.body = of_what_is_there(case.body, data)
        case.headers.pop("If-Match", None)
        if operation.method.upper() == "POST":
            case.headers["Idempotency-Key"] = f"wish-{one_office.length}-{data.draw(st.integers(0, 999))}"
    key = one_office.keys[role].text if role else "dua_0"
    before = one_office.length, one_office.names_kept()

    headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"}
    headers["Accept"] = data.draw(st.sampled_from(["*/*", "application/json", "text/csv", "text/html"]))
    response = case.call(app=one_office.app, headers=headers)

    assert response.status_code < 500
    case.validate_response(
        response,
        checks=[
            checks.not_a_server_error,
            described.status_code_conformance,
            described.content_type_conformance,
            described.response_headers_conformance,
            described.response_schema_conformance,
        ],
    )
    grown = one_office.length - before[0]
    if response.status_code >= 400 and b'"/docs#refused"' in response.content:
        replayed = "idempotency-replayed" in response.headers
        assert grown == (0 if replayed else 1)
    elif response.status_code >= 400:
        assert (grown, one_office.names_kept() - before[1]) == (0, 0)


def of_what_is_there(value: Any, data: Any) -> Any:
    """The same JSON about what the ledger knows, wherever it names something."""
    match value:
        case dict():
            return {name: of_what_is_there(member, data) for name, member in value.items()}
        case list():
            return [of_what_is_there(one, data) for one in value]
        case str() if value[:2] in BEGINNINGS:
            return data.draw(st.sampled_from(BEGINNINGS[value[:2]]))
    return value


@pytest.mark.campaign
@given(data=st.data())
@settings(SOME, max_examples=10 * EACH)
def test_json_of_any_shape_anywhere_is_turned_away_or_taken_and_nothing_breaks(one_office: HttpOffice, data):
    route = data.draw(st.sampled_from([one for one in ROUTES if one.method == "POST" and not one.form]))
    path = route.path.format(**{name: THERE.get(name, [f"{name[0].upper()}-1"])[0] for name in route.ids})
    members = route.body.__struct_fields__ if route.body else route.reading.members if route.reading else ()
    assume(members)
    odd = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text()
        | st.lists(st.none(), max_size=2)
        | st.sampled_from(["2026-11-20T08:00:00", "2026-11-20"])
    )
    body = data.draw(st.dictionaries(st.sampled_from(members) | st.text(max_size=3), odd, max_size=6))

    response = one_office.post(data.draw(st.sampled_from(ROLES)), path, body)

    assert response.status_code < 500, (route.name, body, response.get_data())
    if response.status_code >= 400:
        assert told(response)["status"] == response.status_code
