"""A person who is erased is gone from every file of the home, and everything still verifies."""

import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from api.cli import main
from api.cli.verifying import verify_home
from ledger.boundary import about
from ledger.custody import Erasure
from ledger.errors import Malformed, Missing
from ledger.events import PersonErased, PersonRegistered, RoleGranted
from ledger.events.people import Detail
from ledger.evidence.report import Verdict
from ledger.home import Home, erase_person, open_home
from tests.facts import fact, noon
from tests.stores import CAMPAIGN
from tests.tampering import ANA, BEN, LAPSES, LEO, SIZE, Operator, details_of, furnish, meanwhile, record, register

PROGRAM = str(Path(sys.executable).with_name("dua-ledger"))

ADMIN = "admin:1"

# As `furnish` registers them.
NAMES = {ANA: "Ana Ejemplo", BEN: "Ben Beispiel", LEO: "Leo Ejemplo"}
ANAS_ENTRY, BENS_ENTRY, EVES_ENTRY = 4, 5, 6
DOCUMENTS_OF = "SELECT document FROM sealed WHERE subject = ? AND document NOT NULL"
OF_ONE_WITH_A_LETTER = Erasure(salts=4, keys=1, values=3, documents=1)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return furnish(tmp_path / "home")


@pytest.fixture
def office(operator: Operator) -> Operator:
    """The same, where somebody may erase."""
    admin = RoleGranted(principal=ADMIN, person=None, role="admin", starts=date(2020, 1, 1), ends=None)
    with open_home(operator.path, noon) as home:
        home.ledger.append([fact(admin)])
        home.notary.checkpoint()
    return operator


@pytest.fixture
def home(operator: Operator) -> Iterator[Home]:
    with open_home(operator.path, noon) as home:
        yield home


def erase(home: Home, person: str = ANA, *details: Detail) -> Erasure:
    return erase_person(home, person, details, last_copy_lapses=LAPSES, actor="operator", via="test")


def erasures(home: Home, person: str = ANA) -> list[PersonErased]:
    facts = home.ledger.read([about(PersonErased, tags=[f"person:{person}"])]).facts
    return [fact.event for fact in facts if isinstance(fact.event, PersonErased)]


def registration(home: Home, person: str = ANA) -> tuple[PersonRegistered, tuple[str, ...]]:
    """What the log says of a person last, and the documents that show it."""
    *_, fact = home.ledger.facts([about(PersonRegistered, tags=[f"person:{person}"])])
    assert isinstance(fact.event, PersonRegistered)
    return fact.event, fact.documents


def commitments(home: Home, person: str = ANA) -> list[str]:
    event, documents = registration(home, person)
    return [*event.sealed().values(), *documents]


def findings(operator: Operator) -> list[tuple[int | None, str]]:
    report = verify_home(operator.path)
    assert {finding.verdict for finding in report.findings} <= {Verdict.ALTERED}
    return [(finding.position, finding.what) for finding in report.findings]


def still_there(what: str) -> str:
    return rf"entry \d+ says that {what} was erased, but custody still holds it: erase it again"


def traces(operator: Operator, home: Home, person: str = ANA, name: str = NAMES[ANA]) -> list[bytes]:
    """Every detail of a person in plain and encrypted, every salt and key, as bytes that could be found in a file."""
    subject = f"person:{person}"
    boxes = [
        *operator.run("keys.db", "SELECT wrapped FROM subject_keys WHERE subject = ?", subject),
        *operator.run("keys.db", "SELECT wrapped FROM salts WHERE subject = ?", subject),
        *operator.run("custody.db", "SELECT box FROM sealed WHERE subject = ?", subject),
    ]
    addresses = operator.run("custody.db", DOCUMENTS_OF, subject)
    files = [operator.document(address) for (address,) in addresses if isinstance(address, bytes)]
    salts = [home.custody.reveal(commitment).salt for commitment in commitments(home, person)]
    plain = [text.encode() for text in details_of(name).values()]
    letters = [home.custody.read_document(commitment).content for commitment in registration(home, person)[1]]
    return [
        *(box for (box,) in boxes if isinstance(box, bytes)),
        *(file.read_bytes() for file in files),
        *salts,
        *plain,
        *letters,
    ]


def found(operator: Operator, wanted: list[bytes]) -> list[bytes]:
    """The traces of which eleven bytes in a row are still in some file, whatever it is called."""
    everything = b"\n".join(operator.contents().values())
    return [trace for trace in wanted if any(part in everything for part in parts(trace))]


def parts(trace: bytes) -> list[bytes]:
    return [trace[start : start + 11] for start in range(0, max(len(trace) - 10, 1), 11)]


# Gone


