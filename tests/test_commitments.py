"""Verify tells whether custody holds what the log commits to, for those it was sealed for, with the keys or without."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from eventsourcing.dcb.api import DCBEvent

from api.cli.verifying import verify_home
from ledger.codec import Codec
from ledger.custody import LOOKUP_KEY
from ledger.errors import Tampered
from ledger.events import DECLARED, Event, PersonRegistered, RoleGranted
from ledger.events.ids import Name, Sealed
from ledger.evidence.commitments import CommitmentCheck
from ledger.evidence.report import Finding, Verdict
from ledger.home import SECRETS, WISH_KEY, open_home, open_log
from tests.facts import NOON, fact, noon
from tests.signing import sign
from tests.tampering import ANA, BEN, LAPSES, PDF, SIZE, Operator, furnish, record

WIRE_NAME = PersonRegistered.wire_name


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return furnish(tmp_path / "home")


def findings(operator: Operator) -> list[tuple[Verdict, int | None, str]]:
    return [(one.verdict, one.position, one.what) for one in verify_home(operator.path).findings]


# Whose it is.


def test_a_text_that_is_sealed_for_somebody_else_is_found(operator: Operator):
    """Erasing the one whose text it is would leave it, under another's name."""
    with open_home(operator.path, noon) as home:
        sealed = home.custody.seal(f"person:{BEN}", WIRE_NAME, {"name": "Ana Ejemplo"})
        (position,) = record(home, PersonRegistered(person=ANA, name=sealed["name"]))

    why = f"{sealed['name']}: is kept as one of person:{BEN}, not of person:{ANA}"
    assert findings(operator) == [
        (Verdict.ALTERED, position, f"custody does not hold its name as it was: {why}"),
    ]


def test_a_document_that_is_kept_for_somebody_else_is_found(operator: Operator):
    with open_home(operator.path, noon) as home:
        letter = home.custody.keep_document(f"person:{BEN}", WIRE_NAME, io.BytesIO(b"Ana's letter"), PDF)
        (position,) = record(home, PersonRegistered(person=ANA), documents=[letter])

    ((verdict, at, what),) = findings(operator)
    assert (verdict, at) == (Verdict.ALTERED, position)
    assert what.endswith(f"is kept as one of person:{BEN}, not of person:{ANA}")


def test_a_document_beside_an_event_that_says_nobodys_may_be_anybodys(operator: Operator):
    with open_home(operator.path, noon) as home:
        letter = home.custody.keep_document(f"person:{BEN}", "role.granted", io.BytesIO(b"A letter"), PDF)
        granted = RoleGranted(principal="staff:1", person=BEN, role="staff", starts=LAPSES, ends=None)
        record(home, granted, documents=[letter])

    assert findings(operator) == []


def test_of_an_event_that_only_a_newer_program_knows_nothing_is_said_but_that(operator: Operator):
    with open_home(operator.path, noon) as home:
        letter = home.custody.keep_document(f"person:{BEN}", "person.praised", io.BytesIO(b"A letter"), PDF)
    payload = b'{"documents":["%b"],"event":{"person":"%b"}}' % (letter.encode(), ANA.encode())
    with open_log(operator.path, noon) as store:
        store.append([DCBEvent("person.praised.v1", payload, [])])

    ((verdict, position, what),) = findings(operator)
    assert (verdict, position) == (Verdict.UNVERIFIED, SIZE + 1)
    assert what.startswith("its commitments are not known: ")
    sign(operator.path)
    assert verify_home(operator.path).remarks == ()


class ThingCorrected(Event, name="thing.corrected", version=1, sealed_for="about"):
    """Something was not so; what it was about may be nothing."""

    about: tuple[Name, ...]
    reason: Sealed | None = None

    def subject(self) -> str:
        """What it is about first."""
        return self.about[0]


def test_an_event_that_commits_to_nothing_need_not_say_whose_it_is(operator: Operator):
    codec = Codec([*DECLARED, ThingCorrected])
    with open_home(operator.path, noon) as home:
        corrected = codec.encode(fact(ThingCorrected(about=())), bytes(16), NOON)
        check = CommitmentCheck(home.ledger.store, home.custody, codec)

        assert list(check.entry(SIZE + 1, ThingCorrected.wire_type(), corrected)) == []
        assert list(check.finish()) == []


