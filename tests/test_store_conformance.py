"""The library's own conformance methods, called by name, on every store that we have."""

from typing import Any

import pytest
from eventsourcing.dcb.tests import DCBRecorderTestCase

from ledger.storage import Store
from tests.postgres import API
from tests.stores import POSTGRES

CONFORMANCE = sorted(name for name in dir(DCBRecorderTestCase) if name.startswith("_test_"))


def test_the_library_offers_the_two_conformance_methods_that_we_know():
    assert CONFORMANCE == ["_test_append_read", "_test_append_subscribe"]


@pytest.mark.parametrize("method", CONFORMANCE)
def test_the_library_accepts_the_store(method: str, store: Store):
    before = store.head().position

    getattr(DCBRecorderTestCase(), method)(store)

    assert store.head().position > before


@pytest.mark.parametrize("store", [POSTGRES], indirect=True)
def test_on_postgresql_it_is_the_service_that_fulfils_the_contract_without_more_rights_than_it_has(store: Any):
    asked = "SELECT current_user, ARRAY(SELECT has_table_privilege('ledger.entries', unnest(%s::text[])))"
    with store._connections.borrowed() as connection:
        told = connection.execute(asked, (["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"],)).fetchone()

    assert told == (API, [True, True, False, False, False])
