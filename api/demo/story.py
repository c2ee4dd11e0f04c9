"""The story: a request for learner data, from an e-mail to the last copy destroyed, and what can't be hidden."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from api.demo.agreeing import a_wrong_key_and_the_right_one, the_agreements_are_signed
from api.demo.asking import an_email_comes_in, it_is_approved, the_office_opens, what_was_missing_arrives
from api.demo.auditing import an_auditor_comes, somebody_cheats, somebody_is_forgotten
from api.demo.ending import a_member_leaves, destruction_is_overdue, the_agreements_run_out
from api.demo.publishing import a_journal_asks, a_table_is_sent_back
from api.demo.releasing import the_data_go_out, the_past_comes_in, time_goes_by, who_may_open_them
from api.demo.serving import Call
from api.demo.stage import LENA, PERSON_COURSE, Stage
from ledger.events import RequestSubmitted

Chapter = Callable[[Stage], None]

# Recorded today, so that the ledger can be served then, and written to.
TODAY: tuple[Chapter, ...] = (
    the_office_opens,
    an_email_comes_in,
    what_was_missing_arrives,
    it_is_approved,
    the_agreements_are_signed,
    a_wrong_key_and_the_right_one,
    the_data_go_out,
    who_may_open_them,
)
LATER: tuple[Chapter, ...] = (
    time_goes_by,
    the_past_comes_in,
    a_journal_asks,
    a_table_is_sent_back,
    a_member_leaves,
    the_agreements_run_out,
    destruction_is_overdue,
    an_auditor_comes,
    somebody_is_forgotten,
)
END: tuple[Chapter, ...] = (somebody_cheats,)


class Story:
    """The story, played in a folder of its own; `type_` types a command, under a clock that is handed in."""

    def __init__(self, folder: Path, type_: Callable[[list[str], Callable[[], datetime]], int]) -> None:
        self._stage = Stage(folder, type_)
        self.home = self._stage.home

    def play(self, chapters: tuple[Chapter, ...]) -> None:
        """These chapters, which follow those that were played."""
        for chapter in chapters:
            chapter(self._stage)

    def close(self) -> None:
        """End what the people in it have running."""
        self._stage.close()

    @property
    def researcher(self) -> str:
        """The id of whoever asked for the data."""
        return self._stage.all(RequestSubmitted)[0].researcher

    @property
    def calls(self) -> tuple[Call, ...]:
        """Three questions that can be put to the ledger that it leaves, each in a role."""
        opens = {
            "subject": {"type": "user", "id": LENA},
            "action": {"name": "open"},
            "resource": {"type": "dataset", "id": PERSON_COURSE},
            "context": {"dry_run": True},
        }
        holders = f"/datasets/{PERSON_COURSE}/holders?form=identified"
        return (
            Call("Compliance: who holds identified data?", "compliance", "GET", holders),
            Call("A data server: may Lena Roth open them?", "data server", "POST", "/access/v1/evaluation", opens),
            Call("The researcher: where is my request?", "researcher", "GET", "/requests?limit=1"),
        )

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Those of all keys in it."""
        return tuple(owner.fingerprint for owner in self._stage.owners)
