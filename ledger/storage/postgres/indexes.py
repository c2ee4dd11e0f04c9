"""Whether the server's indexes lead to all that its tables hold, which PostgreSQL's own extension amcheck can tell.

What is read from beginning to end is read from the tables: so of an index that lost a row nobody else would hear.
"""

import psycopg

from ledger.storage.postgres.connections import Connection

_CHECKING = """
    SELECT format('%I.%I', n.nspname, p.proname)
    FROM pg_extension e
    JOIN pg_depend d
        ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_proc'::regclass
    JOIN pg_proc p ON p.oid = d.objid
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE e.extname = 'amcheck' AND p.proname = 'bt_index_check' AND p.pronargs = 2
        AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
"""
_INDEXES = """
    SELECT format('%%I.%%I', %s::text, c.relname) FROM pg_class c JOIN pg_am a ON a.oid = c.relam
    WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind = 'i' AND a.amname = 'btree' ORDER BY 1
"""
UNCHECKED = (
    "that the server's indexes lead to all that is in its tables was not checked: as POSTGRESQL.md says, create the "
    "extension amcheck, and let this role use it"
)


def can_check(connection: Connection) -> bool:
    """Whether amcheck is there, and whoever asks may use it."""
    return connection.execute(_CHECKING).fetchone() is not None


def wrong_indexes(connection: Connection, schema: str) -> list[str]:
    """What amcheck says of the indexes of a schema; nothing where it cannot be asked. It reads all of them."""
    checking = connection.execute(_CHECKING).fetchone()
    if checking is None:
        return []
    found = []
    with connection.unhurried():
        for (index,) in connection.execute(_INDEXES, (schema, schema)).fetchall():
            try:
                with connection.transaction():
                    connection.execute(f"SELECT {checking[0]}(%s::regclass, true)", (index,))
            except (psycopg.errors.IndexCorrupted, psycopg.errors.DataCorrupted) as error:
                found.append(f"index {index} does not agree with its table: {error.diag.message_primary}")
    return found
