"""The functions in a ledger's database: how each is made, and what the catalogue then says of it.

Each one finds the server's own names before those of anybody else, whatever its caller has set; a temporary type of
theirs comes first otherwise, and in a function that acts for the owner so does their code.
"""

from collections.abc import Collection
from typing import NamedTuple

from ledger.storage.postgres.connections import Connection
from ledger.storage.postgres.declared import FUNCTIONS_IN, OWNER

_PATH = "pg_catalog, pg_temp"


class Function(NamedTuple):
    """A function in PL/pgSQL; whoever calls one that is the owner's acts for the owner meanwhile."""

    schema: str
    name: str
    body: str
    arguments: str = ""
    gives: str = "trigger"
    is_owners: bool = False
    settings: tuple[tuple[str, str], ...] = ()

    def statement(self) -> str:
        """What makes it, or makes it anew as it should be, run as its owner."""
        how = [
            *(["SECURITY DEFINER"] if self.is_owners else []),
            f"SET search_path = {_PATH}",
            *(f"SET {name} = '{value}'" for name, value in self.settings),
        ]
        return (
            f"CREATE OR REPLACE FUNCTION {self.schema}.{self.name}({self.arguments}) RETURNS {self.gives}"
            f" LANGUAGE plpgsql {' '.join(how)} AS $${self.body}$$"
        )

    def expected(self) -> dict[str, str]:
        """What the catalogue says where nobody changed it."""
        whose = f" as {OWNER}" if self.is_owners else ""
        return {
            f"function {self.name}": f"({self.arguments}) {self.gives} plpgsql v{whose} {self.body}",
            f"search_path of function {self.name}": _PATH,
            **{f"{name} of function {self.name}": value for name, value in self.settings},
        }


def settle_functions(connection: Connection, schema: str, functions: Collection[Function]) -> None:
    """Make the functions of a schema anew where one of them is missing, of an older program, or was changed."""
    expected = {declared for function in functions for declared in function.expected().items()}
    if {*connection.execute(FUNCTIONS_IN.format(schema=schema))} == expected:
        return
    connection.execute(f"SET LOCAL ROLE {OWNER}")
    for function in functions:
        connection.execute(function.statement())
    connection.execute("RESET ROLE")
