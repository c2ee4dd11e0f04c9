"""Following a store: a subscription gives what is there, then what comes, until it is stopped."""

from concurrent.futures import ProcessPoolExecutor
from itertools import accumulate, islice, pairwise
from multiprocessing.pool import ThreadPool

import pytest
from eventsourcing.dcb.api import DCBQuery

from ledger.storage import Store, open_store
from ledger.storage.port import PAGE
from tests.store_facts import SIZE, filled
from tests.stores import PATIENCE, event, item, matching, query, stored, tagged
from tests.writers import append_each, forking

__all__ = ["filled"]


def following(store: Store, wanted: DCBQuery | None, after: int | None, count: int):
    """The first so many that a new subscription gives, without waiting for ever."""
    with store.subscribe(wanted, after=after) as subscription, ThreadPool(1) as aside:
        return aside.apply_async(lambda: list(islice(subscription, count))).get(PATIENCE)


@pytest.mark.parametrize(
    "wanted",
    [None, query(), tagged("few"), tagged("often", "some"), query(item("busy"), item(tags=["rare:last"]))],
    ids=repr,
)
@pytest.mark.parametrize("after", [None, 0, 1, 64, PAGE, SIZE - 1])
def test_a_subscription_begins_with_what_is_there(wanted, after, filled):
    expected = matching(filled.events, wanted or query(), after or 0)

    assert following(filled.store, wanted, after, len(expected)) == expected


def test_a_subscription_goes_on_with_what_comes(store):
    events = [event("t", "odd" if n % 2 else "even", data=b"%d" % n) for n in range(150)]
    with store.subscribe(tagged("odd")) as subscription, ThreadPool(1) as aside:
        received = aside.apply_async(lambda: list(islice(subscription, 75)))
        for sizes in pairwise(accumulate([0, 1, 1, 3, 60, 20, 65])):
            store.append(events[slice(*sizes)])

        assert received.get(PATIENCE) == matching(events, tagged("odd"))


def test_a_subscription_waits_when_it_has_given_everything(store):
    store.append([event("t", "a")])
    with store.subscribe(tagged("a")) as subscription, ThreadPool(1) as aside:
        assert next(subscription) == stored(event("t", "a"), 1)
        waiting = aside.apply_async(next, [subscription])
        store.append([event("t", "b")] * 3)
        assert not waiting.ready()

        store.append([event("t", "a", data=b"new")])

        assert waiting.get(PATIENCE) == stored(event("t", "a", data=b"new"), 5)


def test_a_subscription_may_begin_where_the_log_has_not_come_to(store):
    with store.subscribe(after=3) as subscription, ThreadPool(1) as aside:
        waiting = aside.apply_async(next, [subscription])
        store.append([event(data=b"%d" % n) for n in range(5)])

        assert waiting.get(PATIENCE) == stored(event(data=b"3"), 4)


def test_each_subscriber_gets_everything_that_it_asked_for(store):
    events = [event("t", f"tag:{n % 3}", data=b"%d" % n) for n in range(200)]
    wanted = [query(), tagged("tag:0"), tagged("tag:1"), tagged("tag:2"), query(item("t"))]
    with ThreadPool(len(wanted)) as aside:
        received = [
            aside.apply_async(lambda one: list(islice(store.subscribe(one), len(matching(events, one)))), [one])
            for one in wanted
        ]
        for start in range(0, 200, 7):
            store.append(events[start : start + 7])

        assert [one.get(PATIENCE) for one in received] == [matching(events, one) for one in wanted]


def test_stopping_from_another_thread_ends_the_waiting(store):
    store.append([event()])
    with store.subscribe() as subscription, ThreadPool(1) as aside:
        assert next(subscription).position == 1
        received = aside.apply_async(lambda: list(subscription))

        subscription.stop()

        assert received.get(PATIENCE) == []


def test_a_subscription_that_was_stopped_gives_nothing_more(filled):
    with filled.store.subscribe() as subscription:
        assert next(subscription).position == 1

    assert list(subscription) == []


def test_a_subscription_hears_of_another_process(shared_url):
    events = [event("t", "a" if n % 2 else "b", data=b"%d" % n) for n in range(150)]
    with (
        open_store(shared_url) as store,
        ThreadPool(1) as aside,
        ProcessPoolExecutor(1, mp_context=forking()) as elsewhere,
    ):
        received = aside.apply_async(lambda: list(islice(store.subscribe(tagged("a")), 75)))
        elsewhere.submit(append_each, shared_url, events).result(PATIENCE)

        assert received.get(PATIENCE) == matching(events, tagged("a"))
