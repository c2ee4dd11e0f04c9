"""What is not known to the ledger is named, and how an id looks where none was given; nothing happens."""

import pytest

from tests.command_line import EXAMPLES, IRA, RELEASE, ROSA, SEND, Stages
from tests.wrong_lines import BASIS, BY_KEY, DETERMINED, IN_INK, ISSUE

pytestmark = pytest.mark.needs("gpg")

NOBODY = "p-" + 32 * "0"

OF_A_REQUEST = [
    "return {} --item C1.6",
    "withdraw {}",
    f"determine {{}} --consistent --basis D-6.002x-pc {BASIS}",
    "determine {} --not-consistent --note why",
    "approve {} --conditions some",
    "decline {} --reason why",
    f"affiliation {{}} {ROSA} home",
    f"determination {{}} --board home {DETERMINED} --expires none --covers all --letter {{letter.txt}}",
    f"designate {{}} {ROSA}",
    "file-key {} {tom.asc}",
    f"confirm-key {{}} {40 * 'A'} --to {IRA} --by phone",
    "reject-key {} --reason why",
    "revoke-key {} --why lost",
    "test-key {} --channel sftp-drop --to {new.asc}",
    "test-key {} --channel sftp-drop --no-answer",
    f"{ISSUE} {{mou.txt}}",
    SEND.replace("R-2026-0001", "{}") + " --to {new.gpg}",
    "grant-waiver {} key-tested --until 2026-12-31 --reason why",
    f"access {ROSA} D-6.002x-pc --request {{}}",
    "opened D-6.002x-pc --account somebody --request {}",
    f"suspend {ROSA} --reason why --request {{}}",
    f"lift {ROSA} --request {{}}",
    f"submit {EXAMPLES / 'mit-researcher'} --request {{}}",
]
OF_A_PERSON = [
    "change-details {} --name Ana",
    "suspend {} --reason why",
    "lift {}",
    "certify {} --completed 2026-01-05 --certificate {letter.txt}",
    "verify-training {}",
    "affiliation R-2026-0001 {} home",
    "designate R-2026-0001 {}",
    f"determination R-2026-0001 --board home {DETERMINED} --expires none --covers {{}}",
    "change-form D-6.002x-pc 1 --form de-identified --found-by {} --on 2026-11-20 --method k",
    "grant-role staff:2 staff --from 2026-01-01 --person {}",
    "withdraw R-2026-0001 --on-behalf-of {}",
    "approve R-2026-0001 --on-behalf-of {} --conditions some",
    "issue R-2026-0001 --kind MOU --template MOU-1 --template-approved-by {} --text {mou.txt}",
    f"sign A-2026-0001-1 --signer {{}} --as researcher {IN_INK}",
    f"sign A-2026-0001-1 --signer {ROSA} --as researcher {BY_KEY} --attested-by {{}}",
    f"confirm-key R-2026-0001 {40 * 'A'} --to {{}} --by phone",
    RELEASE.replace(IRA, "{}"),
    "may {} read D-6.002x-pc",
    "opened D-6.002x-pc --person {}",
]
OF_A_DATA_SET = [
    f"add-version {{}} 2 --form identified --sha256 {64 * 'a'}",
    f"change-form {{}} 1 --form de-identified --found-by {IRA} --on 2026-11-20 --method k",
    "retire-dataset {}",
    f"determine R-2026-0001 --consistent --basis {{}} {BASIS} --note why",
    RELEASE.replace("D-6.002x-pc", "{}"),
    f"access {ROSA} {{}}",
    f"may {ROSA} read {{}}",
    "opened {} --account somebody",
]
OF_AN_AGREEMENT = [
    f"sign {{}} --signer {ROSA} --as researcher {IN_INK}",
    "execute {}",
    "terminate {} --on 2026-11-21 --reason why",
]
OF_A_RELEASE = ["release-failed {} --reason why", "received {}"]
OF_A_DETERMINATION = [
    "request-reliance R-2026-0001 {} --on 2026-01-05",
    "reliance R-2026-0001 {} --on 2026-01-05 --letter {letter.txt}",
    "end-determination R-2026-0001 {} --how lapsed --on 2026-01-05",
]
NAMES = [
    ("request", "R-2026-0099", OF_A_REQUEST),
    ("person", NOBODY, OF_A_PERSON),
    ("dataset", "D-none", OF_A_DATA_SET),
    ("agreement", "A-2026-0099-1", OF_AN_AGREEMENT),
    ("release", "L-2026-0099-1", OF_A_RELEASE),
    ("determination", "E-none", OF_A_DETERMINATION),
]


def filled(line: str, what: str) -> str:
    return line.replace("{}", what, 1)


@pytest.mark.parametrize(
    ("kind", "id_", "line"),
    [(kind, id_, line) for kind, id_, lines in NAMES for line in lines],
)
def test_what_is_not_known_is_named_and_nothing_happens(stages: Stages, kind: str, id_: str, line: str):
    office = stages.at("released")

    with office.nothing_happens():
        told = office(filled(line, id_))

    why = "never came in, so it cannot come in again" if line.startswith("submit") else "is not in this ledger"
    assert told == (2, "", f"Error: {kind} '{id_}': {why}\n")


LOOKS = {
    "request": ("id of a request", "it looks like R-2026-0001."),
    "dataset": ("id of a data set", "it is D- and letters, digits, dots or dashes, such as D-6.002x-pc."),
    "agreement": ("id of an agreement", "it looks like A-2026-0001-1."),
    "release": ("id of a release", "it looks like L-2026-0001-1."),
    "determination": ("id of a determination", "it is E- and what followed when it was recorded."),
}


@pytest.mark.parametrize(
    ("kind", "line"),
    [(kind, line) for kind, _, lines in NAMES for line in lines if kind != "person"],
)
def test_a_name_where_an_id_is_meant_is_told_how_an_id_looks(stages: Stages, kind: str, line: str):
    office = stages.at("released")

    with office.nothing_happens():
        told = office(filled(line, "Quill"))

    what, looks = LOOKS[kind]
    assert (told.code, told.out) == (2, "")
    assert told.err.endswith(f": 'Quill' is no {what}: {looks}\n")


@pytest.mark.parametrize("line", OF_A_PERSON)
@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("nobody@example.edu", "is the address of nobody in this ledger"),
        ("Quill", "is neither an id, which is p- and 32 digits or letters from a to f, nor an e-mail address"),
    ],
)
def test_a_person_is_an_id_or_the_address_of_somebody_known(stages: Stages, line: str, who: str, why: str):
    office = stages.at("released")

    with office.nothing_happens():
        told = office(filled(line, who))

    assert told == (2, "", f"Error: person '{who}': {why}\n")
