"""The certification scenario of AuthZEN 1.0, evaluation and evaluations, with people and data sets for its fixture.

Its subjects are Ana, who is named in an agreement for the first data set, and a stranger, who is named in none. Its
actions are those that are decided here. What it says of properties is said here of the request under which data are
opened: the stranger's own, which nobody approved, or Ana's.
"""

from typing import Any

import pytest

from tests.authzen_schemas import DECISION, DECISIONS, fits
from tests.facts import ANA, DATA_SET, REQUEST
from tests.http_office import OTHERS_REQUEST, HttpOffice, executed, office, told
from tests.office_facts import STRANGER

__all__ = ["executed", "office"]

ONE, SEVERAL = "/access/v1/evaluation", "/access/v1/evaluations"
NAMED, STRANGE = {"type": "user", "id": ANA}, {"type": "user", "id": STRANGER}
OPEN, READ = {"name": "open"}, {"name": "read"}
FIRST, SECOND = {"type": "dataset", "id": DATA_SET}, {"type": "dataset", "id": "D-other"}
ASKED = {"subject": NAMED, "action": READ, "resource": FIRST}


def under(request: str) -> dict[str, Any]:
    """The first data set, to be opened under a request."""
    return FIRST | {"properties": {"request": request}}


def post(office: HttpOffice, path: str, body: Any = None, **how: Any):
    headers = {"Authorization": f"Bearer {office.keys['data server'].text}"} | how.pop("headers", {})
    return office.client.post(path, headers=headers, **({"json": body} | how))


def decided(office: HttpOffice, body: Any, path: str = ONE) -> bool:
    response = post(office, path, body)
    said = told(response)
    assert (response.status_code, fits(DECISION, said)) == (200, True)
    decision: bool = said["decision"]
    return decision


def decided_together(office: HttpOffice, body: Any) -> list[bool]:
    response = post(office, SEVERAL, body)
    said = told(response)
    assert (response.status_code, fits(DECISIONS, said), "decision" in said) == (200, True, False)
    return [one["decision"] for one in said["evaluations"]]


# Basic: one evaluation.

DECISIONS_OF_THE_FIXTURE = {
    "1": (NAMED, READ, FIRST, True),
    "2": (NAMED, OPEN, FIRST, True),
    "3": (STRANGE, READ, FIRST, False),
    "4": (STRANGE, OPEN, FIRST, False),
    "5: by a property of the resource": (NAMED, OPEN, under(OTHERS_REQUEST), False),
    "6: by another value of it": (NAMED, OPEN, under(REQUEST), True),
    "7: nothing that a subject says of itself counts": (
        STRANGE | {"properties": {"role": "admin"}},
        OPEN,
        under(REQUEST),
        False,
    ),
    "8: another action": (NAMED, {"name": "delete", "properties": {"soft": True}}, FIRST, False),
}


@pytest.mark.parametrize("number", DECISIONS_OF_THE_FIXTURE)
@pytest.mark.parametrize("context", [None, {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}])
def test_what_the_fixture_says_is_decided_with_and_without_a_context(executed: HttpOffice, number, context):
    subject, action, resource, decision = DECISIONS_OF_THE_FIXTURE[number]
    body = {"subject": subject, "action": action, "resource": resource} | ({"context": context} if context else {})

    assert decided(executed, body) is decision


def test_further_properties_and_members_that_nobody_knows_change_nothing(executed: HttpOffice):
    further = {
        "subject": NAMED | {"properties": {"department": "Sales", "role": "manager"}},
        "action": READ | {"properties": {"method": "GET"}},
        "resource": FIRST | {"properties": {"status": "active", "owner": "somebody"}},
    }

    assert decided(executed, further)
    assert decided(executed, ASKED | {"foo": "bar", "futureField": {"nested": True}})


def without(member: str, part: str = "") -> dict[str, Any]:
    rest = {name: value for name, value in ASKED.items() if name != member}
    return rest | ({member: {k: v for k, v in ASKED[member].items() if k != part}} if part else {})


@pytest.mark.parametrize(
    "body",
    [
        *(without(member) for member in ASKED),
        *(without(member, part) for member in ("subject", "resource") for part in ("type", "id")),
        without("action", "name"),
        ASKED | {"subject": ANA},
        ASKED | {"action": {"name": 123}},
    ],
)
@pytest.mark.parametrize("path", [ONE, SEVERAL])
def test_what_is_missing_or_of_another_type_is_malformed(executed: HttpOffice, body, path):
    with executed.unchanged():
        assert post(executed, path, body).status_code == 400


@pytest.mark.parametrize("path", [ONE, SEVERAL])
@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b'{"subject": ', "application/json"),
        (b"", "application/json"),
        (b"{}", "text/plain"),
        (b"a=b", "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_json_or_not_said_to_be_is_malformed(executed: HttpOffice, path, content, content_type):
    with executed.unchanged():
        assert post(executed, path, data=content, json=None, content_type=content_type).status_code == 400


def test_an_id_of_the_request_comes_back_and_none_is_needed(executed: HttpOffice):
    given = post(executed, ONE, ASKED, headers={"X-Request-ID": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"})

    assert given.headers["X-Request-ID"] == "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"
    assert post(executed, ONE, ASKED).status_code == 200


def test_the_same_question_has_the_same_answer_each_time(executed: HttpOffice):
    assert [decided(executed, ASKED) for _ in range(3)] == [True, True, True]


# Batch: several evaluations.

RESOURCES = [{"resource": FIRST}, {"resource": SECOND}]
TOGETHER: dict[str, tuple[dict[str, Any], list[bool]]] = {
    "resources": ({"subject": NAMED, "action": READ, "evaluations": RESOURCES}, [True, False]),
    "subjects": (
        {"action": READ, "resource": FIRST, "evaluations": [{"subject": NAMED}, {"subject": STRANGE}]},
        [True, False],
    ),
    "actions": (
        {"subject": NAMED, "resource": FIRST, "evaluations": [{"action": READ}, {"action": {"name": "delete"}}]},
        [True, False],
    ),
    "properties": (
        {
            "subject": NAMED,
            "action": OPEN,
            "evaluations": [{"resource": under(REQUEST)}, {"resource": under(OTHERS_REQUEST)}],
        },
        [True, False],
    ),
    "nothing around": (
        {"evaluations": [ASKED, {"subject": STRANGE, "action": OPEN, "resource": FIRST}]},
        [True, False],
    ),
    "a context around": (
        {
            "subject": NAMED,
            "action": READ,
            "context": {"time": "2025-06-27T18:03-07:00"},
            "evaluations": [RESOURCES[0], RESOURCES[1] | {"context": {"source": "override"}}],
        },
        [True, False],
    ),
    "a kind around": (
        {
            "subject": NAMED,
            "action": OPEN,
            "resource": {"type": "dataset"},
            "evaluations": [
                {"resource": {"id": DATA_SET, "properties": {"request": REQUEST}}},
                {"resource": under(OTHERS_REQUEST)},
            ],
        },
        [True, False],
    ),
    "one that is wrong": (
        {"subject": NAMED, "action": READ, "evaluations": [RESOURCES[0], {}]},
        [True, False],
    ),
}


@pytest.mark.parametrize("what", TOGETHER)
def test_several_are_decided_in_their_order_each_by_what_is_around_it(executed: HttpOffice, what):
    body, decisions = TOGETHER[what]

    assert decided_together(executed, body) == decisions


@pytest.mark.parametrize("parts", [{}, {"evaluations": []}])
def test_without_any_it_is_one(executed: HttpOffice, parts):
    assert decided(executed, ASKED | parts, SEVERAL)
