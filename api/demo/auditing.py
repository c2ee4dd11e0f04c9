"""What an auditor asks at the end, what is forgotten, and what cannot be hidden."""

import sqlite3

from api.demo.stage import AMAL, COURSE, DIRECTOR, Stage, chapter, note, say
from ledger.events import ReleaseHandedOver, RequestSubmitted
from ledger.evidence.logkeys import log_keys
from ledger.home import LOG, open_log

SEED = "the lottery numbers of last Saturday"
CHEAT = """
    UPDATE entries SET entry = CAST(replace(entry, '"form":"identified"', '"form":"de-identified"') AS BLOB)
    WHERE instr(entry, CAST('request.submitted' AS BLOB)) AND instr(entry, CAST('"identified"' AS BLOB))
"""


def an_auditor_comes(stage: Stage) -> None:
    """A release drawn by lot, checked without the ledger; the record of disclosures; the year in figures."""
    chapter("An auditor comes")
    say("The auditor has the verifier key since the day on which the ledger was opened, and brings the seed of a draw.")
    stage.run("vkey")
    sample = stage.folder / "sample"
    stage.run(f"sample 1 --seed '{SEED}' --to {sample}")
    say("What was drawn comes with everything that it rests on, and is verified at home: no ledger there, no network.")
    with open_log(stage.home) as store:
        key = log_keys(store)[-1]
    stage.run_elsewhere(f"verify {sample}/{stage.last_position(ReleaseHandedOver)}.zip --vkey {key}")
    say("To whom was anything identified of the course run disclosed, asked for or refused, and on what basis?")
    stage.run(f"disclosures --from {stage.year}-01-01 --to {stage.today} --course-run {COURSE}")
    stage.run(f"stats --year {stage.year}")
    say("And how did the one request go, from its first day to its last?")
    stage.run(f"history {stage.request}")


def somebody_is_forgotten(stage: Stage) -> None:
    """Who can't be, and who can."""
    chapter("Somebody is forgotten")
    say("The auditor takes a signed checkpoint along: whatever is before it can't be rewritten unnoticed any more.")
    stage.run("checkpoint")
    say(
        "Amal asks to be forgotten, and can't be: the record of the disclosure keeps who received data. The dean, "
        "who only approved, can: details, salts and keys are destroyed, and everything still verifies."
    )
    dean = next(one.head_approval for one in stage.all(RequestSubmitted) if one.head_approval)
    stage.run(f"erase {AMAL} --yes", DIRECTOR)
    stage.run(f"erase {dean.by} --yes", DIRECTOR)
    stage.run("verify --processes 1")


def somebody_cheats(stage: Stage) -> None:
    """The last chapter, after which the log is not what it was."""
    chapter("Somebody cheats")
    say("Somebody with the database in hand makes the identified data set that was asked for a de-identified one.")
    with sqlite3.connect(stage.home / LOG) as database:
        try:
            database.execute(CHEAT)
        except sqlite3.IntegrityError as refusal:
            note(f"the database refuses: {refusal}")
        note("so they remove the guard first, and put it back when it is done")
        (guard,) = database.execute("SELECT sql FROM sqlite_schema WHERE name = 'entries_never_change'").fetchone()
        database.execute("DROP TRIGGER entries_never_change")
        database.execute(CHEAT)
        database.execute(guard)
    database.close()
    stage.run("verify --processes 1")
