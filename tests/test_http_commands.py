"""Commands over HTTP: thin resources, each wish once, documents by their first bytes."""

import json
from typing import Any

import pytest

from api.http.commanding import Told, reading_of
from api.http.table import ROUTES
from api.packets import read_packet
from ledger.events import (
    AgreementIssued,
    OrganisationRegistered,
    PersonSuspended,
    RelianceRequested,
    RequestApproved,
    TrainingCertified,
)
from tests.facts import ANA, DATA_SET, REQUEST
from tests.http_office import ON_BOTH, PDF, HttpOffice, certificate, certify, file, form, office, principal, sent, told
from tests.letters import EXAMPLES
from tests.office_facts import DIRECTOR, ELSEWHERE, LONG_AGO
from tests.packet_facts import MIT, OUTSIDE

__all__ = ["office"]

LAKESIDE = {"organisation": "O-lakeside", "name": "Lakeside College"}
UNKNOWN_KIND = "is neither PDF nor PNG, JPEG or text: its first bytes say so, whatever its name"


def key(text: str) -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": text}}


def last_event(office: HttpOffice) -> Any:
    (recorded,) = list(office.home.ledger.facts(after=office.length - 1))
    return recorded.event


@ON_BOTH
def test_a_report_is_recorded_and_the_answer_says_where(office: HttpOffice):
    response = office.post("staff", "/organisations", LAKESIDE)

    entry = office.home.ledger.store.entry(office.length)
    assert entry is not None
    assert (response.status_code, response.headers["Location"]) == (201, f"/entries/{office.length}")
    assert response.headers["Ledger-Position"] == str(office.length)
    (said,) = told(response)["entries"]
    assert (said["position"], said["type"], said["leaf"]) == (
        office.length,
        "organisation.registered.v1",
        entry.leaf.hex(),
    )
    event = last_event(office)
    assert isinstance(event, OrganisationRegistered)
    assert office.home.custody.unseal(event.name) == "Lakeside College"


@ON_BOTH
def test_an_act_that_nothing_stands_against_is_done(office: HttpOffice):
    certify(office)

    assert office.post("staff", f"/requests/{REQUEST}/approval").status_code == 201
    assert last_event(office) == RequestApproved(request=REQUEST)


def test_the_home_board_is_told_to_have_been_asked_to_rely_on_another(office: HttpOffice):
    of, board = f"/requests/{REQUEST}/determinations", {"determination": "E-2", "organisation": ELSEWHERE}
    assert form(office, of, json.dumps(board | {"protocol": "7", "outcome": "pending"})).status_code == 201
    with office.unchanged():
        assert office.post("staff", f"{of}/E-2/reliance-requests?dry_run=true").status_code == 200

    assert office.post("staff", f"{of}/E-2/reliance-requests").status_code == 201
    assert last_event(office) == RelianceRequested(request=REQUEST, determination="E-2", on=None)


@ON_BOTH
def test_the_same_key_has_the_same_outcome_and_records_it_once(office: HttpOffice):
    first = office.post("staff", "/organisations", LAKESIDE, **key('"k-1"'))
    with office.unchanged():
        again = office.post("staff", "/organisations", LAKESIDE, **key('"k-1"'))

    assert (first.status_code, first.get_data()) == (again.status_code, again.get_data())
    assert [one.headers.get("Idempotency-Replayed") for one in (first, again)] == [None, "true"]


@ON_BOTH
def test_a_refusal_under_the_same_key_is_recorded_once(office: HttpOffice):
    path = "/requests/R-2026-0002/approval"
    first = office.post("staff", path, **key("k-1"))
    with office.unchanged():
        again = office.post("staff", path, **key("k-1"))

    assert (first.status_code, first.get_data()) == (409, again.get_data())


@ON_BOTH
def test_what_makes_no_sense_twice_still_has_its_outcome_under_its_key(office: HttpOffice):
    path = f"/people/{ANA}/trainings"
    assert form(office, path, certificate(), certificate=PDF).status_code == 201
    verify = f"/people/{ANA}/training-verifications"
    first = office.post("staff", verify, **key("k-1"))

    assert office.post("staff", verify, **key("k-2")).status_code == 422
    assert office.post("staff", verify, **key("k-1")).get_data() == first.get_data()


