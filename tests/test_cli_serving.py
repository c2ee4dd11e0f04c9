"""Keys for programs, issued and revoked at the command line."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.apikeys import Keys, digest_of
from api.cli import main
from api.commands import Clerk
from api.commands.governance import GrantRole, PublishPolicy
from api.http.callers import Callers
from ledger.events import ApiKeyIssued, ApiKeyRevoked, PolicyPublished
from ledger.home import create_home, open_home
from tests.facts import NOON, Clock
from tests.http_office import BY

CLOCK = Clock(NOON)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    create_home(path, "log.example.com", actor="staff:director", via="command line", clock=CLOCK)
    with open_home(path, CLOCK) as opened:
        for role in ("director", "auditor"):
            Clerk(opened, CLOCK).take(
                GrantRole(principal=f"staff:{role}", role=role, starts=NOON.date()),
                BY,
            )
    return path


def typed(home: Path, *arguments: str):
    words = [*arguments, "--home", str(home), "--actor", "staff:director"]
    return CliRunner().invoke(main, words, obj=CLOCK)


def events(home: Path):
    with open_home(home, CLOCK) as opened:
        return [fact.event for fact in opened.ledger.facts()]


def key_in(text: str) -> str:
    found: list[str] = re.findall(r"dua_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", text)
    (key,) = found
    return key


def test_a_key_is_shown_once_and_its_digest_is_on_record(home: Path):
    told = typed(home, "issue-api-key", "staff:auditor", "auditor", "--until", "2026-12-31")

    issued = events(home)[-1]
    assert told.exit_code == 0
    assert issued == ApiKeyIssued(
        apikey=told.output.splitlines()[0],
        principal="staff:auditor",
        role="auditor",
        scope=("access", "governing", "reading", "recording"),
        digest=digest_of(key_in(told.output)),
        expires=datetime(2027, 1, 1, 4, 59, 59, 999999, UTC),
    )


def test_the_last_day_of_a_key_ends_at_midnight_at_the_office(home: Path):
    with open_home(home, CLOCK) as opened:
        policy = PublishPolicy(policy=PolicyPublished(time_zone="Pacific/Auckland"))
        Clerk(opened, CLOCK).take(policy, BY)

    key = key_in(typed(home, "issue-api-key", "staff:auditor", "auditor", "--until", "2026-12-31").output)

    midnight = datetime(2026, 12, 31, 11, tzinfo=UTC)
    clock = Clock(midnight - timedelta(microseconds=2))
    with open_home(home, clock) as opened:
        callers = Callers(opened.ledger, clock)
        caller = callers.caller(f"Bearer {key}")
        clock.now = midnight
        assert (caller and caller.principal, callers.caller(f"Bearer {key}")) == ("staff:auditor", None)


def test_a_key_may_be_for_less_than_its_role_does(home: Path):
    told = typed(
        home, "issue-api-key", "staff:director", "director", "--until", "2026-12-31", "--scope", "reading", "--json"
    )

    members = json.loads(told.output)
    (issued,) = [event for event in events(home) if isinstance(event, ApiKeyIssued)]
    assert (members["id"], issued.scope) == (issued.apikey, ("reading",))
    assert members["notes"] == [f"key: {key_in(told.output)}"]


def test_a_dry_run_shows_no_key(home: Path):
    before = events(home)
    told = typed(home, "issue-api-key", "staff:auditor", "auditor", "--until", "2026-12-31", "--dry-run")

    assert (told.exit_code, "dua_" in told.output, events(home)) == (0, False, before)


@pytest.mark.parametrize(
    "arguments",
    [
        ("issue-api-key", "staff:auditor", "director", "--until", "2026-12-31"),
        ("issue-api-key", "staff:auditor", "auditor", "--until", "2026-11-20"),
        ("issue-api-key", "Ana Ejemplo", "auditor", "--until", "2026-12-31"),
        ("issue-api-key", "staff:auditor", "auditor", "--until", "2026-12-31", "--scope", "everything"),
        ("revoke-api-key", "T-0123456789abcdef"),
        ("revoke-api-key", "dua_0123456789abcdef_secret"),
    ],
)
def test_what_makes_no_sense_is_turned_away(home: Path, arguments):
    before = events(home)
    told = typed(home, *arguments)

    assert (told.exit_code in (1, 2), events(home)) == (True, before)


def test_a_key_is_revoked_by_its_id(home: Path):
    apikey = typed(home, "issue-api-key", "staff:auditor", "auditor", "--until", "2026-12-31").output.splitlines()[0]

    assert typed(home, "revoke-api-key", apikey).exit_code == 0
    assert events(home)[-1] == ApiKeyRevoked(apikey=apikey)


@pytest.mark.parametrize("half", [["--certificate", "FILE"], ["--key", "FILE"]])
def test_a_certificate_takes_its_key(home: Path, tmp_path: Path, half):
    file = tmp_path / "half.pem"
    file.write_text("")

    told = CliRunner().invoke(
        main, ["serve", "--home", str(home), *(str(file) if one == "FILE" else one for one in half)]
    )

    assert (told.exit_code, "belong together" in told.output) == (2, True)


def test_what_is_no_home_is_not_served(tmp_path: Path):
    told = CliRunner().invoke(main, ["serve", "--home", str(tmp_path / "nothing")])

    assert (told.exit_code, "is no ledger home" in told.output) == (1, True)


def test_keys_that_nobody_issued_are_none():
    assert (Keys().issued, Keys().key("")) == ((), None)
