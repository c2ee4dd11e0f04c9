"""What a ledger's database on PostgreSQL consists of, and who may do what with it.

    ledger.entries (position, tree, entry)     as in the store on SQLite
    ledger.tags (tag, type, position)          one row for each tag of an entry, and one with an empty tag for its type
    ledger.version (version)
    ledger.append(...)                         adds rows behind a given entry, if that is the last
    ledger.waits()                             whether a commit would wait for a standby that is not there

Everything belongs to a role that nobody logs in as. The role of the service may read, and add; whoever logs in for the
service is made a member of it, and whoever only reads a member of a third. Entries, tags and version refuse to change
or go, whoever asks.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing

from ledger.errors import Damaged, NewerSchema, NotALedger
from ledger.storage.postgres.connections import Connection, Server, connect, named_errors, server_at
from ledger.storage.postgres.declared import OWNER, READER, SEEING, SERVICE, differences, let_owner_see, make_roles
from ledger.storage.postgres.functions import Function, settle_functions
from ledger.storage.postgres.indexes import wrong_indexes
from ledger.storage.postgres.parts import PARTS
from ledger.storage.postgres.rights import rights, settle_rights, wrong_rights

SCHEMA = "ledger"
VERSION = 1
CHANNEL = "dua_ledger_grown"
TURN = 0x4455414C  # "DUAL": whoever writes holds the lock of this number
MAKING = TURN + 1

GROW = """
DECLARE
    first bigint; last bigint; added bigint;
BEGIN
    SELECT min(position), max(position), count(*) INTO first, last, added FROM new_entries;
    IF added > 0 AND (
        last - first + 1 <> added
        OR first <> 1 + coalesce((SELECT max(position) FROM ledger.entries WHERE position < first), 0)
        OR last <> (SELECT max(position) FROM ledger.entries)
    ) THEN
        RAISE EXCEPTION 'an entry is only ever added after the last one';
    END IF;
    RETURN NULL;
END
"""
STAY = """
BEGIN
    RAISE EXCEPTION 'what is in % never changes and never goes', TG_TABLE_NAME;
END
"""
# The lock is the first thing, and every statement sees what was committed before it began: so the head that is compared
# is the last one there is, and stays so until this is committed or not.
APPEND = f"""
DECLARE
    last bigint; last_leaf bytea;
BEGIN
    PERFORM pg_advisory_xact_lock({TURN});
    SELECT position, substr(tree, 1, 32) INTO last, last_leaf FROM ledger.entries ORDER BY position DESC LIMIT 1;
    IF coalesce(last, 0) <> head OR coalesce(last_leaf, leaf) <> leaf THEN
        RETURN false;
    END IF;
    INSERT INTO ledger.entries (position, tree, entry)
        SELECT head + added.number, added.tree, added.entry
        FROM unnest(trees, entries) WITH ORDINALITY AS added (tree, entry, number);
    INSERT INTO ledger.tags (tag, type, position) SELECT * FROM unnest(tags, types, positions);
    PERFORM pg_notify('{CHANNEL}', '');
    RETURN true;
END
"""
# Who does not see all statistics would find no standby at all. One that still catches up is none of these.
WAITS = f"""
DECLARE
    wanted text := current_setting('synchronous_standby_names');
