"""Keys are backed up by themselves, and lapse: without them, or with older ones, who was erased stays erased."""

import shutil
from datetime import date, datetime, timedelta

import pytest

from api.cli.backups import NEWER_KEYS
from api.cli.verifying import verify_home
from ledger.backup.errors import Lapsed
from ledger.backup.lapsing import last_copy_lapses
from ledger.backup.making import back_up, back_up_keys
from ledger.backup.restoring import KeysKept, restored
from ledger.chain.entry import format_time
from ledger.evidence.report import Verdict
from ledger.home import KEYS, erase_person, open_home
from tests.backups import NAMES, Ledger, everything_under, furnished, ledger
from tests.command_line import dua_ledger
from tests.facts import NOON, noon
from tests.tampering import ANA, BEN, LAPSES, LEO, SIZE, Operator, register
from tests.test_erasure import traces

__all__ = ["furnished", "ledger"]


def test_without_keys_all_is_there_but_details(ledger: Ledger):
    outcome = ledger.backed_up().restore("--lock-store", ledger.lock_store)
    report = verify_home(ledger.again)

    assert outcome.code == 0
    assert "no details can be read" in outcome.out
    assert (report.verdict, len(report.findings), report.size) == (Verdict.UNVERIFIED, 1, SIZE)
    assert dua_ledger("entries", home=ledger.again).code == 0
    assert dua_ledger("inbox", home=ledger.again).code == 1


@pytest.mark.parametrize("with_keys", [True, False])
def test_who_was_erased_after_the_keys_were_backed_up_stays_erased(ledger: Ledger, with_keys: bool):
    ledger.backed_up()
    operator = Operator(ledger.home)
    with open_home(ledger.home, noon) as home:
        left_behind = traces(operator, home, LEO, NAMES[LEO])
        still = traces(operator, home, ANA, NAMES[ANA])
        sealed = left_behind[-1]
        erase_person(home, LEO, (), last_copy_lapses=LAPSES, actor="operator", via="test")
        assert sealed not in everything_under(ledger.home)
    ledger.backup.unlink()
    # A copy of custody from before: as if the erasure had been cut off before it came to that.
    back_up(ledger.home, ledger.backup, noon)
    assert any(trace in ledger.keys.read_bytes() for trace in left_behind)
    outcome = ledger.continued() if with_keys else ledger.restore("--lock-store", ledger.lock_store)

    assert outcome.code == 0
    everything = everything_under(ledger.again)
    assert not any(trace in everything for trace in left_behind)
    assert any(trace in everything for trace in still)
    if with_keys:
        assert verify_home(ledger.again).findings == ()


def test_an_erasure_that_was_cut_off_before_the_backup_is_completed(ledger: Ledger):
    """The event is recorded, and nothing destroyed yet."""
    operator = Operator(ledger.home)
    with open_home(ledger.home, noon) as home:
        left_behind = traces(operator, home, LEO, NAMES[LEO])
    with_custody = {name: (ledger.home / name).read_bytes() for name in ("custody.db", "keys/keys.db")}
    documents = {file: file.read_bytes() for file in (ledger.home / "documents").rglob("*") if file.is_file()}
    with open_home(ledger.home, noon) as home:
        erase_person(home, LEO, (), last_copy_lapses=LAPSES, actor="operator", via="test")
    for name, content in with_custody.items():
        (ledger.home / name).write_bytes(content)
    for file, content in documents.items():
        file.write_bytes(content)
    assert verify_home(ledger.home).verdict is Verdict.ALTERED

    assert ledger.backed_up().continued().code == 0
    everything = everything_under(ledger.again)
    assert not any(trace in everything for trace in left_behind)
    assert verify_home(ledger.again).findings == ()


def test_keys_older_than_what_they_are_to_open_are_a_loss_that_has_to_be_accepted(ledger: Ledger):
    back_up_keys(ledger.home, ledger.keys, 30, noon)
    with open_home(ledger.home, noon) as home:
        position = register(home, f"p-{77:032x}", "Later Person")
    back_up(ledger.home, ledger.backup, noon)
    refused = ledger.continued()

    assert (refused.code, ledger.again.exists()) == (10, False)
    assert f"lost: entry {position}: custody has lost its name" in refused.out
    older = f"The keys in {ledger.keys} are older than the backup:"
    assert [line for line in refused.lines if not line.startswith(f"lost: entry {position}: custody has lost")] == [
        f"{older} of {format_time(NOON)}, without 3 details recorded since.",
        NEWER_KEYS,
        "Nothing was restored.",
    ]
    accepted = ledger.continued("--accept-losses")
    assert (accepted.code, accepted.err.count(f"lost: entry {position}: custody has lost")) == (0, 3)
    assert (older in accepted.err, NEWER_KEYS in accepted.err) == (True, False)


def test_what_was_altered_is_not_put_down_to_keys_that_are_older(ledger: Ledger):
    Operator(ledger.home).run(
        "keys.db", "DELETE FROM salts WHERE subject = ? AND purpose LIKE '%/name'", f"person:{LEO}"
    )

    def later() -> datetime:
        return NOON + timedelta(hours=1)

    back_up_keys(ledger.home, ledger.keys, 30, later)
    with open_home(ledger.home, later) as home:
        position = register(home, f"p-{77:032x}", "Later Person")
    back_up(ledger.home, ledger.backup, later)
    refused = ledger.continued()

    assert (refused.code, ledger.again.exists()) == (10, False)
    altered = [line for line in refused.lines if line.startswith("altered: entry ")]
    assert len(altered) == 1
    assert (refused.out.count("lost: entry "), refused.out.count(f"lost: entry {position}: ")) == (3, 3)


def test_keys_that_have_lapsed_open_nothing(ledger: Ledger):
    ledger.backed_up(keep_days=2)
    keys = KeysKept(ledger.keys, ledger.home / KEYS / "key-encryption-key")
    with restored(ledger.backup, ledger.again, NOON + timedelta(days=2), keys):
        pass
    shutil.rmtree(ledger.again)
    with pytest.raises(Lapsed) as refusal, restored(ledger.backup, ledger.again, NOON + timedelta(days=3), keys):
        pass

    assert refusal.value.kept_until == date(2026, 11, 23)
    assert not ledger.again.exists()


@pytest.mark.parametrize(("keep_days", "lapses"), [(90, "2027-02-19"), (3, "2026-12-21")])
def test_erasing_says_when_the_last_copy_of_the_keys_lapses(ledger: Ledger, keep_days: int, lapses: str):
    back_up_keys(ledger.home, ledger.keys, keep_days, noon)
    granted = ["grant-role", "staff:1", "director", "--from", "2026-01-01", "--actor", "staff:1"]
    assert dua_ledger(*granted, home=ledger.home, clock=noon).code == 0
    told = dua_ledger("erase", BEN, "--yes", "--actor", "staff:1", home=ledger.home, clock=noon)

    assert f"The last backup copy of their keys lapses on {lapses}." in told.out


def test_a_home_that_was_restored_knows_until_when_its_keys_are_kept_elsewhere(ledger: Ledger):
    for number, days in enumerate((200, 3, 20)):
        back_up_keys(ledger.home, ledger.folder / f"keys-{number}.tar", days, noon)
    back_up(ledger.home, ledger.backup, noon)
    ledger.keys = ledger.folder / "keys-2.tar"
    assert ledger.continued().code == 0

    assert last_copy_lapses(ledger.again) == (NOON + timedelta(days=200)).date()
