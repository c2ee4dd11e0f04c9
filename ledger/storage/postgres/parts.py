"""What stands beside the log in a ledger's database, each part in a schema with grants of its own.

    keys.opened_by, subject_keys, salts, secrets     as in a key store on SQLite
    keys.purge()                                     builds tables anew from the rows that are left
    custody.sealed                                   as in a vault on SQLite
    custody.documents (address, box)                 what are files in a folder otherwise
    lock_store.checkpoints, cosignatures             as in a lock store on SQLite

The service may add to all of them, and remove from `keys` and `custody`, where erasing is removing. Who only reads the
log sees the lock store too, and nothing of the others. No statistics are gathered on what is wrapped or found by: they
would be samples of it, and outlive it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ledger.errors import Damaged, NewerSchema, NotALedger
from ledger.storage.postgres.connections import Connection, Server
from ledger.storage.postgres.declared import OWNER, READER, SERVICE, differences
from ledger.storage.postgres.functions import Function
from ledger.storage.postgres.rights import Right, rights

PURGE = "purge"
BLOB, TEXT, NUMBER = "bytea", 'text COLLATE "C"', "bigint"


class Table(NamedTuple):
    """A table: its columns, of which those of the key come first; who may do what; what no statistics are kept of."""

    columns: dict[str, str]
    key: int
    service: str
    reader: str = ""
    may_be_null: tuple[str, ...] = ()
    uncounted: tuple[str, ...] = ()


class Part(NamedTuple):
    """A schema; `turn` is the number of the lock that whoever writes holds."""

    schema: str
    what: str
    turn: int
    tables: dict[str, Table]
    functions: tuple[Function, ...] = ()
    guards: tuple[str, ...] = ()
    indexes: tuple[tuple[str, str], ...] = ()
    purges: bool = False
    version: int = 1

    def statements(self) -> Iterator[str]:
        """What makes it, run as its owner."""
        for name, table in self.tables.items():
            yield from _table(f"{self.schema}.{name}", table)
        yield from dict(self.indexes).values()
        for function in self.functions:
            yield function.statement()
        for guard in self.guards:
            yield guard
            # Also where rows come in as from another server.
            yield f"ALTER TABLE {guard.partition(' ON ')[2].split()[0]} ENABLE ALWAYS TRIGGER {guard.split()[2]}"
        yield f"COMMENT ON SCHEMA {self.schema} IS '{self._comment}{self.version}'"

    def rights(self) -> set[Right]:
        """Who may do what with it."""
        found = rights(SERVICE, "USAGE", "SCHEMA", self.schema)
        if any(table.reader for table in self.tables.values()):
            found |= rights(READER, "USAGE", "SCHEMA", self.schema)
        if self.purges:
            found |= rights(SERVICE, "EXECUTE", "ROUTINE", f"{self.schema}.{PURGE}()")
        for name, table in self.tables.items():
            found |= rights(SERVICE, table.service, "TABLE", f"{self.schema}.{name}")
            found |= rights(READER, table.reader, "TABLE", f"{self.schema}.{name}")
        return found

    def check(self, connection: Connection, server: Server) -> None:
        """Raise `NotALedger`, `NewerSchema` or `Damaged` unless it is there, as it was made."""
        version = self.version_in(connection)
        if version is None:
            raise NotALedger(server.shown, f"has no {self.what} in it: `dua-ledger migrate` makes one")
        if version > self.version:
            raise NewerSchema(server.shown, version, self.version)
        with connection.transaction():
            # So that the catalogue gives every name with its schema.
            connection.execute("SET LOCAL search_path = pg_catalog")
            wrong = differences(connection, self.schema, self.expected())
        if wrong:
            raise Damaged(server.shown, f"in the schema {self.schema}: {'; '.join(wrong)}{_settled(wrong)}")

    def version_in(self, connection: Connection) -> int | None:
        """Of which version it is there; None where it is not."""
        query = f"SELECT obj_description(to_regnamespace('{self.schema}'), 'pg_namespace')"
        row = connection.execute(query).fetchone()
        comment = str(row[0]) if row else ""
        number = comment.removeprefix(self._comment)
        return int(number) if comment.startswith(self._comment) and number.isdecimal() else None

    @property
    def _comment(self) -> str:
        return f"dua-ledger {self.what}, version "

    def expected(self) -> dict[str, str]:
        """What the catalogue says where nobody changed anything."""
        found = {name: declared for function in self.functions for name, declared in function.expected().items()}
        for name, table in self.tables.items():
            found[f"table {name}"] = f"r of {OWNER}"
            if table.key:
                found[f"constraint {name}_pkey"] = f"PRIMARY KEY ({', '.join([*table.columns][: table.key])})"
                found[f"table {name}_pkey"] = f"i of {OWNER}"
            for column, declared in table.columns.items():
                null = "" if column in table.may_be_null else " NOT NULL"
                kind, _, collation = declared.partition(" COLLATE ")
                collated = f" COLLATE {collation.strip(chr(34))}" if collation else ""
                uncounted = " without statistics" if column in table.uncounted else ""
                found[f"column {name}.{column}"] = f"{kind}{null}{collated}{uncounted}"
        for index, _ in self.indexes:
            found[f"table {index}"] = f"i of {OWNER}"
        for guard in self.guards:
            found[f"guard {guard.split()[2]}"] = f"{guard} A"
        return found


def _settled(wrong: Iterable[str]) -> str:
    """What helps where nothing but functions is otherwise, as an older program made them."""
    return " (`dua-ledger migrate` makes functions anew)" if all("function " in one for one in wrong) else ""


def _table(name: str, table: Table) -> Iterator[str]:
    columns = [
        f"{column} {kind}{'' if column in table.may_be_null else ' NOT NULL'}" for column, kind in table.columns.items()
    ]
    key = [f"PRIMARY KEY ({', '.join([*table.columns][: table.key])})"] if table.key else []
    yield f"CREATE TABLE {name} ({', '.join([*columns, *key])})"
    for column in table.uncounted:
        yield f"ALTER TABLE {name} ALTER COLUMN {column} SET STATISTICS 0"
    for column, kind in table.columns.items():
        if kind == BLOB:
            # What is encrypted can't be made shorter.
            yield f"ALTER TABLE {name} ALTER COLUMN {column} SET STORAGE EXTERNAL"


_CHANGING = "DELETE, INSERT, SELECT"
_ADDING = "INSERT, SELECT"

# A table whose column changes its type is written anew, from the rows that are left and nothing else, into a new file;
# whoever reads meanwhile, by whatever snapshot, has a lock that this waits for.
_PURGE = """
BEGIN
    ALTER TABLE keys.salts ALTER COLUMN created_at TYPE pg_catalog.int8 USING created_at + 0;
    ALTER TABLE keys.subject_keys ALTER COLUMN wrapped TYPE pg_catalog.bytea USING wrapped || ''::pg_catalog.bytea;
