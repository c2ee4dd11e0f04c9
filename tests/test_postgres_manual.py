"""What POSTGRESQL.md shows can be used as it stands."""

import re
from contextlib import closing
from pathlib import Path

import pytest

from ledger.storage.postgres.connections import connect, server_at

MANUAL = (Path(__file__).parents[1] / "ledger/storage/postgres/POSTGRESQL.md").read_text(encoding="utf-8")
URLS = re.findall(r"postgresql://[^\s'`]+", MANUAL)
(OPTIONS,) = re.findall(r"`\?(options=[^`]+)`", MANUAL)


@pytest.mark.parametrize("url", sorted({*URLS, f"postgresql://db/ledger?{OPTIONS}"}))
def test_every_url_in_the_manual_is_one(url: str):
    assert server_at(url).shown


@pytest.mark.needs("initdb")
def test_a_limit_that_the_manual_has_set_in_the_url_is_kept_in_the_session(postgres_url: str):
    with closing(connect(server_at(f"{postgres_url}&{OPTIONS}").conninfo)) as connection:
        assert connection.execute("SHOW lock_timeout").fetchone() == ("20s",)
