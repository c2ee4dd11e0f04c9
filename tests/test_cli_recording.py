"""What the calendar, a register and notices have recorded is signed and witnessed as everything is."""

from datetime import timedelta
from pathlib import Path

import pytest

from ledger.evidence.witness import Witness, create_witness
from tests.command_line import Office, Stages
from tests.desk_beside_every import SETTINGS
from tests.facts import Clock
from tests.past_facts import GOOD, MAP, csv_of, row
from tests.smtp_server import Smtp
from tests.smtp_server import served as mail_served
from tests.test_signing import assert_all_signed, keys_of
from tests.test_signing_witnessed import cosigners
from tests.witnesses import NAME, served

IMPORT = "import {register.csv} --map {map.toml}"


@pytest.fixture
def office(stages: Stages, tmp_path: Path) -> Office:
    """An office whose agreement ends soon, with a register of the past; one row of it cannot be taken."""
    office = stages.at("released").copied(tmp_path)
    office.clock = Clock(office.clock() + timedelta(days=350))
    office.put("map.toml", MAP.encode())
    office.put("register.csv", csv_of(GOOD, row(No="2", Sent="soon")))
    return office


def test_it_is_signed_and_witnessed_when_the_command_ends_however_it_does(office: Office, tmp_path: Path):
    vkey = create_witness(tmp_path / "witness", NAME)
    with Witness(tmp_path / "witness") as opened:
        opened.add(*keys_of(office.home))
    with mail_served(Smtp()) as mail, served(tmp_path / "witness") as witness:
        office.done(f"appoint {witness.url}={vkey}")
        (office.home / "notices.toml").write_text(SETTINGS.format(port=mail.port))

        for line, code in ((IMPORT, 1), ("tick", 0), ("send", 0)):
            before = len(office.facts())
            told = office(f"{line} --require-witness 1")

            assert (told.code, "WARNING" in told.err, len(office.facts()) > before) == (code, False, True), told
            assert_all_signed(office.home)
            assert NAME in cosigners((office.home / "checkpoint").read_bytes(), office.home, witness)
