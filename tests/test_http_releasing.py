"""Releasing over HTTP: data files come in, a package that one key opens goes out; keys are tested, details erased."""

import io
import tarfile
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from api.http.app import create_app
from ledger.errors import Missing
from ledger.events import DocumentOpened, KeyTestPassed, PersonErased, ReleaseHandedOver
from ledger.home import OUTGOING
from tests.facts import ANA, BEN, DATA_SET, NOON, REQUEST
from tests.http_office import ON_BOTH, HttpOffice, executed, file, form, office, sent, told
from tests.keys import MADE, Owner, keyring
from tests.office_facts import DIRECTOR

__all__ = ["executed", "office"]

pytestmark = pytest.mark.needs("gpg")

DATA = b"user_id,grade\n1,0.93\n" * 50_000
PATH = f"/requests/{REQUEST}"
RELEASE = f"L{REQUEST[1:]}-1"
PACKAGE = f"{PATH}/releases/{RELEASE}/package"
CHANNEL = {"channel": "sftp-drop"}
SAID = f'{{"extracted_by": "{DIRECTOR}", "learners": 2}}'


@pytest.fixture(scope="module")
def ana() -> Iterator[Owner]:
    with keyring() as ring:
        yield ring.owner("Ana Ejemplo <ana@example.edu>")


@pytest.fixture
def tested(executed: HttpOffice, ana: Owner) -> HttpOffice:
    """Ana is the contact, and her key is confirmed and tested; version 2 of the data set is what `DATA` is."""
    try_key(executed, ana)
    return executed


def try_key(office: HttpOffice, ana: Owner) -> None:
    done(office.post("staff", f"{PATH}/contacts", {"person": ANA}))
    done(form(office, f"{PATH}/keys", key=ana.public()))
    confirmed = {"fingerprint": ana.fingerprint, "confirmed_to": DIRECTOR, "by": "phone"}
    done(office.post("staff", f"{PATH}/key/confirmation", confirmed))
    message = done(office.post("staff", f"{PATH}/key/tests", CHANNEL))["message"]
    answer = ana.decrypt(message.encode()).decode()
    done(office.post("staff", f"{PATH}/key/test-answers", {**CHANNEL, "answer": answer}))
    version = {"label": "2", "form": "identified", "digest": sha256(DATA).hexdigest()}
    done(office.post("staff", f"/datasets/{DATA_SET}/versions", version))


@pytest.fixture
def authorised(tested: HttpOffice) -> HttpOffice:
    authorise(tested)
    return tested


def done(response) -> Any:
    assert response.status_code == 201, response.get_data()
    return told(response)


def hand_over(office: HttpOffice, content: bytes = DATA, query: str = "", **how: Any):
    data = {"command": SAID, "data": [file("pc.csv", content)]}
    return sent(office, PACKAGE + query, data, **how)


def fetch(office: HttpOffice, of: Any = "staff", **how: Any):
    """The package, read to its end: it comes piece by piece."""
    with office.get(of, PACKAGE, **how) as response:
        response.get_data()
        return response


def packages(office: HttpOffice) -> list[Path]:
    folder = office.home.path / OUTGOING
    return sorted(folder.iterdir()) if folder.is_dir() else []


def last_event(office: HttpOffice) -> Any:
    (recorded,) = list(office.home.ledger.facts(after=office.length - 1))
    return recorded.event


@ON_BOTH
def test_the_contact_fetches_a_package_that_their_key_alone_opens(authorised: HttpOffice, ana: Owner):
    done(hand_over(authorised))
    handed = last_event(authorised)
    fetched = fetch(authorised, "researcher")

    assert isinstance(handed, ReleaseHandedOver)
    assert (fetched.status_code, fetched.mimetype) == (200, "application/pgp-encrypted")
    assert sha256(fetched.get_data()).hexdigest() == handed.package.cipher_sha256
    with tarfile.open(fileobj=io.BytesIO(ana.decrypt(fetched.get_data()))) as tar:
        (name,) = tar.getnames()
        unpacked = tar.extractfile(name)
        assert unpacked is not None
        assert (name, unpacked.read()) == (f"{DATA_SET}-pc.csv", DATA)


