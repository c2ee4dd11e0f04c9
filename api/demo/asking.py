"""From an e-mail to an approval."""

import shutil
from datetime import timedelta
from pathlib import Path

from api.demo.stage import (
    AMAL,
    CLERK,
    COURSE,
    DATA,
    DIRECTOR,
    EXAMPLES,
    HANNA,
    IRA,
    JUN,
    OFFICE_ZONE,
    PAT,
    SERVER,
    Stage,
    chapter,
    say,
)
from ledger.events import EthicsDetermined

PENDING = (
    ('reliance = "elected"\nreliance_on = 2025-10-20\n', 'reliance = "pending"\n'),
    ('reliance_document = "letters/couhes-reliance.pdf"\n', ""),
)


def the_office_opens(stage: Stage) -> None:
    """Who works there, and what there is to be asked for."""
    chapter("The office opens its ledger")
    say("Ira Stein directs the office, Pat Moreno types. Two data sets of a course run enter the catalogue.")
    stage.run("init --origin ir.example.edu/demo", DIRECTOR)
    stage.run(f"register-person 'Ira Stein' --email {IRA}", DIRECTOR)
    stage.run(f"register-person 'Pat Moreno' --email {PAT}", DIRECTOR)
    stage.run(f"grant-role {DIRECTOR} director --from 2026-01-01 --person {IRA}", DIRECTOR)
    stage.run(f"grant-role {CLERK} staff --from 2026-01-01 --person {PAT}", DIRECTOR)
    stage.run(f"grant-role {SERVER} data-server --from 2026-01-01", DIRECTOR)
    stage.run(f"publish-policy --time-zone {OFFICE_ZONE}", DIRECTOR)
    say(f"What names no actor from here on, Pat types (export DUA_LEDGER_ACTOR={CLERK}).")
    for dataset, (kind, form, content) in DATA.items():
        stage.run(f"register-dataset {dataset} --course-run {COURSE} --kind {kind}")
        stage.run(f"add-version {dataset} 2026-1 --form {form} --file {stage.file(f'{kind}.csv', content)}")


def an_email_comes_in(stage: Stage) -> None:
    """A packet with things missing, and the letter that says which."""
    chapter("A request arrives by e-mail, and is not complete")
    say(
        "Hanna Lindqvist of MIT asks for herself, for Jun Okada, who visits from elsewhere, and for Amal Serrano "
        "of Lakeside College. Pat puts what came into a folder. As she heads her department, the dean approved."
    )
    stage.run(f"submit {_packet(stage, 'packet')}")
    say("What is missing goes back to her, as a letter; from then on it is her turn.")
    stage.run(f"return {stage.request} --item C1.2 --item C1.3 --item C1.6")
    stage.run(f"request {stage.request} --letter")
    stage.run("inbox")


def what_was_missing_arrives(stage: Stage) -> None:
    """The packet again, and what came on paper."""
    chapter("What was missing arrives")
    say("The packet comes back: peers had reviewed it, and the forum is wanted de-identified.")
    reviewed = '[peer_review]\nreviewed = true\nby = "The panel of the foundation"\n\n[head_approval]'
    wanted = 'id = "D-6.002x-forum"\nform = "de-identified"'
    again = _packet(stage, "packet-again", ("[head_approval]", reviewed), ('id = "D-6.002x-forum"', wanted))
    stage.run(f"submit {again} --request {stage.request}")
    say("Jun turns out to act for MIT, and sends the certificate of his new training. The office checks all three.")
    stage.run(f"affiliation {stage.request} {JUN} home")
    ends = stage.today + timedelta(days=30)
    certificate = EXAMPLES / "mixed-group" / "certificates" / "okada.pdf"
    stage.run(f"certify {JUN} --completed 2025-02-03 --expires {ends} --certificate {certificate}")
    for person in (HANNA, JUN, AMAL):
        stage.run(f"verify-training {person}")
    say("COUHES had elected to rely on Lakeside's board long ago; its letter comes on paper, and late.")
    relied_on = next(one for one in stage.all(EthicsDetermined) if one.organisation and one.outcome == "exempt")
    letter = EXAMPLES / "mixed-group" / "letters" / "couhes-reliance.pdf"
    on = "--on 2025-10-20 --occurred-at 2025-10-20"
    stage.run(f"reliance {stage.request} {relied_on.determination} {on} --letter {letter}")


def it_is_approved(stage: Stage) -> None:
    """Refused first, for want of a legal basis."""
    chapter("It is approved, once counsel has found a basis")
    stage.run(f"approve {stage.request}", DIRECTOR)
    say("The refusal is on record too. Counsel finds a basis for each data set and each side.")
    bases = (
        ("D-6.002x-pc identified home", "34 CFR 99.31(a)(1)(i)"),
        ("D-6.002x-pc identified outside", "34 CFR 99.31(a)(6)"),
        ("D-6.002x-forum de-identified home", "34 CFR 99.31(b)"),
        ("D-6.002x-forum de-identified outside", "34 CFR 99.31(b)"),
    )
    listed = " ".join(f"--basis {what} '{basis}'" for what, basis in bases)
    stage.run(f"determine {stage.request} --consistent {listed}")
    stage.run(f"approve {stage.request}", DIRECTOR)


def _packet(stage: Stage, name: str, *changes: tuple[str, str]) -> Path:
    """The packet of a mixed group, of which the home board's reliance is not known yet, with more of it changed."""
    folder = stage.folder / name
    shutil.copytree(EXAMPLES / "mixed-group", folder)
    form = folder / "request.toml"
    text = form.read_text()
    for before, after in (*PENDING, *changes):
        text = text.replace(before, after)
    form.write_text(text)
    return folder
