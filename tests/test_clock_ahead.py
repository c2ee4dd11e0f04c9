"""An office whose clock was far ahead when something was recorded, and the way out that it is told of."""

from datetime import timedelta
from pathlib import Path

from tests.command_line import Outcome, dua_ledger
from tests.facts import NOON, Clock

REGISTER = "register-dataset D-{} --course-run course-v1:MITx+6.002x+2012_Spring --kind forum --actor staff:1"


def test_an_office_whose_clock_was_believed_goes_on_from_a_backup_of_before(tmp_path: Path):
    clock = Clock(NOON)
    home, kept, keys = tmp_path / "home", tmp_path / "ledger.tar", tmp_path / "keys.tar"

    def typed(line: str, *more: object, at: Path = home) -> Outcome:
        return dua_ledger(*line.split(), *more, home=at, clock=clock)

    def typed_well(line: str, *more: object, at: Path = home) -> Outcome:
        done = typed(line, *more, at=at)
        assert (done.code, done.err) == (0, ""), done
        return done

    assert typed("init --origin log.example.com --actor staff:1 --director staff:1").code == 0
    typed_well(REGISTER.format("before"))
    typed_well("backup", kept)
    typed_well("backup-keys --keep-days 30", keys)
    clock.go(timedelta(days=365))
    typed_well(REGISTER.format("ahead"))
    clock.go(timedelta(days=-365))

    refused = typed(REGISTER.format("after"))
    assert (refused.code, refused.out) == (1, "")
    assert (
        "nothing is recorded here before then, but in a new log that `dua-ledger restore --as-new-log` begins with a"
        in refused.err
    )

    opened_by = ["--keys", keys, "--key-encryption-key", home / "keys/key-encryption-key"]
    lost = ["--lock-store", home, "--as-new-log", "log.example.com/anew", "--actor", "staff:1"]
    restored = typed_well("restore", kept, *opened_by, *lost, at=tmp_path / "anew")
    assert "Lost: 1 entry that had been signed." in restored.out
    typed_well(REGISTER.format("after"), at=tmp_path / "anew")
