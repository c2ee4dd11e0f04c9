"""What custody keeps and no entry names is remarked on by verify and removed by sweep, and nothing else is."""

import io
import json
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from eventsourcing.dcb.api import DCBEvent

from api.cli import main
from api.cli.verifying import UNDER_WAY, verify_home
from api.desk import Circumstances, Desk
from ledger.errors import Missing
from ledger.events import PersonRegistered, RoleGranted
from ledger.events.request import HeadApproval
from ledger.evidence.named import named_commitments
from ledger.evidence.report import Verdict
from ledger.home import Home, create_home, open_home, open_log
from ledger.storage import open_store
from projections.acts import ApproveRequest
from tests.facts import ANA, BEN, REQUEST, commitment, fact, noon, submitted
from tests.signing import sign
from tests.tampering import PDF, checkpointed, fill_store

# Before the real clock, by which the commands tell what is old.
LONG_AGO = datetime(2020, 2, 1, 12, tzinfo=UTC)
REMARK = (
    "custody keeps {} that no entry names: `dua-ledger sweep` removes what was given up; if nothing was, the log may be"
    " an older copy"
)
SUBJECT = f"request:{REQUEST}"


def long_ago() -> datetime:
    return LONG_AGO


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A home that knows Ana by her name, and a letter of hers."""
    create_home(tmp_path / "home", "ir.example.edu/dua-ledger", actor="staff:1", via="command line", clock=long_ago)
    with open_home(tmp_path / "home", long_ago) as home:
        register(home, ANA)
    return tmp_path / "home"


def register(home: Home, who: str) -> None:
    sealed = home.custody.seal(f"person:{who}", "person.registered", {"name": f"Doctor {who}"})
    letter = home.custody.keep_document(f"person:{who}", "person.registered", io.BytesIO(b"%PDF " + who.encode()), PDF)
    home.ledger.append([fact(PersonRegistered(person=who, **sealed), documents=(letter,))])


def give_up(path: Path, who: str = BEN, clock: Callable[[], datetime] = long_ago) -> list[str]:
    """Seal three texts and a document that no entry comes to name; gives their commitments."""
    with open_home(path, clock) as home:
        texts = {"name": "Dr Given Up", "email": "given.up@example.edu", "phone": "+1 617 253 1000"}
        sealed = home.custody.seal(f"person:{who}", "person.registered", texts)
        letter = home.custody.keep_document(f"person:{who}", "person.registered", io.BytesIO(b"%PDF given up"), PDF)
    return [*sealed.values(), letter]


def kept(path: Path) -> set[str]:
    with open_home(path) as home:
        return {one.commitment for one in home.custody.commitments()}


def sweep(path: Path, *options: str, answer: str = "") -> Result:
    command = ["sweep", "--home", str(path), *options]
    return CliRunner().invoke(main, command, input=answer, prog_name="dua-ledger", catch_exceptions=False)


def contents(path: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}


def in_custody(path: Path) -> dict[Path, bytes]:
    return {file: content for file, content in contents(path).items() if not file.name.startswith("log.db")}


# What an entry names.


def test_every_commitment_that_an_entry_names_wherever_it_stands_is_kept(path: Path):
    """Among the documents, in a member, in a part of a member, and in a wish that was refused."""
    with open_home(path, long_ago) as home:
        desk = Desk(home.ledger, long_ago)
        by = Circumstances(actor="staff:1", via="test")
        desk.report(
            RoleGranted(principal="staff:1", person=None, role="director", starts=LONG_AGO.date(), ends=None), by
        )
        approval, proposal = (
            home.custody.keep_document(SUBJECT, "request.submitted", io.BytesIO(content), PDF)
            for content in (b"%PDF approved", b"%PDF proposed")
        )
        sealed = home.custody.seal(SUBJECT, "request.submitted", {"description": "What it is about"})
        home.ledger.append(
            [
                fact(
                    submitted(
                        head_approval=HeadApproval(by=ANA, capacity="dean", document=approval),
                        description_document=proposal,
                        **sealed,
                    )
                )
            ]
        )
        conditions = home.custody.seal(SUBJECT, "request.approved", {"conditions": "Only with care"})
        assert desk.act(ApproveRequest(principal="staff:1", request=REQUEST, **conditions), by).refused
        named = [approval, proposal, *sealed.values(), *conditions.values()]
    given_up = set(give_up(path))

    assert sweep(path, "--yes").exit_code == 0

    assert kept(path).isdisjoint(given_up)
    assert kept(path) >= set(named)
    assert len(kept(path)) == 2 + len(named)


def test_what_only_a_newer_programs_event_names_is_known_to_be_named(path: Path):
    one, other = commitment(7), commitment(8)
    with open_log(path, long_ago) as store:
        payload = json.dumps({"event": {"deep": [{"deeper": one}]}}).encode()
        store.append([DCBEvent("planet.discovered.v1", payload, [f"thing:{other}"])])

        with named_commitments(store) as is_named:
            assert (is_named(one), is_named(other)) == (True, False)


def test_what_is_noted_of_a_long_log_takes_no_memory(tmp_path: Path):
    def peak(size: int) -> int:
        payloads = [json.dumps([commitment(n), commitment(n + 10**6)]).encode() for n in range(50)]
        url = fill_store(tmp_path / f"{size}.db", size, payloads[0])
        with open_store(url) as store:
            tracemalloc.start()
            with named_commitments(store) as is_named:
                assert is_named(commitment(0))
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    assert peak(40_000) < peak(2_000) + 2**20


# Remarked on.


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ([], "3 texts and 1 document"),
        (["document"], "3 texts"),
        (["text"], "1 document"),
        (["email", "phone", "document"], "1 text"),
    ],
)
def test_verify_remarks_on_what_no_entry_names_and_all_holds(path: Path, gone: Sequence[str], said: str):
    give_up(path)
    with open_home(path, long_ago) as home:
        members = {"document": ["documents"], "text": ["name", "email", "phone"]}
        home.custody.erase(f"person:{BEN}", [one for what in gone for one in members.get(what, [what])])

    report = verify_home(path)

    assert (report.verdict, report.findings, report.remarks) == (Verdict.HOLDS, (), (REMARK.format(said),))


def test_verify_has_nothing_to_remark_on_where_every_entry_names_its_own(path: Path):
    sign(path)

    assert verify_home(path).remarks == ()


def test_the_remark_is_printed_for_people_and_programs_and_the_exit_code_is_0(path: Path):
    give_up(path)
    command = ["verify", "--home", str(path), "--processes", "1"]
    told = CliRunner().invoke(main, command)
    for_programs = CliRunner().invoke(main, [*command, "--json"])

    assert (told.exit_code, for_programs.exit_code) == (0, 0)
    assert told.output.splitlines()[2] == f"Remark: {REMARK.format('3 texts and 1 document')}."
    assert json.loads(for_programs.output)["remarks"] == [REMARK.format("3 texts and 1 document")]


@pytest.mark.parametrize(("later", "said"), [(timedelta(seconds=1), 1), (timedelta(), 0)])
def test_what_may_still_be_named_is_not_remarked_on(path: Path, later: timedelta, said: int):
    give_up(path, clock=noon)

    assert len(verify_home(path, clock=lambda: noon() + UNDER_WAY + later).remarks) == said


def test_the_log_put_back_from_an_older_copy_is_remarked_on(path: Path):
    older = {file: content for file, content in contents(path).items() if file.name.startswith("log.db")}
    with open_home(path, long_ago) as home:
        register(home, BEN)
    for file in path.glob("log.db*"):
        file.unlink()
    for file, content in older.items():
        file.write_bytes(content)

    report = verify_home(path)

    assert (report.verdict, report.remarks) == (Verdict.HOLDS, (REMARK.format("1 text and 1 document"),))


# Swept.


def test_sweep_removes_what_no_entry_names_without_a_trace_and_nothing_else(path: Path):
    before = kept(path)
    files = set(contents(path))
    given_up = give_up(path)
    with open_home(path) as home:
        salts = [home.custody.reveal(one).salt for one in given_up]
        assert len(home.custody.find("person", "given.up@example.edu")) == 1

    swept = sweep(path, "--yes")

    assert (swept.exit_code, swept.output) == (0, "Removed: 3 texts, 1 document, 4 salts, 1 key.\n")
    assert kept(path) == before
    assert set(contents(path)) == files
    everything = b"\n".join(contents(path).values())
    assert not [one for one in (*salts, *map(bytes.fromhex, given_up)) if one in everything]
    with open_home(path) as home:
        assert home.custody.find("person", "given.up@example.edu") == []
        with pytest.raises(Missing):
            home.custody.unseal(given_up[0])
    assert verify_home(path).remarks == ()
    assert sweep(path, "--yes").output == "There is nothing to sweep.\n"


def test_sweep_asks_first(path: Path):
    given_up = give_up(path)

    asked = sweep(path, answer="n\n")
    assert asked.exit_code == 1
    assert "What is removed cannot be had back. Remove 3 texts and 1 document?" in asked.output
    assert kept(path) >= set(given_up)

    assert sweep(path, answer="y\n").exit_code == 0
    assert kept(path).isdisjoint(given_up)


def test_a_dry_run_says_what_sweep_would_remove_and_removes_nothing(path: Path):
    give_up(path)
    before = contents(path)

    told = sweep(path, "--dry-run")

    assert (told.exit_code, told.output) == (0, "It would remove 3 texts and 1 document; nothing was removed.\n")
    assert contents(path) == before


def test_what_was_sealed_lately_is_left(path: Path):
    def hours_ago(hours: int) -> Callable[[], datetime]:
        return lambda: datetime.now(UTC) - timedelta(hours=hours)

    of_yesterday, of_today = give_up(path, BEN, hours_ago(30)), give_up(path, BEN, hours_ago(20))

    sweep(path, "--yes")
    assert kept(path) & {*of_yesterday, *of_today} == set(of_today)

    sweep(path, "--yes", "--older-than-hours", "19")
    assert kept(path).isdisjoint(of_today)


@pytest.mark.parametrize("hours", ["0", "-1", "x", "1000000000"])
def test_hours_that_are_none_are_wrong_usage(path: Path, hours: str):
    assert sweep(path, "--older-than-hours", hours).exit_code == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: (path / "keys/keys.db").unlink(),
        lambda path: (path / "custody.db").unlink(),
        lambda path: (path / "log.db").write_bytes(
            (path / "log.db").read_bytes().replace(b"person.reg", b"person.rag")
        ),
        lambda path: open_log(path).append([DCBEvent("planet.discovered.v1", b"{", [])]),
    ],
    ids=["no keys", "no vault", "an altered log", "an entry of a newer program"],
)
def test_nothing_is_swept_where_not_all_holds(path: Path, spoil: Callable[[Path], object]):
    """An entry that was altered may have named what now nobody names."""
    give_up(path)
    checkpointed(path)
    spoil(path)
    before = in_custody(path)

    refused = sweep(path, "--yes")

    assert (refused.exit_code, refused.output) == (
        1,
        "Error: not all in this ledger holds, so nothing is swept: run dua-ledger verify\n",
    )
    assert in_custody(path) == before
