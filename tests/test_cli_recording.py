"""What the calendar, a register and notices have recorded is signed and witnessed as everything is."""

from datetime import timedelta
from pathlib import Path

import pytest

from ledger.chain.receipt import parse_receipt
from ledger.evidence.witness import Witness, create_witness
from tests.command_line import Office, Stages, dua_ledger
from tests.desk_beside_every import SETTINGS
from tests.facts import NOON, Clock
from tests.past_facts import GOOD, MAP, csv_of, row
from tests.signing import entries_of
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
            told = office(f"{line} --require-witness 1 --receipt {{{before}.tlog-proof}}")

            assert (told.code, "WARNING" in told.err, len(office.facts()) > before) == (code, False, True), told
            assert_all_signed(office.home)
            assert NAME in cosigners((office.home / "checkpoint").read_bytes(), office.home, witness)
            receipt = parse_receipt((office.folder / f"{before}.tlog-proof").read_bytes())
            assert receipt.index + 1 == len(office.facts())
            assert NAME in cosigners(receipt.checkpoint, office.home, witness)


def test_where_nothing_is_recorded_there_is_no_receipt_and_where_something_is_nothing_is_written_over(office: Office):
    office.put("there", b"mine")
    (office.home / "notices.toml").write_text(SETTINGS.format(port=1))
    with office.nothing_happens():
        for line, code in ((f"{IMPORT} --dry-run", 1), ("tick --dry-run", 0), ("send --dry-run", 0)):
            assert office(f"{line} --receipt {{kept}}").code == code
            told = office(f"{line.removesuffix(' --dry-run')} --receipt {{there}}")
            assert (told.code, told.out, "there" in told.err) == (1, "", True)
            assert office(f"{line} --receipt {{no}}/folder").code == 2
    office.done("tick", "tick --receipt {kept}")

    assert not (office.folder / "kept").exists()
    assert (office.folder / "there").read_bytes() == b"mine"


@pytest.mark.parametrize(("options", "position"), [("", 1), (" --director staff:1", 2)])
def test_a_ledger_begins_with_a_receipt(tmp_path: Path, options: str, position: int):
    office = Office(tmp_path, Clock(NOON))
    begun = office(f"init --origin log.example.com{options} --receipt {{kept.tlog-proof}}")
    assert (begun.code, begun.err.count("WARNING")) == (0, position - 1)
    vkey = begun.out.split("\n  ")[1]
    entry = office.put("entry", entries_of(office.home)[-1].raw)

    assert len(entries_of(office.home)) == position
    assert (
        dua_ledger("check-receipt", tmp_path / "kept.tlog-proof", "--entry", entry, "--vkey", vkey.split()[0]).code == 0
    )
    told = office("init --origin log.example.com --receipt {kept.tlog-proof}")
    assert (told.code, "kept.tlog-proof" in told.err) == (1, True)
