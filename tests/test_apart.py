"""Work in processes of its own is begun where it is worth that."""

from ledger.apart import worth


def test_a_process_is_worth_beginning_for_so_much_work_only():
    sizes = [0, 1, 2 * 100 - 1, 2 * 100, 4 * 100, 10**6]

    assert [worth(size, 4, 100) for size in sizes] == [1, 1, 1, 2, 4, 4]
    assert [worth(size, 1, 100) for size in sizes] == [1] * len(sizes)
