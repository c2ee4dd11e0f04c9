"""A service whose log is in PostgreSQL."""

from pathlib import Path
from random import Random

import pytest

from api.http.app import create_app
from api.http.call import Parts
from api.http.callers import LastUse
from api.http.monitor import Monitor
from api.http.rates import Rates
from ledger.home import create_home, open_home
from tests.facts import noon
from tests.http_office import RATE

pytestmark = pytest.mark.needs("initdb")


def test_it_is_ready_though_no_log_is_in_its_home(postgres_url: str, tmp_path: Path):
    path = tmp_path / "home"
    create_home(path, "log.example.com", actor="operator", via="test", clock=noon, store=postgres_url)
    with open_home(path, noon) as home:
        last_use, monitor = LastUse(path / "last-use"), Monitor(home.ledger)
        app = create_app(Parts(home, noon, Random(7).randbytes, last_use, monitor, Rates(noon, RATE)))

        assert app.test_client().get("/readyz").status_code == 200