@pytest.mark.parametrize(
    ("path", "body"),
    [("/organisations", LAKESIDE | {"name": "Lakeside"}), ("/people", {"person": "p-" + 32 * "7", "name": "Lakeside"})],
)
@ON_BOTH
def test_the_same_key_for_another_wish_is_an_error(office: HttpOffice, path, body):
    office.post("staff", "/organisations", LAKESIDE, **key("k-1"))

    with office.unchanged():
        response = office.post("staff", path, body, **key("k-1"))
    assert (response.status_code, told(response)["type"]) == (422, "/docs#key-reused")


def test_another_document_under_the_same_key_is_another_wish(office: HttpOffice):
    def certify(content):
        data = {"command": certificate(), "certificate": file("c.pdf", content)}
        return sent(office, f"/people/{ANA}/trainings", data, **key("k-1"))

    assert [certify(one).status_code for one in (PDF, PDF, PDF + b"!")] == [201, 201, 422]


def test_the_same_key_of_somebody_else_is_another_key(office: HttpOffice):
    office.post("staff", "/organisations", LAKESIDE, **key("k-1"))

    assert (
        office.post("alternate", "/organisations", {"organisation": "O-b", "name": "B"}, **key("k-1")).status_code
        == 201
    )


@pytest.mark.parametrize("given", [None, "", '""', '"a', 'a"', "a b", "ä", '"' + "a" * 256 + '"'])
def test_a_command_without_a_usable_key_is_not_taken(office: HttpOffice, given):
    headers = {"Authorization": f"Bearer {office.keys['staff'].text}"}
    if given is not None:
        headers["Idempotency-Key"] = given.encode().decode("latin-1")

    with office.unchanged():
        response = office.client.post("/organisations", json=LAKESIDE, headers=headers)
    assert (response.status_code, told(response)["type"]) == (400, "/docs#malformed")


def test_a_quoted_key_and_a_bare_one_are_the_same(office: HttpOffice):
    first = office.post("staff", "/organisations", LAKESIDE, **key('"k-1"'))

    assert office.post("staff", "/organisations", LAKESIDE, **key("k-1")).get_data() == first.get_data()


@ON_BOTH
def test_a_dry_run_says_what_would_come_of_it_and_records_nothing(office: HttpOffice):
    with office.unchanged():
        refused = office.post("staff", "/requests/R-2026-0002/approval?dry_run=true", {"conditions": "none"})
        done = office.post("staff", "/organisations?dry_run=true", LAKESIDE)
        malformed = office.post("staff", "/organisations?dry_run=true", LAKESIDE | {"name": ""})

    assert [one.status_code for one in (refused, done, malformed)] == [200, 200, 422]
    assert told(refused)["would_be"] == "refused"
    assert told(refused)["objections"] != []
    assert told(done) == {"would_be": "done", "objections": []}


@pytest.mark.parametrize("path", ["/requests/R-1999-0001/approval", "/requests/R-1999-0001/returns"])
def test_what_is_about_nothing_that_is_known_changes_nothing(office: HttpOffice, path):
    with office.unchanged():
        response = office.post("staff", path, {"items": ["C1.2"]} if path.endswith("returns") else {})

    assert response.status_code == 422
    assert told(response)["errors"][0]["detail"] == "request is not in this ledger"


def test_a_past_event_is_told_with_when_it_happened(office: HttpOffice):
    body = {"occurred_at": "2026-11-01T09:00:00-05:00", "precision": "day"}
    assert office.post("staff", f"/people/{ANA}/suspensions", {"request": REQUEST} | body).status_code == 201

    (recorded,) = list(office.home.ledger.facts(after=office.length - 1))
    assert (recorded.occurred_at.isoformat(), recorded.precision) == ("2026-11-01T14:00:00+00:00", "day")


def test_an_act_takes_no_time_of_its_own(office: HttpOffice):
    with office.unchanged():
        response = office.post(
            "director", f"/requests/{REQUEST}/approval", {"occurred_at": "2026-11-01T09:00:00-05:00"}
        )

    assert response.status_code == 422
    (error,) = told(response)["errors"]
    assert error["pointer"] == "/occurred_at"
    assert error["detail"] == (
        "occurred_at is for reports: approve-request happens when it is judged; "
        "what was decided on paper before is its document"
    )


