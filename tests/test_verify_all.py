"""What verification looks at beside bytes and commitments: signatures, judgements, views, cosignatures."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.dcb.api import DCBEvent

import projections.replaying
import projections.upkeep
from api.cli.verifying import REBUILD, Extent, verify_home
from ledger.boundary import about
from ledger.chain.entry import Entry
from ledger.codec import Fact
from ledger.events import AgreementIssued, AgreementSigned
from ledger.evidence.checkpoints import PUBLISHED
from ledger.evidence.lockstore import Cosignature, LockStore
from ledger.evidence.report import Report, Verdict
from ledger.evidence.verify import CHUNK
from ledger.evidence.witness import create_witness
from ledger.home import Home, open_home
from projections.views.tables import OF_A_FACT, OF_A_REQUEST
from tests.command_line import IRA, ROSA, TEXT, Office, Stages, dua_ledger
from tests.facts import data_set, fact
from tests.signing import as_events, rewrite
from tests.tampering import guards_down

pytestmark = pytest.mark.needs("gpg")
PDF, ARMOR = "text/plain", "application/pgp-signature"


@pytest.fixture(scope="module")
def asked(stages: Stages, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office that has released data, and has asked its views."""
    office = stages.at("released").copied(tmp_path_factory.mktemp("asked"))
    office.done(f"opened D-6.002x-pc --person {IRA}")
    office.done(f"correct {len(office.facts())} --reason 'it was Rosa'", f"access {ROSA} D-6.002x-pc")
    office.done("change-form D-6.002x-pc 1 --form de-identified --method k-anonymity --on 2026-11-20 --found-by " + IRA)
    assert office(f"access {IRA} D-6.002x-pc").code == 3
    office.done("holders D-6.002x-pc")
    return office


@pytest.fixture
def office(asked: Office, tmp_path: Path) -> Office:
    return asked.copied(tmp_path / "office")


def said(report: Report) -> list[tuple[Verdict, int | None, str]]:
    return [(one.verdict, one.position, one.what) for one in report.findings]


def test_an_honest_office_holds_in_everything(office: Office):
    facts = office.facts()

    assert sum(fact.judged is not None for fact in facts) >= 5
    assert [fact.event.evidence for fact in facts if isinstance(fact.event, AgreementSigned)] == ["openpgp", "scan"]
    assert verify_home(office.home).findings == ()


# Signatures on agreements.


def sign_falsely(home: Home, stages: Stages, text: bytes, **changes: Any) -> int:
    """Record Rosa's signature over a text as one on the agreement, which the ledger itself would refuse."""
    issued = next(home.ledger.facts([about(AgreementIssued)])).event
    signed = next(home.ledger.facts([about(AgreementSigned)])).event
    assert isinstance(issued, AgreementIssued)
    assert isinstance(signed, AgreementSigned)
    subject, wire_name = f"request:{issued.request}", AgreementSigned.wire_name
    files = [stages.rosa.sign(text, stages.hour_ago), stages.rosa.public()]
    signature, key = (home.custody.keep_document(subject, wire_name, BytesIO(one), ARMOR) for one in files)
    sealed = home.custody.seal(subject, wire_name, {"fingerprint": changes.get("fingerprint", stages.rosa.fingerprint)})
    event = AgreementSigned(
        agreement=issued.agreement,
        request=issued.request,
        text=issued.text,
        signer=signed.signer,
        capacity="researcher",
        organisation=None,
        on=signed.on,
        evidence="openpgp",
        document=signature,
        key=key,
        fingerprint=sealed["fingerprint"],
    )
    recorded = Fact(event=event, actor="staff:1", via="test", documents=(signature, key))
    return home.ledger.append([recorded]).positions[0]


def test_a_signature_over_another_text_is_found(office: Office, stages: Stages):
    with open_home(office.home, office.clock) as home:
        position = sign_falsely(home, stages, TEXT + b"And nothing else.\n")
    ((verdict, at, what),) = said(verify_home(office.home))

    assert (verdict, at, what.partition(":")[0]) == (Verdict.ALTERED, position, "its signature does not hold")
    assert verify_home(office.home, extent=Extent.CUSTODY).findings == ()


def test_a_signature_by_another_key_than_is_named_is_found(office: Office, stages: Stages):
    with open_home(office.home, office.clock) as home:
        position = sign_falsely(home, stages, TEXT, fingerprint=stages.tom.fingerprint)

    what = f"it was signed by {stages.rosa.fingerprint}, and names another key"
    assert said(verify_home(office.home)) == [(Verdict.ALTERED, position, what)]


