"""Who of a shared office is killed while talking to the database, as it sends something: called again, all is whole.

With CAMPAIGN=1 at everything that is sent, instead of once in between.
"""

import signal
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from subprocess import DEVNULL, run

import pytest

from api.cli.verifying import verify_home
from ledger.errors import Missing
from tests.command_line import PROGRAM, dua_ledger
from tests.custody_facts import BEN, NOON, Shared, a_person_and_a_document, checked
from tests.postgres import Server
from tests.signing import new_home
from tests.stores import CAMPAIGN, PATIENCE
from tests.test_notary_crashes import answers_in, assert_healed, signer
from tests.test_postgres_crashes import fatal, traceable
from tests.test_store_crashes import wait_for_the_dead

pytest_plugins = ["tests.figures"]
pytestmark = [pytest.mark.needs("initdb"), pytest.mark.needs("strace"), pytest.mark.campaign]
__all__ = ["traceable"]

PROJECT = Path(__file__).parents[1]
IN_CUSTODY = """
import sys
from pathlib import Path
from tests.custody_facts import Shared, a_person_and_a_document
folder, url, act, subject = sys.argv[1:]
with Shared(Path(folder), url).open() as custody:
    custody.erase(subject) if act == "erase" else a_person_and_a_document(custody, subject)
"""


@pytest.fixture
def folder(tmp_path: Path, service_url: str) -> Shared:
    """Custody in a database, that keeps something of Ben."""
    folder = Shared(tmp_path, service_url)
    with folder.create() as custody:
        a_person_and_a_document(custody, BEN)
    return folder


def killed(folder: Shared, act: str, subject: str, number: int) -> bool:
    """Whether a process that seals or erases was killed as it sent something for the nth time, and not done before."""
    words = [sys.executable, "-c", IN_CUSTODY, str(folder.path), folder.url, act, subject]
    code = run(["strace", "-f", *fatal("sendto", number), *words], cwd=PROJECT, check=False).returncode
    assert code in (0, -signal.SIGKILL)
    wait_for_the_dead(folder.url)
    return code != 0


def moments(once: int) -> Iterator[int]:
    """At which of the things that it sends a process is killed: from the first on, until one sends no more."""
    return iter(count(1) if CAMPAIGN else [once])


def test_a_signer_killed_at_what_it_sends_is_healed(service_url: str, tmp_path: Path, traceable, tell):
    home = new_home(tmp_path / "home", store=service_url)
    kills = 0
    for number in moments(60):
        with signer(home, 2, "strace", "-f", *fatal("sendto", number)) as killed:
            said, _ = killed.communicate(timeout=PATIENCE)
        wait_for_the_dead(service_url)
        assert_healed(home, answers_in(said))
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL
        kills += 1
    tell("kills of signers", kills)
    assert kills


def test_an_erasure_killed_at_what_it_sends_is_completed_by_calling_again(folder: Shared, traceable, tell):
    kills = 0
    for number in moments(20):
        subject = f"person:p-{number}"
        with folder.open() as custody:
            claims = a_person_and_a_document(custody, subject)
        traces = folder.traces_of(subject)
        was_killed = killed(folder, "erase", subject, number)

        with folder.open() as custody:
            assert {type(result) for result in checked(custody, claims)} <= {Missing, type(None)}
            custody.erase(subject)
            assert [kept.subject for kept in custody.commitments()] == 3 * [BEN]
            assert custody.strays() == []
        assert folder.found(traces) == []
        if not was_killed:
            break
        kills += 1
    tell("kills of who erases", kills)
    assert kills


def test_what_was_being_sealed_by_who_was_killed_at_what_they_send_is_swept(folder: Shared, traceable, tell):
    kills = 0
    for number in moments(20):
        was_killed = killed(folder, "keep", f"person:p-{number}", number)
        with folder.open() as custody:
            bens = {kept.commitment for kept in custody.commitments() if kept.subject == BEN}
            custody.sweep(bens.__contains__, NOON + timedelta(seconds=1))
            assert {kept.commitment for kept in custody.commitments()} == bens
            assert (len(bens), custody.strays()) == (3, [])
        if not was_killed:
            break
        kills += 1
    tell("kills of who seals", kills)
    assert kills


OPENING = ["init", "--origin", "log.example.com", "--director", "staff:1", "--store"]


def test_an_office_whose_making_was_killed_is_made_in_the_same_database_or_says_that_it_takes_another(
    postgres_server: Server, tmp_path: Path, traceable, tell
):
    said: Counter[str] = Counter()
    for number in moments(60):
        home = tmp_path / f"{number}" / "home"
        with postgres_server.served() as url:
            words = ["strace", "-f", *fatal("sendto", number), PROGRAM, *OPENING, url, "--home", home]
            code = run(list(map(str, words)), stdout=DEVNULL, check=False).returncode
            assert code in (0, -signal.SIGKILL)
            wait_for_the_dead(url)
            if home.exists():
                assert verify_home(home).findings == ()
                break
            again = dua_ledger(*OPENING, url, home=home)
        why = again.err if again.code else ""
        said[why.partition(" in it already; if only by an init that was cut off")[0].rpartition(" a ")[2]] += 1
        if again.code:
            assert again.err.endswith("drop the database and prepare it anew\n")
            with postgres_server.served() as url:
                assert dua_ledger(*OPENING, url, home=home).code == 0
                assert verify_home(home).findings == ()
    tell("kills of who opens an office, by what is in the database then", dict(said))
    assert said.keys() <= {"", "key store", "ledger"}
    assert said
