"""The desk against a model of it: whatever is thrown at it, nothing that it allowed broke a clause at that instant.

And everything that was told is there, and every judgement is explained by the log alone.
"""

import re
from pathlib import Path

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.desk_beside_model import HOW_MANY, AnyDesk

PARTS = sorted(Path(__file__).parent.glob("desk_model*.py"))


@pytest.mark.parametrize("part", PARTS, ids=[part.stem for part in PARTS])
def test_no_part_of_the_model_is_made_with_the_rules(part: Path):
    assert not re.findall(r"(?m)^\s*(?:from|import) (?:projections|api)\b", part.read_text(encoding="utf-8"))


@pytest.mark.campaign
def test_whatever_is_thrown_at_the_desk_it_does_as_the_model_does():
    run_state_machine_as_test(AnyDesk, settings=HOW_MANY)
