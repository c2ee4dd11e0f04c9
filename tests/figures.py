"""Figures that tests report: always in their record, and on the terminal in a campaign."""

import sys
from collections.abc import Callable

import pytest

from tests.stores import CAMPAIGN

Tell = Callable[[str, object], None]


@pytest.fixture
def tell(record_property: Tell, capsys: pytest.CaptureFixture[str]) -> Tell:
    """Report a figure under a name."""

    def tell(name: str, figure: object) -> None:
        record_property(name, figure)
        if CAMPAIGN:
            with capsys.disabled():
                sys.stdout.write(f"\n    {name}: {figure}")

    return tell