# The ledger's own secrets.


def test_a_home_is_made_with_its_secrets(operator: Operator):
    assert operator.run("keys.db", "SELECT name FROM secrets ORDER BY name") == [(LOOKUP_KEY,), (WISH_KEY,)]
    assert sorted(SECRETS) == [LOOKUP_KEY, WISH_KEY]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_was_removed_is_found_and_not_made_anew(operator: Operator, name: str):
    operator.run("keys.db", "DELETE FROM secrets WHERE name = ?", name)
    before = operator.contents()

    why = f"custody cannot be read: {name}: this secret is not in the key store, which was made with it"
    assert findings(operator) == [(Verdict.ALTERED, None, why)]
    assert operator.contents() == before


def test_without_the_secret_of_wishes_nothing_is_recorded(operator: Operator):
    operator.run("keys.db", "DELETE FROM secrets WHERE name = ?", WISH_KEY)

    with pytest.raises(Tampered, match=WISH_KEY), open_home(operator.path, noon):
        pass


# The index by which people are found.


def test_an_index_that_lost_somebody_is_found(operator: Operator):
    """What the tables say is right all the same, so everything opens; only nobody would find her."""
    with operator.database("keys.db") as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_schema SET sql = sql || ' AND 0' WHERE name = 'marks'")
    with operator.database("keys.db") as connection:
        connection.execute("REINDEX")
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = 'CREATE INDEX marks ON salts (mark) WHERE mark IS NOT NULL'"
            " WHERE name = 'marks'"
        )

    ((verdict, position, what),) = findings(operator)
    assert (verdict, position) == (Verdict.ALTERED, None)
    assert "missing from index marks" in what or "wrong # of entries in index marks" in what


# Without the keys, and without what they open.


def without(name: str) -> Callable[[Operator], None]:
    def remove(operator: Operator) -> None:
        path = operator.path / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    return remove


def of_mode_0(operator: Operator) -> None:
    (operator.path / "keys/key-encryption-key").chmod(0o644)


def all_custody(operator: Operator) -> None:
    for name in ("keys", "custody.db", "documents"):
        without(name)(operator)


@pytest.mark.parametrize(
    ("spoil", "verdict", "where"),
    [
        (without("keys"), Verdict.UNVERIFIED, "keys/key-encryption-key"),
        (without("keys/keys.db"), Verdict.UNVERIFIED, "keys/keys.db"),
        (without("keys/key-encryption-key"), Verdict.UNVERIFIED, "keys/key-encryption-key"),
        (of_mode_0, Verdict.UNVERIFIED, "keys/key-encryption-key"),
        (all_custody, Verdict.UNVERIFIED, "keys/key-encryption-key"),
        (without("custody.db"), Verdict.ALTERED, "custody.db"),
        (without("documents"), Verdict.ALTERED, "documents"),
    ],
    ids=["no keys", "no key store", "no key to it", "a key for all", "the log alone", "no vault", "no documents"],
)
def test_without_the_keys_it_cannot_be_verified_and_without_what_they_open_it_is_lost(
    operator: Operator, spoil: Callable[[Operator], None], verdict: Verdict, where: str
):
    spoil(operator)

    ((found, position, what),) = findings(operator)

    assert (found, position) == (verdict, None)
    assert what.startswith(f"custody cannot be read: {operator.path / where}: ")


def test_without_the_keys_the_log_is_verified_all_the_same(operator: Operator):
    without("keys")(operator)
    operator.run(
        "log.db", "UPDATE entries SET entry = CAST(replace(entry, 'forum', 'f0rum') AS BLOB) WHERE position = 70"
    )

    report = verify_home(operator.path)

    assert report.verdict is Verdict.ALTERED
    assert Finding(Verdict.ALTERED, 70, "its bytes are not those that were hashed") in report.findings


def test_without_the_keys_a_log_without_entries_is_none_all_the_same(operator: Operator):
    without("keys")(operator)
    with operator.database("log.db") as connection:
        connection.execute("DELETE FROM entries")
        connection.execute("DELETE FROM tags")

    assert findings(operator) == [(Verdict.ALTERED, 1, "is missing: every ledger begins with ledger.opened")]