def test_the_rest_of_a_package_comes_where_it_broke_off(authorised: HttpOffice):
    done(hand_over(authorised))
    whole, first, rest = (
        fetch(authorised, headers={"Range": one} if one else {}) for one in ("", "bytes=0-999", "bytes=1000-")
    )

    assert [one.status_code for one in (whole, first, rest)] == [200, 206, 206]
    assert first.get_data() + rest.get_data() == whole.get_data()
    assert {one.headers["Cache-Control"] for one in (whole, first)} == {"no-store"}


@pytest.mark.parametrize("part", ["bytes=99999999-", "bytes=0-9,20-29", "nonsense"])
def test_a_part_that_a_package_does_not_have_is_not_fetched(authorised: HttpOffice, part):
    done(hand_over(authorised))

    with authorised.unchanged():
        response = authorised.get("staff", PACKAGE, headers={"Range": part})

    assert (response.status_code, told(response)["type"]) == (416, "/docs#no-such-range")


def test_that_a_package_was_fetched_is_on_record(authorised: HttpOffice):
    done(hand_over(authorised))
    handed = authorised.length
    digest = last_event(authorised).package.cipher_sha256
    assert fetch(authorised).status_code == 200

    assert last_event(authorised) == DocumentOpened(entry=handed, document=digest, request=REQUEST)