def test_what_is_searched_for_is_there_before(operator: Operator, home: Home):
    wanted = traces(operator, home)

    assert len(wanted) == 1 + 4 + 4 + 1 + 4 + 3 + 1
    # What is sealed is in the files, salts and keys wrapped; in plain there is nothing.
    assert found(operator, wanted) == wanted[:10]


def test_an_erased_person_is_gone_from_every_file_and_everything_verifies(operator: Operator, home: Home):
    wanted = traces(operator, home)

    assert erase(home) == OF_ONE_WITH_A_LETTER

    assert found(operator, wanted) == []
    assert findings(operator) == []
    assert found(operator, wanted) == []


def test_nothing_of_others_is_erased(operator: Operator, home: Home):
    erase(home)

    assert {person: home.custody.unseal(str(registration(home, person)[0].name)) for person in (BEN, LEO)} == {
        BEN: NAMES[BEN],
        LEO: NAMES[LEO],
    }
    letter = registration(home, LEO)[1][0]
    assert home.custody.read_document(letter).content == b"Leo's letter"


def test_the_document_of_an_erased_person_is_gone_with_its_file(operator: Operator, home: Home):
    before = {file for file in operator.files() if "documents" in file.parts}
    letter = registration(home)[1][0]

    erase(home)

    assert len(before - set(operator.files())) == 1
    with pytest.raises(Missing):
        home.custody.read_document(letter)


def test_idle_connections_keep_nothing_alive(operator: Operator, home: Home):
    wanted = traces(operator, home)
    with ExitStack() as idle:
        for name in ("log.db", "custody.db", "keys/keys.db"):
            connection = idle.enter_context(closing(sqlite3.connect(operator.path / name)))
            connection.execute("SELECT * FROM sqlite_schema").fetchall()
        other = idle.enter_context(open_home(operator.path))
        other.custody.unseal(str(registration(other)[0].name))

        erase(home)

        assert found(operator, wanted) == []
        assert findings(operator) == []