def test_without_gpg_it_is_said_that_signatures_were_not_checked(office: Office, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    ((verdict, _, what),) = said(verify_home(office.home))

    assert (verdict, what.partition(":")[0]) == (Verdict.UNVERIFIED, "its signature was not checked")


# Judgements.


def forge(path: Path, type_: str, change: Callable[[dict[str, Any]], None], becomes: str = "") -> int:
    """Change the payload of the last entry of a type, and write the log anew; gives its position."""
    found = []

    def changed(entries: list[Entry]) -> Iterator[DCBEvent]:
        position = max(one.position for one in entries if one.header.type == type_)
        found.append(position)
        for event, entry in zip(as_events(entries), entries, strict=True):
            if entry.position != position:
                yield event
                continue
            payload = json.loads(entry.payload)
            change(payload)
            data = json.dumps(payload, separators=(",", ":"), sort_keys=True).encode()
            yield DCBEvent(becomes or event.type, data, event.tags)

    rewrite(path, changed)
    (path / "lock/checkpoints.db").rename(path / "lock/elsewhere")
    return found[0]


def of_judgements(path: Path) -> list[tuple[Verdict, int | None, str]]:
    """What is said of entries; of checkpoints it is said elsewhere."""
    return [one for one in said(verify_home(path)) if "lock store" not in one[2] and PUBLISHED not in one[2]]


def put(*path: str | int, value: object) -> Callable[[dict[str, Any]], None]:
    def change(payload: dict[str, Any]) -> None:
        *way, last = path
        at: Any = payload
        for step in way:
            at = at[step]
        assert at[last] != value
        at[last] = value

    return change


FORGED = [
    ("release.authorised.v1", put("event", "bases", value=[]), "the act makes another event of it"),
    ("agreement.executed.v1", put("event", "ends", value="2031-01-01"), "the act makes another event of it"),
    (
        "release.authorised.v1",
        put("judged", "at", value="2031-01-01T00:00:00.000000Z"),
        "objects when it is made again",
    ),
    ("agreement.executed.v1", put("judged", "read_to", value=3), "objects when it is made again"),
    ("release.authorised.v1", put("judged", "policy", value=2), "under another policy than was in force"),
    ("act.refused.v1", put("event", "objections", value=[]), "objects when it is made again"),
]


@pytest.mark.parametrize(("type_", "change", "what"), FORGED)
def test_what_a_judgement_does_not_come_to_is_found(
    office: Office, type_: str, change: Callable[[dict[str, Any]], None], what: str
):
    position = forge(office.home, type_, change)
    found = [one for one in of_judgements(office.home) if what in one[2]]

    assert [(verdict, at) for verdict, at, _ in found] == [(Verdict.ALTERED, position)]


def test_what_another_rulebook_judged_cannot_be_replayed_here(office: Office, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(projections.replaying, "VERSION", 99)
    ((verdict, position, what),) = said(verify_home(office.home))
    judged = [fact for fact in office.facts() if fact.judged is not None]

    assert (verdict, position) == (Verdict.UNVERIFIED, judged[0].position)
    assert what == (
        f"was judged by rulebook {projections.rules.rulebook.VERSION}, and {len(judged) - 1} more were:"
        " can't be replayed here, where rulebook 99 is"
    )


def test_an_act_that_this_program_does_not_know_cannot_be_replayed(office: Office):
    position = forge(office.home, "release.authorised.v1", put("judged", "command", "act", value="shred-everything"))
    found = of_judgements(office.home)

    assert [(verdict, at) for verdict, at, _ in found] == [(Verdict.UNVERIFIED, position)]


# Views.


def change_views(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path / "views.db", isolation_level=None)) as connection:
        assert connection.execute(statement).rowcount != 0


def of_views(path: Path) -> list[str]:
    report = verify_home(path)
    assert {one.verdict for one in report.findings} <= {Verdict.ALTERED}
    return [one.what.partition(" where")[0].partition(" (")[0] for one in report.findings]


FILLED = ["requests", "turns", "rights", "holdings", "deadlines", "versions", "trainings", "accesses", "undone"]


@pytest.mark.parametrize("table", FILLED)
def test_a_row_that_is_gone_from_a_view_is_found(office: Office, table: str):
    change_views(office.home, f"DELETE FROM {table}")

    assert [" ".join(what.split()[:2]) for what in of_views(office.home)] == [f"views: {table}"]


@pytest.mark.parametrize("table", [*OF_A_REQUEST, *OF_A_FACT])
def test_a_row_that_is_altered_in_a_view_or_added_to_it_is_found(office: Office, table: str):
    with closing(sqlite3.connect(office.home / "views.db", isolation_level=None)) as connection:
        columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
        found = connection.execute(f"SELECT typeof({columns[-1]}) FROM {table}").fetchone()
        if found is None:
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join(['1'] * len(columns))})")
            assert [" ".join(what.split()[:2]) for what in of_views(office.home)] == [f"views: {table}"]
            return
    (kind,) = found
    changed = f"{columns[-1]} + 1" if kind == "integer" else f"COALESCE({columns[-1]}, '') || 'x'"
    change_views(office.home, f"UPDATE {table} SET {columns[-1]} = {changed}")

    assert [" ".join(what.split()[:2]) for what in of_views(office.home)] == [f"views: {table}"]


