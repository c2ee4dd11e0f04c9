"""What the tests of the past share: releases as registers tell them, and registers with their maps."""

from datetime import date
from pathlib import Path
from typing import Any

from ledger.events import PastDataSetRecorded, PastReleaseRecorded
from tests.facts import ANA, DATA_SET
from tests.office_facts import ELSEWHERE

REGISTER = "releases-2020"
LONG_PAST = date(2020, 3, 31)


def past_release(**changes: Any) -> PastReleaseRecorded:
    rest: dict[str, Any] = {
        "register": REGISTER,
        "row": 32 * "1",
        "reference": "17",
        "organisation": ELSEWHERE,
        "person": ANA,
        "dataset": DATA_SET,
        "form": "identified",
        "agreement": "NIC-1",
        "agreement_version": "1.0",
        "basis": "34 CFR 99.30",
        "provided": "transfer",
        "on": LONG_PAST,
        "dated": "not-later-than",
    }
    return PastReleaseRecorded(**(rest | changes))


def past_dataset(title: str = "Grades of the first course", dataset: str = "D-grades") -> PastDataSetRecorded:
    return PastDataSetRecorded(dataset=dataset, title=title, register=REGISTER)


MAP = """
register = "releases-2020"

[organisation]
column = "Organisation"
[dataset]
column = "Data"
[form]
column = "Form"
values = { "Y" = "identified", "N" = "de-identified", "A" = "aggregated" }
[provided]
column = "How"
values = { "file" = "transfer", "monthly" = "repeated transfer", "portal" = "system access" }
[agreement]
column = "Agreement"
pattern = '(?P<reference>.+?)(?:-v(?P<version>[0-9]+[.][0-9]+))?'
[basis]
column = "Basis"
values = { "consent" = "34 CFR 99.30", "study" = "34 CFR 99.31(a)(6)" }
[person]
name = "Contact"
email = "E-mail"
[date]
column = "Sent"
formats = ["%d/%m/%Y", "%Y-%m"]
not_later_than = 2020-12-31
[reference]
column = "No"
"""
HEADING = ("No", "Organisation", "Data", "Form", "How", "Agreement", "Basis", "Contact", "E-mail", "Sent")
GOOD = (
    "1",
    "Lakeside College",
    "Grades",
    "N",
    "file",
    "NIC-1-v1.2",
    "consent",
    "Ada Lune",
    "ada@x.org",
    "31/03/2019",
)


def row(**changes: str) -> tuple[str, ...]:
    """A row of which nothing is wrong but what is changed."""
    said = dict(zip(HEADING, GOOD, strict=True)) | {name.replace("_", "-"): text for name, text in changes.items()}
    return tuple(said[name] for name in HEADING)


def csv_of(*rows: tuple[str, ...]) -> bytes:
    return "".join(",".join(f'"{cell}"' for cell in cells) + "\r\n" for cells in (HEADING, *rows)).encode()


def nhs_register() -> Path | None:
    """The register of a real institution, where it lies beside the project."""
    name = "shared/data/nhs-digital-release-register-2021-02.csv"
    found = (folder / name for folder in Path(__file__).resolve().parents)
    return next((path for path in found if path.is_file()), None)