def test_nothing_of_the_data_is_left_and_the_package_lies_where_only_its_owner_looks(authorised: HttpOffice):
    done(hand_over(authorised))

    (package,) = packages(authorised)
    assert (package.stat().st_mode & 0o777, package.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    files = [one for one in authorised.home.path.rglob("*") if one.is_file()]
    assert not [one for one in files if DATA[:100] in one.read_bytes()]


def test_a_package_goes_once_it_has_arrived(authorised: HttpOffice):
    done(hand_over(authorised))
    done(authorised.post("researcher", f"{PATH}/releases/{RELEASE}/receipt"))

    assert authorised.get("staff", PACKAGE).status_code == 410
    assert packages(authorised) == []


@pytest.mark.parametrize("of", ["auditor", "data server", "compliance", "admin"])
def test_nobody_else_fetches_a_package(authorised: HttpOffice, of):
    done(hand_over(authorised))

    with authorised.unchanged():
        assert authorised.get(of, PACKAGE).status_code == 403


def test_a_member_of_the_group_who_is_not_the_contact_does_not_fetch_it(authorised: HttpOffice):
    done(hand_over(authorised))
    grant = {"principal": "researcher:ben", "role": "researcher", "starts": "2026-01-01", "person": BEN}
    done(authorised.post("admin", "/roles", grant))
    ben = authorised.issue("researcher", principal="researcher:ben").text

    with authorised.unchanged():
        assert authorised.get(None, PACKAGE, key=ben).status_code == 404


@pytest.mark.parametrize("content", [DATA + b"\n", b"", DATA[:-1]])
def test_what_is_not_byte_for_byte_what_was_authorised_changes_nothing(authorised: HttpOffice, content):
    with authorised.unchanged():
        response = hand_over(authorised, content)

    assert (response.status_code, told(response)["errors"][0]["pointer"]) == (422, "/data")
    assert packages(authorised) == []


def test_files_that_are_missing_or_there_twice_change_nothing(authorised: HttpOffice):
    with authorised.unchanged():
        twice = sent(authorised, PACKAGE, {"command": SAID, "data": [file("a", DATA), file("b", DATA)]})
        none = sent(authorised, PACKAGE, {"command": SAID})
        other = sent(authorised, PACKAGE, {"command": SAID, "data": [file("a", DATA)], "more": file("b", DATA)})

    assert [one.status_code for one in (twice, none, other)] == [422, 422, 422]


@pytest.mark.parametrize("name", ["../../x.csv", "a/b", "a\x00b", "\u202egpj.csv", "a" * 250])
def test_a_file_whose_name_could_do_harm_is_not_packed(authorised: HttpOffice, name):
    with authorised.unchanged():
        response = sent(authorised, PACKAGE, {"command": SAID, "data": [file(name, DATA)]})

    assert response.status_code == 422


def test_what_was_never_authorised_is_not_found(tested: HttpOffice):
    with tested.unchanged():
        assert hand_over(tested).status_code == 404
        assert tested.get("staff", PACKAGE).status_code == 404


@ON_BOTH
def test_the_same_key_hands_over_once(authorised: HttpOffice):
    first = hand_over(authorised, headers={"Idempotency-Key": "k-1"})
    with authorised.unchanged():
        again = hand_over(authorised, headers={"Idempotency-Key": "k-1"})

    assert (first.status_code, again.get_data()) == (201, first.get_data())
    assert len(packages(authorised)) == 1


def authorise(office: HttpOffice) -> None:
    done(office.post("staff", f"{PATH}/releases", {**CHANNEL, "versions": [{"dataset": DATA_SET, "label": "2"}]}))


def test_a_release_that_is_refused_at_last_has_failed_and_another_goes_out(authorised: HttpOffice):
    done(authorised.post("staff", f"/people/{ANA}/suspensions", {"reason": "an incident"}))
    tried = hand_over(authorised, query="?dry_run=true")
    refused = hand_over(authorised, headers={"Idempotency-Key": "k-1"})

    assert (tried.status_code, told(tried)["would_be"]) == (200, "refused")
    assert (refused.status_code, authorised.types(2)) == (409, ["act.refused.v1", "release.failed.v1"])
    assert told(refused)["objections"] == told(tried)["objections"]
    assert (last_event(authorised).stage, packages(authorised)) == ("handing over", [])
    with authorised.unchanged():
        assert hand_over(authorised, headers={"Idempotency-Key": "k-1"}).status_code == 409
    done(authorised.post("director", f"/people/{ANA}/suspension-lifts"))
    authorise(authorised)
    again = {"command": SAID, "data": [file("pc.csv", DATA)]}
    done(sent(authorised, PACKAGE.replace("-1/package", "-2/package"), again))


def test_a_release_for_a_key_that_has_run_out_meanwhile_has_failed(executed: HttpOffice):
    with keyring() as ring:
        ana = ring.owner("Ana Ejemplo <ana@example.edu>")
        ana.expire(MADE + timedelta(hours=1), NOON + timedelta(days=1))
        try_key(executed, ana)
        authorise(executed)
        executed.clock.go(timedelta(days=2))
        response = hand_over(executed)

    assert (response.status_code, packages(executed)) == (422, [])
    assert told(response)["detail"].endswith("That the release failed is recorded.")
    assert (executed.types(), last_event(executed).stage) == (["release.failed.v1"], "packing")


def test_what_a_crash_left_of_a_refusal_is_recorded_when_it_is_sent_again(authorised: HttpOffice, monkeypatch):
    done(authorised.post("staff", f"/people/{ANA}/suspensions", {"reason": "an incident"}))
    with monkeypatch.context() as crash:
        crash.setattr("api.http.releasing._fails", lambda *_: None)
        assert hand_over(authorised, headers={"Idempotency-Key": "k-1"}).status_code == 409

    assert hand_over(authorised, headers={"Idempotency-Key": "k-1"}).status_code == 409
    assert authorised.types(2) == ["act.refused.v1", "release.failed.v1"]


def test_a_second_package_of_a_release_is_refused_and_the_first_stays(authorised: HttpOffice):
    done(hand_over(authorised))
    before = packages(authorised)

    assert hand_over(authorised).status_code == 409
    assert packages(authorised) == before
    assert fetch(authorised).status_code == 200


def test_data_that_are_too_large_are_not_taken(authorised: HttpOffice):
    authorised.client = create_app(authorised.parts._replace(largest=len(DATA) // 2)).test_client()

    with authorised.unchanged():
        assert hand_over(authorised).status_code == 413
    assert packages(authorised) == []


# Key tests.


def test_a_key_test_that_is_sent_again_has_the_same_nonce(tested: HttpOffice, ana: Owner):
    same = {"headers": {"Idempotency-Key": "k-1"}}
    first, again = (done(tested.post("staff", f"{PATH}/key/tests", {"channel": "post"}, **same)) for _ in range(2))

    read = [ana.decrypt(one["message"].encode()) for one in (first, again)]
    assert (read[0], first["entries"]) == (read[1], again["entries"])
    answer = {"channel": "post", "answer": read[0].decode()}
    done(tested.post("staff", f"{PATH}/key/test-answers", answer))
    assert isinstance(last_event(tested), KeyTestPassed)


def test_a_key_test_that_is_only_tried_sends_nothing(tested: HttpOffice):
    with tested.unchanged():
        tried = tested.post("staff", f"{PATH}/key/tests?dry_run=true", CHANNEL)

    assert told(tried) == {"would_be": "done", "objections": []}


def test_without_a_key_on_file_there_is_nothing_to_test(executed: HttpOffice):
    with executed.unchanged():
        assert executed.post("staff", f"{PATH}/key/tests", CHANNEL).status_code == 422


# Erasing.


def erasure(office: HttpOffice, person: str, details: list[str], of="director", **how: Any):
    body = {"details": details, "last_copy_lapses": "2026-12-31"}
    return office.post(of, f"/people/{person}/erasure", body, **how)


@ON_BOTH
def test_details_that_are_erased_are_gone_and_that_is_on_record(office: HttpOffice):
    answer = done(erasure(office, ANA, ["phone"]))

    assert answer["destroyed"]["values"] == 1
    assert last_event(office) == PersonErased(person=ANA, details=("phone",), last_copy_lapses=date(2026, 12, 31))
    assert "phone" not in told(office.get("auditor", f"/people/{ANA}"))["details"]


@ON_BOTH
def test_an_erasure_that_is_sent_again_is_recorded_once(office: HttpOffice):
    same = {"headers": {"Idempotency-Key": "k-1"}}
    first = done(erasure(office, ANA, ["phone"], **same))
    with office.unchanged():
        again = done(erasure(office, ANA, ["phone"], **same))
        other = erasure(office, ANA, ["phone"])

    assert first["entries"] == again["entries"]
    assert again["destroyed"]["values"] == 0
    assert other.status_code == 422


def test_an_erasure_that_a_rule_stands_against_destroys_nothing(executed: HttpOffice):
    before = executed.length, executed.names_kept()
    tried = executed.post(
        "director", f"/people/{ANA}/erasure?dry_run=true", {"details": [], "last_copy_lapses": "2026-12-31"}
    )
    assert told(tried)["would_be"] == "refused"
    assert erasure(executed, ANA, []).status_code == 409

    assert (executed.length, executed.names_kept()) == (before[0] + 1, before[1])


def test_somebody_unknown_is_not_erased(office: HttpOffice):
    with office.unchanged():
        assert erasure(office, "p-" + 32 * "0", []).status_code == 422


def test_what_was_erased_cannot_be_opened(office: HttpOffice):
    (name,) = [one.commitment for one in office.home.custody.commitments() if one.purpose.endswith("phone")]
    done(erasure(office, ANA, ["phone"]))

    with pytest.raises(Missing):
        office.home.custody.unseal(name)


# Findings that a release shows.


def test_findings_of_several_people_are_closed_only_where_it_is_said_whose_or_all(authorised: HttpOffice):
    done(hand_over(authorised))
    done(authorised.post("researcher", f"{PATH}/releases/{RELEASE}/receipt"))
    received, kind = authorised.length, {"kind": "overdue destruction", "reason": "They wrote to us."}
    closing = f"/findings/{received}/closing"

    with authorised.unchanged():
        asked = authorised.post("staff", closing, kind)
    assert (asked.status_code, told(asked)["errors"][0]["pointer"]) == (422, "/person")
    of_ben = done(authorised.post("staff", closing, kind | {"person": BEN}))
    of_all = done(authorised.post("staff", closing, kind | {"all": True}))
    assert [one["entries"][0]["event"]["person"] for one in (of_ben, of_all)] == [BEN, None]
