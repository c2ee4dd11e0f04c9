"""How handing a notice over can go wrong: for good, or for now.

RefusedForGoodError    the receiving side will never take it
FailedForNowError      it may be taken later
"""


class RefusedForGoodError(Exception):
    """The receiving side will never take it."""


class FailedForNowError(Exception):
    """It may be taken later; `lost` says that the connection was lost over it, `down` that nobody answers at all."""

    def __init__(self, why: str, *, lost: bool = False, down: bool = False) -> None:
        self.lost, self.down = lost, down
        super().__init__(why)