def test_the_office_records_for_somebody_when_a_document_shows_it(office: HttpOffice):
    path, body = f"/requests/{REQUEST}/withdrawal", f'{{"on_behalf_of": "{ANA}"}}'
    with office.unchanged():
        alone = office.post("staff", path, {"on_behalf_of": ANA})
    shown = form(office, path, body, shown_by=PDF)

    assert (alone.status_code, told(alone)["errors"][0]["pointer"]) == (422, "/on_behalf_of")
    assert shown.status_code == 201
    (recorded,) = list(office.home.ledger.facts(after=office.length - 1))
    assert (recorded.actor, recorded.on_behalf_of, len(recorded.documents)) == (principal("staff"), ANA, 1)
    assert office.home.custody.read_document(recorded.documents[0]).content == PDF


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"Dear office,\n", "text/plain"),
        ("\N{PILE OF POO} \u202egnp.exe".encode(), "text/plain"),
        (b"-----BEGIN PGP SIGNATURE-----\n", "application/pgp-signature"),
    ],
)
def test_a_document_is_known_by_its_first_bytes_whatever_its_name(office: HttpOffice, content, media_type):
    response = form(office, f"/people/{ANA}/trainings", certificate(), certificate=("../../x.exe", content))

    event = last_event(office)
    assert (response.status_code, isinstance(event, TrainingCertified)) == (201, True)
    kept = office.home.custody.read_document(event.document)
    assert (kept.content, kept.media_type) == (content, media_type)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "is missing"),
        ({"certificate": b""}, "is empty"),
        ({"certificate": b"MZ\x90\x00"}, UNKNOWN_KIND),
        ({"certificate": b"\x00%PDF-1.4"}, UNKNOWN_KIND),
        ({"certificate": [PDF, PDF]}, "is there more than once"),
        ({"certificate": PDF, "another": PDF}, "is no part of this form"),
    ],
)
def test_a_document_that_cannot_be_kept_changes_nothing(office: HttpOffice, files, why):
    with office.unchanged():
        response = form(office, f"/people/{ANA}/trainings", certificate(), **files)

    assert response.status_code == 422
    assert [one["detail"] for one in told(response)["errors"]] == [why]


def test_a_document_that_is_too_large_is_not_read_to_its_end(office: HttpOffice):
    with office.unchanged():
        over = form(office, f"/people/{ANA}/trainings", certificate(), certificate=b"a" * (25 * 1024 * 1024 + 1))
        far_over = form(office, f"/people/{ANA}/trainings", certificate(), certificate=b"a" * (65 * 1024 * 1024))

    assert [over.status_code, far_over.status_code] == [413, 413]


def test_a_form_of_too_many_parts_is_not_read(office: HttpOffice):
    with office.unchanged():
        response = form(office, f"/people/{ANA}/trainings", certificate(), certificate=65 * [PDF])

    assert response.status_code == 413


@pytest.mark.parametrize("command", ["{", '{"completed": 1}', '{"completed": "2026-01-01", "x": 1}'])
def test_the_command_in_a_form_is_as_strict_as_anywhere(office: HttpOffice, command):
    with office.unchanged():
        response = form(office, f"/people/{ANA}/trainings", command, certificate=PDF)

    assert response.status_code == (400 if command == "{" else 422)


def test_no_plain_text_of_a_document_reaches_a_file(office: HttpOffice):
    marked = PDF + b" nobody-may-read-this" * 100_000
    assert form(office, f"/people/{ANA}/trainings", certificate(), certificate=marked).status_code == 201

    files = [file for file in office.home.path.rglob("*") if file.is_file()]
    assert not [file for file in files if b"nobody-may-read-this" in file.read_bytes()]


def test_an_agreement_is_issued_with_its_text(office: HttpOffice):
    certify(office)
    assert office.post("staff", f"/requests/{REQUEST}/approval").status_code == 201
    command = f'{{"kind": "MOU", "template": "MOU 2014-08", "template_approved_by": "{DIRECTOR}"}}'

    response = form(office, f"/requests/{REQUEST}/agreements", command, text=b"MOU on learner data.\n")

    event = last_event(office)
    assert response.status_code == 201, response.get_data()
    assert isinstance(event, AgreementIssued)
    assert office.home.custody.read_document(event.text).content == b"MOU on learner data.\n"


def test_a_suspension_comes_from_the_office_and_is_lifted_by_a_director(office: HttpOffice):
    assert office.post("staff", f"/people/{ANA}/suspensions", {"reason": "an incident"}).status_code == 201
    assert isinstance(last_event(office), PersonSuspended)
    assert office.post("director", f"/people/{ANA}/suspension-lifts").status_code == 201


