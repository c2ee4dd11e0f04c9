"""API keys: shown once, kept as a digest, good for what they were issued for and no longer than that."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

import api.apikeys
from api.apikeys import Keys, digest_of, new_key
from api.commands.governance import EndRole, GrantRole, RevokeApiKey
from api.http.rates import BURST_SECONDS, Rates
from ledger.events import ApiKeyIssued
from tests.facts import ANA, REQUEST, Clock, commitment, seeded
from tests.http_office import BY, LATER, ON_BOTH, HttpOffice, office, principal, told

__all__ = ["office"]

WANTED = {"principal": principal("auditor"), "role": "auditor", "expires": "2027-01-01T00:00:00Z"}


def other_case(text: str) -> str:
    return text[:5] + text[5:].swapcase()


def bad(text: str) -> list[str]:
    """The same key, wrong in many ways."""
    return [
        "",
        "Bearer",
        "Bearer ",
        text,
        f"Basic {text}",
        f"Bearer {text[:-1]}",
        f"Bearer {text}A",
        f"Bearer  {text}",
        f"Bearer {text} ",
        f"Bearer {other_case(text)}",
        f"Bearer {text.upper()}",
        f"Bearer dua_{'0' * 16}{text[20:]}",
        f"Bearer {text[:-1]}{'A' if text[-1] != 'A' else 'B'}",
        f"Bearer {text[:20]}_{'A' * 43}",
        "Bearer " + "A" * 5000,
        "Bearer \xff",
        f"Bearer {text},{text}",
    ]


def test_a_key_has_256_random_bits_and_only_its_digest_is_kept(office: HttpOffice):
    made = told(office.post("admin", "/api-keys", WANTED))

    secret = made["key"][len("dua_0123456789abcdef_") :]
    assert len(urlsafe_b64decode(f"{secret}=")) == 32
    (issued,) = [fact.event for fact in office.home.ledger.facts(after=office.length - 1)]
    assert isinstance(issued, ApiKeyIssued)
    assert issued == ApiKeyIssued(
        apikey=made["apikey"],
        principal=principal("auditor"),
        role="auditor",
        scope=("access", "governing", "reading", "recording"),
        digest=sha256(made["key"].encode()).hexdigest(),
        expires=datetime(2027, 1, 1, tzinfo=UTC),
    )
    files = [file for file in office.home.path.rglob("*") if file.is_file()]
    assert not [file for file in files if secret.encode() in file.read_bytes()]


def test_a_new_key_opens_what_its_role_may_see(office: HttpOffice):
    key = told(office.post("admin", "/api-keys", WANTED))["key"]

    assert office.get(None, "/entries", key=key).status_code == 200


def test_a_key_is_shown_once_even_to_who_asks_again(office: HttpOffice):
    again = {"headers": {"Idempotency-Key": '"once"'}}
    first, second = (office.post("admin", "/api-keys", WANTED, **again) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert (told(first)["key"] is None, told(second)["key"]) == (False, None)
    assert told(first)["apikey"] == told(second)["apikey"]


def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(office: HttpOffice):
    with office.unchanged():
        answers = [
            office.client.get("/entries", headers={"Authorization": shown, "X-Request-ID": "same"})
            for shown in bad(office.keys["director"].text)
        ]

    assert {(one.status_code, one.get_data()) for one in answers} == {(401, answers[0].get_data())}
    assert {one.headers["WWW-Authenticate"] for one in answers} == {'Bearer realm="dua-ledger"'}
    assert all("Ledger-Position" not in one.headers for one in answers)


@ON_BOTH
def test_a_key_that_is_revoked_expired_or_without_its_role_is_good_for_nothing(office: HttpOffice):
    def fares(of):
        return office.get(of, "/entries", headers={"X-Request-ID": "same"})

    nobody = fares(None)
    office.clerk.take(RevokeApiKey(apikey=office.keys["auditor"].apikey), BY)
    office.clerk.take(EndRole(principal=principal("compliance"), role="compliance"), BY)
    for of in ("auditor", "compliance"):
        assert (fares(of).status_code, fares(of).get_data()) == (401, nobody.get_data())
    assert fares("staff").status_code == 200

    office.clock.now = LATER - timedelta(microseconds=1)
    assert fares("staff").status_code == 200
    office.clock.now = LATER
    assert (fares("staff").status_code, fares("staff").get_data()) == (401, nobody.get_data())


def test_a_key_works_again_once_its_role_does(office: HttpOffice):
    who = principal("auditor")
    office.clerk.take(EndRole(principal=who, role="auditor"), BY)
    assert office.get("auditor", "/entries").status_code == 401

    office.clerk.take(GrantRole(principal=who, role="auditor", starts=office.clock().date()), BY)

    assert office.get("auditor", "/entries").status_code == 200


def test_a_key_is_compared_in_constant_time_whether_or_not_there_is_one(monkeypatch):
    compared = []
    monkeypatch.setattr(api.apikeys, "compare_digest", lambda one, other: compared.append((one, other)))
    made, keys = new_key(seeded()), Keys()

    for text in ("", made.text, made.text[:-1], "ä"):
        keys.key(text)

    assert [len(one) + len(other) for one, other in compared] == 4 * [128]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"role": "director"}, "/role"),
        ({"principal": "staff:nobody"}, "/role"),
        ({"principal": "Ana Ejemplo"}, "/principal"),
        ({"expires": "2026-11-21T12:00:00Z"}, "/expires"),
        ({"expires": "2027-01-01T00:00:00"}, "/expires"),
        ({"scope": []}, "/scope"),
        ({"scope": ["everything"]}, "/scope/0"),
        ({"apikey": "T-0000000000000000"}, "/apikey"),
    ],
)
def test_a_key_that_would_be_good_for_nothing_is_not_made(office: HttpOffice, change, pointer):
    with office.unchanged():
        response = office.post("admin", "/api-keys", WANTED | change)

    assert (response.status_code, told(response)["errors"][0].get("pointer")) == (422, pointer)


def test_a_key_does_only_what_its_scope_allows(office: HttpOffice):
    key = office.issue("staff", scope=("reading",)).text

    with office.unchanged():
        refused = office.post(None, f"/requests/{REQUEST}/approval", key=key)
    assert (office.get(None, "/inbox", key=key).status_code, refused.status_code) == (200, 403)


def test_a_revocation_is_on_record_and_there_is_one(office: HttpOffice):
    path = f"/api-keys/{office.keys['auditor'].apikey}/revocation"

    assert office.post("admin", path).status_code == 201
    assert office.types() == ["api-key.revoked.v1"]
    with office.unchanged():
        assert office.post("admin", path).status_code == 422
        assert office.post("admin", "/api-keys/T-0000000000000000/revocation").status_code == 422


def test_the_last_use_of_a_key_is_known_by_its_day_and_costs_nothing_more_that_day(office: HttpOffice):
    def last_uses():
        return {one["role"]: one["last_used"] for one in told(office.get("admin", "/api-keys"))["rows"]}

    office.get("auditor", "/entries")
    file = office.home.path / "last-use" / office.keys["auditor"].apikey
    first = file.stat()
    office.clock.go(timedelta(hours=1))
    office.get("auditor", "/entries")

    assert (file.stat().st_mtime, file.stat().st_mode & 0o777) == (first.st_mtime, 0o600)
    assert (last_uses()["auditor"], last_uses()["staff"]) == ("2026-11-21", None)
    office.clock.go(timedelta(days=1))
    office.get("auditor", "/entries")
    assert last_uses()["auditor"] == "2026-11-22"
    table = office.get("admin", "/api-keys", headers={"Accept": "text/csv"}).get_data(as_text=True)
    assert table.splitlines()[0] == "apikey,principal,role,scope,expires,last_used"


def test_what_is_recorded_says_which_key_it_came_by(office: HttpOffice):
    office.post("staff", "/organisations", {"organisation": "O-lakeside", "name": "Lakeside College"})

    (recorded,) = list(office.home.ledger.facts(after=office.length - 1))
    assert (recorded.actor, recorded.via) == (principal("staff"), f"API key {office.keys['staff'].apikey}")


@ON_BOTH
def test_a_key_that_was_issued_by_another_program_is_known_at_the_next_call(office: HttpOffice):
    office.get("auditor", "/entries")

    assert office.get(None, "/entries", key=office.issue("auditor").text).status_code == 200


def test_a_digest_is_of_the_whole_key():
    made = new_key(seeded(1))

    assert made.digest == digest_of(made.text) != digest_of(made.text[:-1])
    assert ANA not in made.text
    assert made.digest != commitment()


def test_a_key_that_is_used_too_often_has_to_wait(office: HttpOffice):
    clock = Clock()
    rates = Rates(clock, per_second=2)
    at_once = [rates.takes("T-a") for _ in range(2 * BURST_SECONDS + 2)]

    assert at_once == 2 * BURST_SECONDS * [True] + [False, False]
    assert rates.takes("T-b")
    clock.go(timedelta(seconds=0.4))
    assert not rates.takes("T-a")
    clock.go(timedelta(seconds=0.1))
    assert [rates.takes("T-a"), rates.takes("T-a")] == [True, False]
    clock.go(-timedelta(days=1))
    assert not rates.takes("T-a")
    clock.go(timedelta(days=365))
    assert sum(rates.takes("T-a") for _ in range(100)) == 2 * BURST_SECONDS


def test_who_has_to_wait_is_told_so_and_nothing_is_done(office: HttpOffice, monkeypatch):
    monkeypatch.setattr(Rates, "takes", lambda rates, apikey: apikey != office.keys["staff"].apikey)

    with office.unchanged():
        response = office.post("staff", "/organisations", {"organisation": "O-b", "name": "B"})
    assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
    assert told(response)["type"] == "/docs#too-many"
    assert office.get("auditor", "/entries").status_code == 200