BEGIN
    IF wanted = '' OR pg_is_in_recovery() THEN
        RETURN false;
    END IF;
    IF NOT pg_has_role('{SEEING}', 'USAGE') THEN
        RETURN NULL;
    END IF;
    RETURN coalesce(substring(wanted FROM '([0-9]+)[[:space:]]*[(]')::integer, 1)
        > (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'));
END
"""
TABLES = {
    "entries": """(
        position bigint PRIMARY KEY CHECK (position > 0),
        tree bytea NOT NULL,
        entry bytea NOT NULL
    )""",
    "tags": """(
        tag text COLLATE "C" NOT NULL,
        type text COLLATE "C" NOT NULL,
        position bigint NOT NULL,
        PRIMARY KEY (tag, type, position)
    )""",
    "version": "(version integer NOT NULL)",
}
ARGUMENTS = "head bigint, leaf bytea, trees bytea[], entries bytea[], tags text[], types text[], positions bigint[]"
FUNCTIONS = (
    Function(SCHEMA, "entries_only_grow", GROW),
    Function(SCHEMA, "rows_stay", STAY),
    Function(SCHEMA, "append", APPEND, ARGUMENTS, "boolean"),
    Function(SCHEMA, "waits", WAITS, gives="boolean", is_owners=True),
)


def _guards() -> Iterator[tuple[str, str]]:
    """Each trigger by name, as PostgreSQL itself writes it."""
    yield (
        "entries_only_grow",
        (
            "CREATE TRIGGER entries_only_grow AFTER INSERT ON ledger.entries REFERENCING NEW TABLE AS new_entries"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger.entries_only_grow()"
        ),
    )
    for table in TABLES:
        for what in ("UPDATE", "DELETE", "TRUNCATE"):
            name = f"{table}_no_{what.lower()}"
            yield (
                name,
                (
                    f"CREATE TRIGGER {name} BEFORE {what} ON ledger.{table} FOR EACH STATEMENT"
                    " EXECUTE FUNCTION ledger.rows_stay()"
                ),
            )


GUARDS = dict(_guards())
# What the catalogue says where nobody changed anything.
EXPECTED = {
    **{name: declared for function in FUNCTIONS for name, declared in function.expected().items()},
    **{f"guard {name}": f"{declared} A" for name, declared in GUARDS.items()},
    "constraint entries_pkey": 'PRIMARY KEY ("position")',
    "constraint entries_position_check": 'CHECK (("position" > 0))',
    "constraint tags_pkey": 'PRIMARY KEY (tag, type, "position")',
    **{f"table {table}": f"r of {OWNER}" for table in TABLES},
    "table entries_pkey": f"i of {OWNER}",
    "table tags_pkey": f"i of {OWNER}",
    "column entries.position": "bigint NOT NULL",
    "column entries.tree": "bytea NOT NULL",
    "column entries.entry": "bytea NOT NULL",
    "column tags.tag": "text NOT NULL COLLATE C",
    "column tags.type": "text NOT NULL COLLATE C",
    "column tags.position": "bigint NOT NULL",
    "column version.version": "integer NOT NULL",
}
MISPLACED = "SELECT position FROM ledger.entries WHERE position < 1"
ROWS_MISPLACED = """
    SELECT DISTINCT position FROM ledger.tags
    WHERE position NOT BETWEEN 1 AND (SELECT coalesce(max(position), 0) FROM ledger.entries)
"""
RIGHTS = {
    *rights(SERVICE, "USAGE", "SCHEMA", SCHEMA),
    *rights(READER, "USAGE", "SCHEMA", SCHEMA),
    *rights(SERVICE, "SELECT, INSERT", "TABLE", f"{SCHEMA}.entries", f"{SCHEMA}.tags"),
    *rights(SERVICE, "SELECT", "TABLE", f"{SCHEMA}.version"),
    *rights(READER, "SELECT", "TABLE", *(f"{SCHEMA}.{table}" for table in TABLES)),
    *rights(SERVICE, "EXECUTE", "ROUTINE", f"{SCHEMA}.append({ARGUMENTS})", f"{SCHEMA}.waits()"),
    *(right for part in PARTS for right in part.rights()),
}
SCHEMAS = (SCHEMA, *(part.schema for part in PARTS))


def make_ledger(url: str) -> None:
    """Make the tables, the roles and their rights, under a lock; leaves them alone where they are already.

    Beside the log, custody, key store and lock store are made. Functions and rights that are otherwise since are put
    right. Raises `NotALedger` when the database holds something else under the same name or is not in UTF-8,
    `NewerSchema`, `Damaged` for what it cannot put right, and `Unreachable` when one may not do such things.
    """
    server = server_at(url)
    with named_errors(server.shown), connect(server.conninfo) as connection, connection.transaction():
        connection.execute(f"SELECT pg_advisory_xact_lock({MAKING})")
        is_new = connection.execute(f"SELECT to_regclass('{SCHEMA}.version')").fetchone() == (None,)
        missing = [part for part in PARTS if part.version_in(connection) is None]
        if is_new or missing:
            make_roles(connection)
        let_owner_see(connection)
        if is_new:
            _make(connection, server, SCHEMA, _statements())
        for part in missing:
            _make(connection, server, part.schema, part.statements())
        check_schema(connection, server)
        settle_functions(connection, SCHEMA, FUNCTIONS)
        for part in PARTS:
            settle_functions(connection, part.schema, part.functions)
            part.check(connection, server)
        left = settle_rights(connection, SCHEMAS, RIGHTS)
    # All else is done by then, and stays so.
    if left:
        raise Damaged(server.shown, f"was changed in a way that has to be undone by hand: {'; '.join(left)}")


def check_schema(connection: Connection, server: Server) -> None:
    """Raise `NotALedger` or `NewerSchema` unless a ledger that this program knows is there."""
    if connection.execute(f"SELECT to_regclass('{SCHEMA}.version')").fetchone() == (None,):
        raise NotALedger(server.shown, "is no ledger's database: `dua-ledger migrate` makes one")
    versions = connection.execute(f"SELECT version FROM {SCHEMA}.version").fetchall()
    if len(versions) != 1:
        raise NotALedger(server.shown, "does not say of which version it is")
    ((version,),) = versions
    if version > VERSION:
        raise NewerSchema(server.shown, version, VERSION)


def _check_free(connection: Connection, server: Server, schema: str) -> None:
    if connection.execute(f"SELECT to_regnamespace('{schema}')").fetchone() != (None,):
        raise NotALedger(server.shown, f"has a schema {schema} of something else")
    if connection.execute("SHOW server_encoding").fetchone() != ("UTF8",):
        raise NotALedger(server.shown, "is a database that is not in UTF-8")


def _make(connection: Connection, server: Server, schema: str, statements: Iterable[str]) -> None:
    """Make a schema and what is in it, all of it the owner's."""
    _check_free(connection, server, schema)
    connection.execute(f"CREATE SCHEMA {schema} AUTHORIZATION {OWNER}")
    connection.execute(f"SET LOCAL ROLE {OWNER}")
    for statement in statements:
        connection.execute(statement)
    connection.execute("RESET ROLE")


def _statements() -> Iterator[str]:
    for table, columns in TABLES.items():
        yield f"CREATE TABLE {SCHEMA}.{table} {columns}"
    for function in FUNCTIONS:
        yield function.statement()
    yield f"INSERT INTO {SCHEMA}.version (version) VALUES ({VERSION})"
    for name, declared in GUARDS.items():
        table = declared.partition(" ON ledger.")[2].partition(" ")[0]
        yield declared
        # Also where rows come in as from another server.
        yield f"ALTER TABLE {SCHEMA}.{table} ENABLE ALWAYS TRIGGER {name}"


def strays(connection: Connection) -> list[tuple[int | None, str]]:
    """What no entry explains, and what is declared, and given to whom, otherwise than by `make_ledger`."""
    misplaced = connection.execute(MISPLACED).fetchall()
    return [
        *((None, wrong) for wrong in differences(connection, SCHEMA, EXPECTED)),
        *((None, wrong) for wrong in wrong_rights(connection, SCHEMAS, RIGHTS)),
        *((None, wrong) for wrong in wrong_indexes(connection, SCHEMA)),
        *((position, "it has no place in entries, but stands there") for (position,) in misplaced),
    ]


def index_strays(connection: Connection) -> list[tuple[int | None, str]]:
    """Rows of the tag index for positions that do not exist."""
    misplaced = connection.execute(ROWS_MISPLACED).fetchall()
    return [(position, "it has no place in the tag index, but stands there") for (position,) in misplaced]


def rights_at(url: str) -> list[str]:
    """How who may do what in the database at `url` differs from what `make_ledger` gives."""
    server = server_at(url)
    with named_errors(server.shown), closing(connect(server.anywhere or server.conninfo)) as connection:
        return wrong_rights(connection, SCHEMAS, RIGHTS)
