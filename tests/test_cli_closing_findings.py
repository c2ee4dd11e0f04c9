"""Closing what an entry shows of several data sets, by the command line."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from ledger.events.agreement import Covered
from ledger.events.release import Packed, Version
from tests.command_line import Outcome, dua_ledger
from tests.facts import ANA, DATA_SET, NOON, Clock, data_set, version_added
from tests.question_facts import ask, office_home
from tests.view_facts import AGREED, KEYED, authorised, handed_over, issued, received

FORUM = "D-6.002x-forum"
BOTH = (DATA_SET, FORUM)
KIND = "--kind=overdue-destruction"


def released_together(path: Path) -> Path:
    """A home in which Ana received two data sets by one release."""
    covered = tuple(Covered(dataset=one, form="identified") for one in BOTH)
    package = handed_over().package
    packed = tuple(Packed(dataset=one, label="1", size=3, digest=64 * "5") for one in BOTH)
    return office_home(
        path,
        data_set(FORUM),
        version_added("1", dataset=FORUM),
        [AGREED[0], issued(people=[ANA], datasets=covered), *AGREED[2:], *KEYED],
        replace(authorised(), versions=tuple(Version(dataset=one, label="1", form="identified") for one in BOTH)),
        replace(handed_over(), package=replace(package, files=packed, plain_size=6)),
        received(),
    )


def test_a_finding_of_one_data_set_is_closed_without_that_of_another(tmp_path: Path):
    home, late = released_together(tmp_path / "home"), Clock(NOON + timedelta(days=600))

    def overdue() -> list[dict[str, Any]]:
        return ask(home, "findings", KIND, "--json", clock=late).rows

    def close(*how: str) -> Outcome:
        words = ["close-finding", overdue()[0]["position"], KIND, "--reason", "kept for a court", *how]
        return dua_ledger(*words, "--actor", "staff:typist", home=home, clock=late)

    assert [one["dataset"] for one in overdue()] == sorted(BOTH)
    unclear, unknown = close(), close("--dataset", "D-none")
    assert (unclear.code, "say which by --dataset, or that --all are: " in unclear.err) == (2, True)
    assert unknown == (2, "", "Error: dataset 'D-none': is not in this ledger\n")

    closed = close("--dataset", FORUM)
    assert f"(overdue destruction, Ana Ejemplo, {FORUM}) was closed." in closed.out
    assert [one["dataset"] for one in overdue()] == [DATA_SET]
    again = close("--dataset", FORUM)
    assert (again.code, again.err) == (
        2,
        f"Error: finding {overdue()[0]['position']}: is not there: no such finding of {FORUM} is open in that entry\n",
    )

    assert "(overdue destruction, Ana Ejemplo) was closed." in close().out
    assert overdue() == []