END
"""
KEYS = Part(
    "keys",
    "key store",
    0x4455416B,  # "DUAk"
    {
        "opened_by": Table({"wrapped": BLOB}, 0, _CHANGING, uncounted=("wrapped",)),
        "subject_keys": Table({"subject": TEXT, "wrapped": BLOB}, 1, _CHANGING, uncounted=("subject", "wrapped")),
        "salts": Table(
            {"commitment": BLOB, "subject": TEXT, "purpose": TEXT, "created_at": NUMBER, "mark": BLOB, "wrapped": BLOB},
            1,
            _CHANGING,
            may_be_null=("mark",),
            uncounted=("commitment", "subject", "mark", "wrapped"),
        ),
        "secrets": Table({"name": TEXT, "wrapped": BLOB}, 1, _CHANGING, uncounted=("wrapped",)),
    },
    # Who waits for readers is waited for by other readers: so not for long.
    functions=(Function("keys", PURGE, _PURGE, gives="void", is_owners=True, settings=(("lock_timeout", "2s"),)),),
    indexes=(("marks", "CREATE INDEX marks ON keys.salts (mark) WHERE mark IS NOT NULL"),),
    purges=True,
)
CUSTODY = Part(
    "custody",
    "vault",
    0x44554176,  # "DUAv"
    {
        "sealed": Table(
            {
                "commitment": BLOB,
                "subject": TEXT,
                "purpose": TEXT,
                "created_at": NUMBER,
                "document": BLOB,
                "box": BLOB,
            },
            1,
            _CHANGING,
            may_be_null=("document",),
            uncounted=("box",),
        ),
        "documents": Table({"address": BLOB, "box": BLOB}, 1, _CHANGING, uncounted=("box",)),
    },
)
# The same schema. Who keeps a document holds the vault's lock meanwhile.
DOCUMENTS = CUSTODY._replace(turn=0x44554164)  # "DUAd"

_GROW = """
BEGIN
    IF NEW.size <= (SELECT coalesce(max(size), 0) FROM lock_store.checkpoints) THEN
        RAISE EXCEPTION 'a checkpoint is only ever added after the last one';
    END IF;
    RETURN NEW;
END
"""
_BESIDE = """
BEGIN
    IF NOT EXISTS (SELECT FROM lock_store.checkpoints WHERE size = NEW.size) THEN
        RAISE EXCEPTION 'a cosignature stands beside a checkpoint';
    END IF;
    RETURN NEW;
END
"""
_STAY = """
BEGIN
    RAISE EXCEPTION 'what is in % never changes and never goes', TG_TABLE_NAME;
END
"""


def _lock_guards() -> Iterator[str]:
    for table, adding in (("checkpoints", "checkpoints_only_grow"), ("cosignatures", "cosignatures_have_checkpoints")):
        on = f"ON lock_store.{table} FOR EACH"
        yield f"CREATE TRIGGER {adding} BEFORE INSERT {on} ROW EXECUTE FUNCTION lock_store.{adding}()"
        for what in ("UPDATE", "DELETE", "TRUNCATE"):
            name = f"{table}_no_{what.lower()}"
            yield f"CREATE TRIGGER {name} BEFORE {what} {on} STATEMENT EXECUTE FUNCTION lock_store.rows_stay()"


LOCK_STORE = Part(
    "lock_store",
    "lock store",
    0x44554163,  # "DUAc"
    {
        "checkpoints": Table({"size": NUMBER, "note": BLOB}, 1, _ADDING, "SELECT"),
        "cosignatures": Table({"witness": TEXT, "size": NUMBER, "line": BLOB}, 2, _ADDING, "SELECT"),
    },
    functions=(
        Function("lock_store", "checkpoints_only_grow", _GROW),
        Function("lock_store", "cosignatures_have_checkpoints", _BESIDE),
        Function("lock_store", "rows_stay", _STAY),
    ),
    guards=tuple(_lock_guards()),
)
PARTS = (KEYS, CUSTODY, LOCK_STORE)
BY_NAME = {"keys": KEYS, "custody": CUSTODY, "documents": DOCUMENTS, "lock_store": LOCK_STORE}