def test_of_a_long_row_is_told_where_it_is_different(office: Office):
    change_views(office.home, "UPDATE disclosed SET lines = replace(lines, 'identified', 'id')")
    (told,) = (one.what for one in verify_home(office.home).findings)

    assert told.startswith("views: disclosed of 'R-2026-0001' holds ...")
    assert ('"id"' in told, '"identified"' in told.partition("where the log gives")[2]) == (True, True)
    assert len(told) < 400


def test_a_view_with_something_else_in_it_is_found(office: Office):
    change_views(office.home, "CREATE TABLE more (what TEXT)")

    assert [one for one in verify_home(office.home).remarks if "rebuild" in one] == [REBUILD]
    assert [what.partition(";")[0] for what in of_views(office.home)] == [
        "views: its tables are not declared as views are"
    ]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE reached SET boot = 'another'", "UPDATE reached SET leaf = x'00'", "PRAGMA user_version = 1"],
    ids=["of an earlier start", "of another log", "of another version"],
)
def test_views_that_are_made_anew_before_they_answer_say_nothing_that_matters(office: Office, statement: str):
    change_views(office.home, "DELETE FROM requests")
    change_views(office.home, statement)

    assert of_views(office.home) == []


def test_views_that_are_behind_the_log_hold_for_their_position(office: Office):
    office.done("register-organisation 'Another College'", f"opened D-6.002x-pc --person {ROSA}")

    assert of_views(office.home) == []


def test_the_views_of_a_long_log_are_compared_by_a_process_of_its_own(office: Office):
    with open_home(office.home) as home:
        home.ledger.append([fact(data_set()) for _ in range(CHUNK)])
    office.done("holders D-6.002x-pc")
    change_views(office.home, "DELETE FROM requests")

    report = verify_home(office.home, processes=2)
    assert [(verdict, what.split()[:2]) for verdict, _, what in said(report)] == [
        (Verdict.ALTERED, ["views:", "requests"])
    ]


def test_a_home_without_views_lacks_nothing(office: Office):
    for file in office.home.glob("views.db*"):
        file.unlink()

    assert of_views(office.home) == []
    assert not (office.home / "views.db").exists()


# Cosignatures, and how it is told.


def test_a_false_cosignature_by_somebody_who_is_not_asked_any_more_is_found(office: Office, tmp_path: Path):
    vkey = create_witness(tmp_path / "witness", "audit.example.edu/w")
    with LockStore(f"sqlite:///{office.home}/lock/checkpoints.db") as lock:
        size = lock.last().size
        lock.add_cosignature(Cosignature(size, str(vkey), b"no line\n"))
    ((verdict, _, what),) = said(verify_home(office.home))

    assert verdict is Verdict.ALTERED
    assert f"the cosignature by audit.example.edu/w of the checkpoint over {size:,} does not hold" in what


def test_a_cosignature_over_no_entries_is_found(office: Office, tmp_path: Path):
    vkey = create_witness(tmp_path / "witness", "audit.example.edu/w")
    with closing(sqlite3.connect(office.home / "lock/checkpoints.db", isolation_level=None)) as lock, guards_down(lock):
        lock.execute("INSERT INTO cosignatures (size, witness, line) VALUES (-5, ?, x'00')", (str(vkey),))
    ((verdict, _, what),) = said(verify_home(office.home))

    assert verdict is Verdict.ALTERED
    assert "lock store, the cosignature by audit.example.edu/w of the checkpoint over -5 does not hold" in what


def test_all_findings_are_told_to_programs_and_the_gravest_is_the_exit_code(office: Office):
    change_views(office.home, "DELETE FROM requests")
    with closing(sqlite3.connect(office.home / "lock/checkpoints.db", isolation_level=None)) as lock, guards_down(lock):
        lock.execute("UPDATE checkpoints SET note = CAST(replace(CAST(note AS TEXT), '.com', '.org') AS BLOB)")
    told = dua_ledger("verify", "--json", "--processes", 1, home=office.home)
    report = json.loads(told.out)

    assert (told.code, report["exit_code"]) == (10, 10)
    assert {one["verdict"] for one in report["findings"]} == {"unverified", "altered", "shorter"}


def test_views_are_compared_with_a_log_in_which_something_else_was_altered(office: Office):
    last = len(office.facts())
    change_views(office.home, "DELETE FROM requests")
    with closing(sqlite3.connect(office.home / "log.db", isolation_level=None)) as log, guards_down(log):
        log.execute(
            "UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), '2026', '2025') AS BLOB) WHERE position = ?",
            (last,),
        )
    report = verify_home(office.home)

    assert last in [one.position for one in report.findings]
    assert [one.what for one in report.findings if one.what.startswith("views: requests")]
    assert "rebuild" not in str(report)
