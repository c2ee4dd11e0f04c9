"""From the first package to the past: to whom data went, and who had them before."""

import io
import tarfile
from datetime import timedelta
from pathlib import Path

from api.demo.stage import DATA, DIRECTOR, IRA, JUN, LENA, PERSON_COURSE, REGISTER, SERVER, Stage, chapter, note, say
from ledger.events import ActRefused

PIERS = "piers.halloran@harbor.example.com"


def the_data_go_out(stage: Stage) -> None:
    """A package for one key."""
    chapter("The data go out, and Amal alone can open them")
    package = stage.folder / "package.gpg"
    stage.run(_release(stage, package), DIRECTOR)
    with tarfile.open(fileobj=io.BytesIO(stage.amal.decrypt(package))) as tar:
        note(f"Amal decrypts it, and finds {', '.join(tar.getnames())}")
    stage.run(f"received L{stage.request[1:]}-1")


def who_may_open_them(stage: Stage) -> None:
    """A data server asks, and is told no for somebody unnamed."""
    chapter("Who may open them on the server")
    stage.run(f"access {JUN} {PERSON_COURSE}", SERVER)
    stage.run(f"opened {PERSON_COURSE} --person {JUN}", SERVER)
    say("Lena Roth signed for Lakeside College, but she is named nowhere: an organisation alone admits nobody.")
    stage.run(f"access {LENA} {PERSON_COURSE}", SERVER)


def time_goes_by(stage: Stage) -> None:
    """From here on it is weeks later."""
    chapter("Six weeks later")
    stage.noon_of(stage.today + timedelta(days=42))
    say("Jun's training has run out meanwhile, and that holds the next release.")
    stage.run(_release(stage, stage.folder / "again.gpg"), DIRECTOR)
    say("Who holds 6.002x, identified? May Jun go on reading it? What ends within a year?")
    stage.run(f"holders {PERSON_COURSE} --form identified")
    stage.run(f"may {JUN} read {PERSON_COURSE}")
    stage.run("deadlines --within 365")
    say("The refusal is judged again, from the log alone.")
    stage.run(f"explain {stage.last_position(ActRefused)}")


def the_past_comes_in(stage: Stage) -> None:
    """A register from the years before the ledger, and who stands in it without an agreement."""
    chapter("The past comes in")
    say(
        "Before it had a ledger the office kept a table, of forty releases. Nobody decided them here, so no rule is "
        "asked; a map says what each column means."
    )
    taken = f"import {REGISTER}.csv --map {REGISTER}.toml"
    stage.run(f"{taken} --dry-run")
    stage.run(taken)
    say("Who holds 6.002x, identified, and under what? One of them is there without any agreement.")
    stage.run(f"holders {PERSON_COURSE} --form identified")
    stage.run("findings")
    say("Pat writes to him, and until he answers there is something open.")
    discovered = f"--discovered {stage.today} --person {PIERS} --dataset {PERSON_COURSE}"
    stage.run(f"report-incident other {discovered} --account 'a colleague passed the grades on to him'")
    stage.run("inbox")
    incident = f"I-{stage.today.year}-0001"
    stage.noon_of(stage.today + timedelta(days=3))
    say("He had the disk shredded years ago, and sends the receipt. The director closes it.")
    receipt = stage.file("receipt.txt", "One disk, shredded.\n")
    stage.run(f"contain-incident {incident} --how 'his disk went through a shredder' --document {receipt}")
    stage.run(f"close-incident {incident} --reason 'nothing of it is left, or was used'", DIRECTOR)


def _release(stage: Stage, target: Path) -> str:
    data = " ".join(f"--data {dataset}={stage.folder / kind}.csv" for dataset, (kind, _, _) in DATA.items())
    how = f"--channel sftp-drop --extracted-by {IRA} --learners 3"
    return f"release {stage.request} {data} {how} --to {target}"
