"""The library's own conformance methods, called by name, on every store that we have."""

import pytest
from eventsourcing.dcb.tests import DCBRecorderTestCase

from ledger.storage import Store

CONFORMANCE = sorted(name for name in dir(DCBRecorderTestCase) if name.startswith("_test_"))


def test_the_library_offers_the_two_conformance_methods_that_we_know():
    assert CONFORMANCE == ["_test_append_read", "_test_append_subscribe"]


@pytest.mark.parametrize("method", CONFORMANCE)
def test_the_library_accepts_the_store(method: str, store: Store):
    before = store.head().position

    getattr(DCBRecorderTestCase(), method)(store)

    assert store.head().position > before