@ON_BOTH
def test_a_data_server_asks_before_it_lets_in_and_reports_what_was_opened(office: HttpOffice):
    with office.unchanged():
        for wrong in ({"person": ANA, "dataset": "D-NOPE"}, {"account": "eva@example.edu", "dataset": "D-NOPE"}):
            turned_away = office.post("data server", "/accesses", wrong)
            assert (turned_away.status_code, told(turned_away)["errors"][0]["pointer"]) == (422, "/dataset")
        for wrong in ({"dataset": DATA_SET}, {"person": ANA, "account": "Ana", "dataset": DATA_SET}):
            assert office.post("data server", "/accesses", wrong).status_code == 422
    unknown = office.post("data server", "/accesses", {"account": "eva@example.edu", "dataset": DATA_SET})
    assert (unknown.status_code, "eva@" in unknown.get_data(as_text=True)) == (409, False)
    refused = office.post("data server", "/accesses", {"person": ANA, "dataset": DATA_SET})
    reported = office.post("data server", "/openings", {"person": ANA, "dataset": DATA_SET})

    assert [refused.status_code, reported.status_code] == [409, 201]
    assert office.types(2) == ["act.refused.v1", "dataset.opened.v1"]


@pytest.mark.parametrize("name", ["organisation", "name"])
@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\u202e", "", "a" * 70_000, "\x85", " "])
def test_text_that_could_do_harm_is_turned_away_or_kept_as_it_is(office: HttpOffice, name, text):
    response = office.post("staff", "/organisations", LAKESIDE | {name: text})

    assert response.status_code in (201, 422)
    if response.status_code == 201:
        assert office.home.custody.unseal(last_event(office).name) == text


# Packets.


def packet(example: str) -> list[tuple[str, bytes]]:
    folder = EXAMPLES / example
    return [
        (file.relative_to(folder).as_posix(), file.read_bytes()) for file in sorted(folder.rglob("*")) if file.is_file()
    ]


@pytest.mark.needs("gpg")
@pytest.mark.parametrize("example", [MIT, OUTSIDE])
def test_a_request_comes_in_as_the_files_of_a_packet(office: HttpOffice, example):
    response = form(office, "/requests", files=packet(example))

    assert response.status_code == 201, response.get_data()
    said = told(response)["entries"]
    (submitted,) = [one["event"] for one in said if one["type"] == "request.submitted.v1"]
    assert submitted["request"] == "R-2026-0003"
    assert {one["type"] for one in said} >= {"person.registered.v1", "request.submitted.v1"}
    assert read_packet(EXAMPLES / example, LONG_AGO).form.data_sets


@pytest.mark.needs("gpg")
def test_what_is_wrong_with_a_packet_is_said_at_once_with_pointers(office: HttpOffice):
    broken = [(name, content.replace(b"rosa.quill@example.edu", b"rosa.quill")) for name, content in packet(MIT)]
    with office.unchanged():
        response = form(office, "/requests", files=broken)

    assert response.status_code == 422
    errors = told(response)["errors"]
    assert errors
    assert {one["pointer"] for one in errors} >= {"/people/0/email"}


@pytest.mark.parametrize(
    "name",
    ["../request.toml", "/etc/passwd", "a/../../b", "a\\b", "a//b", "./a", "a/" * 9 + "b", "a" * 201, "..", "\u202ea"],
)
def test_a_file_of_a_packet_stays_in_the_packet(office: HttpOffice, name, tmp_path):
    with office.unchanged():
        response = form(office, "/requests", files=[(name, b"x")])

    assert response.status_code == 422
    assert not list(tmp_path.rglob("passwd"))


@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_two_files_of_a_packet_do_not_take_each_others_place(office: HttpOffice, names):
    with office.unchanged():
        response = form(office, "/requests", files=[(name, b"x") for name in names])

    assert [one["pointer"] for one in told(response)["errors"]] == ["/files"]


@pytest.mark.needs("gpg")
@ON_BOTH
def test_a_packet_under_the_same_key_comes_in_once(office: HttpOffice):
    def send():
        data = {"files": [file(name, content) for name, content in packet(OUTSIDE)]}
        return sent(office, "/requests", data, **key("k-1"))

    first = send()
    with office.unchanged():
        assert send().get_data() == first.get_data()


# The table.


def test_every_command_route_reads_what_its_command_has_and_when_it_happened():
    for route in ROUTES:
        if route.reading is None:
            continue
        command = route.reading.command
        members = {*route.reading.members, *route.reading.documents, *route.ids}
        assert members == {*command.__struct_fields__, *Told.__struct_fields__}
        assert reading_of(command, route.ids) is route.reading
