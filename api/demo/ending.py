"""How it ends: somebody leaves, the agreements run out, and what was held is destroyed."""

from datetime import timedelta
from email.message import EmailMessage
from textwrap import indent

import click

from api.demo.stage import AMAL, CRON, DIRECTOR, HANNA, JUN, PERSON_COURSE, Stage, chapter, note, say
from ledger.events import AgreementExecuted, DestructionAttested, DestructionRequired

# Beside the log: how notices are sent, by the mail server of this story.
NOTICES = """\
[email]
since = {since}
server = "127.0.0.1"
security = "none"
port = {port}
from = "Institutional Research <office@ir.example>"
office = "office@ir.example"
"""


def a_member_leaves(stage: Stage) -> None:
    """What would end, what ends, and what is destroyed for it."""
    chapter("A member leaves")
    stage.noon_of(stage.today + timedelta(days=7))
    last = stage.today + timedelta(days=4)
    say(f"Jun goes home on {last}. What ends with that, and what has to be destroyed?")
    stage.run(f"depart {JUN} --on {last} --dry-run")
    stage.noon_of(last)
    stage.run(f"depart {JUN} --reason 'his visit is over'")
    say("From then on the calendar knows, too: tick is what cron calls, every day.")
    stage.run("tick", CRON)
    _destroyed(stage, JUN, f"--by {JUN} --copies 1 --media 'his laptop' --method overwritten")


def the_agreements_run_out(stage: Stage) -> None:
    """Reminders, the end, and the first notices."""
    chapter("The agreements run out")
    ends = max(one.ends for one in stage.all(AgreementExecuted))
    stage.noon_of(ends - timedelta(days=60))
    say("Sixty days before the end everybody concerned is reminded, by e-mail.")
    stage.run("tick", CRON)
    settings = NOTICES.format(since=stage.today, port=stage.mailbox.port)
    (stage.home / "notices.toml").write_text(settings)
    note("notices.toml in the ledger's home names the mail server")
    stage.run("notices")
    _sent(stage)
    _shown(stage.mailbox.mails[-1])
    stage.noon_of(ends + timedelta(days=1))
    say("Nobody renews. On the day after the end nobody has a right to the data any more, and two have them still.")
    stage.run("tick", CRON)
    stage.run("tick", CRON)
    _sent(stage)
    stage.run(f"may {AMAL} read {PERSON_COURSE}")


def destruction_is_overdue(stage: Stage) -> None:
    """Reminded of, attested, accepted, closed."""
    chapter("Destruction is due, overdue, attested")
    due = max(one.due for one in stage.all(DestructionRequired))
    stage.noon_of(due)
    say("On the last day for it those who hold something are reminded, and Hanna, whose request it is.")
    stage.run("tick", CRON)
    _sent(stage)
    stage.noon_of(due + timedelta(days=31))
    say("A month later nobody has attested anything. They are reminded once more.")
    stage.run("tick", CRON)
    _sent(stage)
    _shown(stage.mailbox.mails[-1])
    say("It is a finding, until it is done; and as long as anybody holds anything, the request can't be closed.")
    stage.run("findings --kind overdue-destruction")
    stage.run(f"close {stage.request}", DIRECTOR)
    say("Hanna has it done, and attests it for Amal and herself.")
    how = "--copies 3 --media 'a server and two laptops' --method shredded"
    _destroyed(stage, f"{HANNA} {AMAL}", f"--by {HANNA} {how}")
    stage.run("findings --kind overdue-destruction")
    stage.run(f"close {stage.request}", DIRECTOR)


def _destroyed(stage: Stage, people: str, how: str) -> None:
    stage.run(f"attest {stage.request} {people} {how}")
    attestation = stage.all(DestructionAttested)[-1].attestation
    stage.run(f"accept-attestation {attestation}", DIRECTOR)


def _sent(stage: Stage) -> None:
    """What waits is sent, and taken by the mail server."""
    before = len(stage.mailbox.mails)
    stage.run("send", CRON)
    note(f"the mail server took {len(stage.mailbox.mails) - before}")


def _shown(mail: EmailMessage) -> None:
    note(f"the last of them, to {mail['To']}: {mail['Subject']}")
    click.echo(indent(mail.get_content().strip(), "    | ", lambda line: True))
