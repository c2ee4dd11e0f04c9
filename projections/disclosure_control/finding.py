"""What is found in a table: where, and why it singles people out."""

from typing import Literal, NamedTuple

Kind = Literal["small cell", "hidden cell", "bounded cell", "remainder", "small group", "difference", "possible total"]


class Finding(NamedTuple):
    """A place in a table, by its row (the header is row 1) and column, and what is wrong there.

    `people` is how many are singled out. Kinds: a *small cell* counts too few; a *hidden cell* can be worked out from
    others, and a *bounded cell* nearly so; a *remainder* of a total is too small; the rows of a *small group* alone
    have the same values in columns by which people could be recognised; a *difference* is one from a table that was
    passed; a *possible total* gives a hidden cell away, if it is one.
    """

    kind: Kind
    row: int
    column: str
    where: tuple[tuple[str, str], ...]
    people: int
    why: str

    def __str__(self) -> str:
        place = ", ".join(f"{name} {value}" for name, value in self.where)
        return f"row {self.row}, column {self.column}{f' ({place})' if place else ''}: {self.why}"