def test_somebody_who_reads_the_log_keeps_nothing_alive(operator: Operator, home: Home):
    wanted = traces(operator, home)
    with closing(sqlite3.connect(operator.path / "log.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT COUNT(*) FROM entries").fetchone() == (SIZE,)

        erase(home)

        assert found(operator, wanted) == []
        assert reader.execute("SELECT COUNT(*) FROM entries").fetchone() == (SIZE,)
        assert findings(operator) == []


@pytest.mark.campaign
def test_people_are_erased_while_somebody_verifies_all_the_time(operator: Operator, home: Home):
    def verify_all_the_time(stop: threading.Event) -> None:
        while not stop.is_set():
            report = verify_home(operator.path)
            # Nothing is ever lost; what the log says is erased may be there until it is.
            unexpected = [one for one in report.findings if not re.fullmatch(still_there(r"\w+"), one.what)]
            assert unexpected == []

    with meanwhile(verify_all_the_time):
        for number in range(500 if CAMPAIGN else 10):
            person, name = f"p-{number:032x}", f"Doctor {number:09}"
            register(home, person, name, letter=f"{number:09} is what I am called".encode())
            wanted = traces(operator, home, person, name)

            erase(home, person)

            assert found(operator, wanted) == []
    assert findings(operator) == []


def test_a_person_is_erased_while_somebody_follows_the_log(operator: Operator, home: Home):
    wanted = traces(operator, home)
    with subprocess.Popen(
        [PROGRAM, "entries", "--follow", "--home", str(operator.path)], stdout=subprocess.PIPE, text=True
    ) as follower:
        try:
            assert follower.stdout is not None
            for _ in range(SIZE):
                follower.stdout.readline()

            erase(home)

            assert "person.erased.v1" in follower.stdout.readline()
            assert found(operator, wanted) == []
        finally:
            follower.terminate()
    assert findings(operator) == []


# Only some of it


def test_without_the_telephone_the_name_is_still_readable_and_everything_verifies(operator: Operator, home: Home):
    event, documents = registration(home)

    assert erase(home, ANA, "phone") == Erasure(salts=1, values=1)

    assert home.custody.unseal(str(event.name)) == NAMES[ANA]
    assert home.custody.read_document(documents[0]).content == b"Ana's letter"
    assert event.phone is not None
    with pytest.raises(Missing):
        home.custody.unseal(event.phone)
    assert findings(operator) == []


def test_erasing_one_detail_after_the_other_leaves_nothing_of_them(operator: Operator, home: Home):
    for detail in ("phone", "email", "name"):
        erase(home, BEN, detail)

    assert [event.details for event in erasures(home, BEN)] == [("phone",), ("email",), ("name",)]
    assert operator.run("keys.db", "SELECT * FROM subject_keys WHERE subject = ?", f"person:{BEN}") == []
    assert findings(operator) == []


# Once, and whole


def test_erasing_again_records_nothing_more(operator: Operator, home: Home):
    erase(home)
    size = home.ledger.store.length()

    assert erase(home) == Erasure()

    assert home.ledger.store.length() == size
    assert erasures(home) == [PersonErased(person=ANA, details=(), last_copy_lapses=LAPSES)]
    assert findings(operator) == []


def test_what_was_registered_after_an_erasure_is_there_and_can_be_erased_again(operator: Operator, home: Home):
    erase(home)
    register(home, ANA, NAMES[ANA], letter=b"Another letter of Ana's")
    assert findings(operator) == []
    assert home.custody.unseal(str(registration(home)[0].name)) == NAMES[ANA]
    wanted = traces(operator, home)

    assert erase(home) == OF_ONE_WITH_A_LETTER

    assert found(operator, wanted) == []
    assert len(erasures(home)) == 2
    assert findings(operator) == []


def test_a_crash_before_anything_was_destroyed_is_reported_and_completed(operator: Operator, home: Home):
    (said,) = record(home, PersonErased(person=ANA, details=(), last_copy_lapses=LAPSES))
    wanted = traces(operator, home)

    assert findings(operator) == [
        (ANAS_ENTRY, f"entry {said} says that {member} was erased, but custody still holds it: erase it again")
        for member in of_each_commitment(operator)
    ]

    assert erase(home) == OF_ONE_WITH_A_LETTER
    assert found(operator, wanted) == []
    assert len(erasures(home)) == 1
    assert findings(operator) == []


def of_each_commitment(operator: Operator) -> list[str]:
    """The members of Ana's registration in the order of their commitments."""
    rows = operator.run("keys.db", "SELECT purpose FROM salts WHERE subject = ? ORDER BY commitment", f"person:{ANA}")
    return [str(purpose).rpartition("/")[2] for (purpose,) in rows]


@pytest.mark.parametrize("documents_too", [False, True], ids=["keys and salts are gone", "and so are documents"])
def test_a_crash_half_way_through_is_reported_and_completed(operator: Operator, home: Home, documents_too: bool):
    record(home, PersonErased(person=ANA, details=(), last_copy_lapses=LAPSES))
    wanted = traces(operator, home)
    operator.run("keys.db", "DELETE FROM salts WHERE subject = ?", f"person:{ANA}")
    operator.run("keys.db", "DELETE FROM subject_keys WHERE subject = ?", f"person:{ANA}")
    if documents_too:
        for (address,) in operator.run("custody.db", DOCUMENTS_OF, f"person:{ANA}"):
            assert isinstance(address, bytes)
            operator.document(address).unlink()

    half_way = findings(operator)
    assert {position for position, _ in half_way} == {ANAS_ENTRY}
    assert [bool(re.fullmatch(still_there(r"\w+"), what)) for _, what in half_way] == [True] * 4

    erase(home)
    assert found(operator, wanted) == []
    assert findings(operator) == []


# By hand


@pytest.mark.parametrize(
    ("database", "statement"),
    [
        ("keys.db", "DELETE FROM salts WHERE subject = ?"),
        ("keys.db", "DELETE FROM subject_keys WHERE subject = ?"),
        ("custody.db", "DELETE FROM sealed WHERE subject = ?"),
    ],
    ids=["salts", "key", "values"],
)
def test_details_that_were_deleted_by_hand_are_missed(operator: Operator, database: str, statement: str):
    operator.run(database, statement, f"person:{ANA}")

    lost = {what for position, what in findings(operator) if position == ANAS_ENTRY}

    assert lost == {
        f"custody has lost its {member}, and no event says that it was erased"
        for member in ("name", "email", "phone", "documents")
    }


def test_a_detail_that_was_deleted_by_hand_is_not_excused_by_the_erasure_of_another(operator: Operator):
    operator.run("keys.db", "DELETE FROM salts WHERE subject = ? AND purpose LIKE '%/email'", f"person:{BEN}")

    assert findings(operator) == [(BENS_ENTRY, "custody has lost its email, and no event says that it was erased")]


def test_what_was_deleted_by_hand_is_not_excused_by_an_erasure_before_it_was_sealed(operator: Operator, home: Home):
    erase(home)
    again = register(home, ANA, NAMES[ANA])
    operator.run("keys.db", "DELETE FROM salts WHERE subject = ? AND purpose LIKE '%/name'", f"person:{ANA}")

    assert findings(operator) == [(again, "custody has lost its name, and no event says that it was erased")]


RESTORED = {
    "all of it": ("keys", "custody.db", "documents"),
    "the keys": ("keys",),
    "what they open": ("custody.db", "documents"),
}


@pytest.mark.parametrize("names", RESTORED.values(), ids=RESTORED)
def test_what_comes_back_from_a_backup_after_an_erasure_is_found_and_erased_again(
    operator: Operator, home: Home, names: tuple[str, ...]
):
    wanted = traces(operator, home)
    backup = {
        file: content
        for file, content in operator.contents().items()
        if file.relative_to(operator.path).parts[0] in names
    }
    erase(home)
    for file, content in backup.items():
        file.write_bytes(content)

    assert {position for position, _ in findings(operator)} == {ANAS_ENTRY}
    assert {bool(re.fullmatch(still_there(r"\w+"), what)) for _, what in findings(operator)} == {True}

    with open_home(operator.path) as restored:
        erase(restored)
        assert len(erasures(restored)) == 1
    assert found(operator, wanted) == []
    assert findings(operator) == []


def test_a_document_that_comes_back_alone_is_found(operator: Operator, home: Home):
    documents = {file: content for file, content in operator.contents().items() if "documents" in file.parts}
    erase(home)
    (gone,) = [file for file in documents if not file.exists()]
    gone.write_bytes(documents[gone])

    assert findings(operator) == [(None, f"{gone} lies among the documents and belongs to none of them")]


def test_an_erasure_that_was_taken_out_of_the_log_leaves_what_it_erased_missing(operator: Operator):
    with operator.database("log.db") as connection:
        rename = "UPDATE entries SET entry = CAST(replace(entry, 'person.erased', 'person.erazed') AS BLOB)"
        connection.execute(f"{rename} WHERE position IN (8, 9)")

    report = verify_home(operator.path)

    lost = {finding.position for finding in report.findings if "no event says that it was erased" in finding.what}
    assert report.verdict is Verdict.ALTERED
    assert lost == {BENS_ENTRY, EVES_ENTRY}


# Who is there to erase


@pytest.mark.parametrize("person", ["p-" + "9" * 32, "", "p-", ANA[:-1], ANA.upper(), "p-\n", "x" * 300])
def test_somebody_whom_the_log_does_not_know_cannot_be_erased(operator: Operator, home: Home, person: str):
    before = operator.contents()

    with pytest.raises(Malformed):
        erase(home, person)

    assert operator.contents() == before


# The command


def invoke(office: Operator, *arguments: str, answer: str = "") -> Result:
    command = ["erase", "--home", str(office.path), "--actor", ADMIN, *arguments]
    return CliRunner().invoke(main, command, input=answer, catch_exceptions=False)


def test_the_command_asks_before_it_erases(office: Operator):
    result = invoke(office, ANA, answer="y\n")

    assert result.exit_code == 0
    assert f"Erase everything of {ANA}?" in result.output
    assert f"Erased everything of {ANA}: 3 texts, 1 document, 4 salts, 1 key." in result.output
    assert findings(office) == []


@pytest.mark.parametrize("answer", ["n\n", "\n", ""], ids=["no", "nothing", "end of input"])
def test_without_a_yes_the_command_erases_nothing(office: Operator, answer: str):
    before = office.contents()

    result = invoke(office, ANA, answer=answer)

    assert (result.exit_code, office.contents() == before) == (1, True)


def test_the_command_erases_without_asking_when_told_to(office: Operator):
    result = invoke(office, ANA, "--detail", "phone", "--detail", "email", "--detail", "phone", "--yes")

    assert result.exit_code == 0
    assert f"Erased email, phone of {ANA}: 2 texts, 0 documents, 2 salts, 0 keys.\n" in result.output
    with open_home(office.path) as home:
        assert [event.details for event in erasures(home)] == [("email", "phone")]
        assert home.custody.unseal(str(registration(home)[0].name)) == NAMES[ANA]
    assert findings(office) == []


def test_the_command_finds_nothing_to_erase_a_second_time(office: Operator):
    invoke(office, ANA, "--yes")

    result = invoke(office, ANA, "--yes")

    assert (result.exit_code, "has no details here: nothing to erase" in result.output) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("p-" + "9" * 32, "--yes"),
        (ANA, "--detail", "shoe-size", "--yes"),
        (ANA, "--backup-days", "-1", "--yes"),
        (),
    ],
    ids=["somebody unknown", "a detail that is none", "days that are none", "nobody"],
)
def test_a_wish_that_makes_no_sense_erases_nothing_and_exits_with_2(office: Operator, arguments: tuple[str, ...]):
    before = office.contents()

    result = invoke(office, *arguments)

    assert (result.exit_code, office.contents() == before) == (2, True)


def test_the_program_itself_erases(office: Operator, home: Home):
    wanted = traces(office, home)
    environment = os.environ | {"DUA_LEDGER_HOME": str(office.path), "DUA_LEDGER_ACTOR": ADMIN}

    done = subprocess.run(
        [PROGRAM, "erase", ANA, "--yes"], env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert found(office, wanted) == []
    assert findings(office) == []
