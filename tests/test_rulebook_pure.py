"""Rules and standings are pure: nothing that they import or call answers otherwise the next time."""

import ast
import sys
from pathlib import Path

import pytest

import projections.rules
import projections.standing

PURE = sorted(
    file
    for package in (projections.rules, projections.standing)
    for file in Path(package.__file__ or "").parent.glob("*.py")
)
# What they may import: what is pure itself, or only names types. A time zone is read once, and does not change.
MAY_IMPORT = {
    "calendar",
    "collections",
    "collections.abc",
    "copy",
    "datetime",
    "enum",
    "functools",
    "ledger.codec",
    "ledger.events",
    "ledger.events.agreement",
    "ledger.events.catalogue",
    "ledger.events.governance",
    "ledger.events.holding",
    "ledger.events.ids",
    "ledger.events.people",
    "ledger.events.release",
    "ledger.events.request",
    "ledger.events.review",
    "msgspec",
    "typing",
    "zoneinfo",
}
ASKED = {"now", "today", "utcnow", "time", "open", "input", "random", "getenv", "environ", "localtime", "uuid4"}


@pytest.mark.parametrize("file", PURE, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_rules_and_standings_import_nothing_that_asks_a_clock_a_store_or_chance(file):
    imported = {
        name
        for node in ast.walk(ast.parse(file.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert {name for name in imported if not name.startswith("projections.")} <= MAY_IMPORT
    assert {name for name in imported if name.startswith("projections.")} <= {
        "projections.acts",
        *(name for name in sys.modules if name.startswith(("projections.rules", "projections.standing"))),
    }


@pytest.mark.parametrize("file", PURE, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_rules_and_standings_call_nothing_that_answers_otherwise_the_next_time(file):
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
    }

    assert called.isdisjoint(ASKED)
