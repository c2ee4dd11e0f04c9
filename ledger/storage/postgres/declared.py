"""What is declared in a schema on PostgreSQL, as its catalogue says it, and roles that are made once for a cluster."""

from collections.abc import Mapping
from contextlib import suppress

import psycopg

from ledger.storage.postgres.connections import Connection

OWNER = "dua_ledger_owner"
SERVICE = "dua_ledger_service"
READER = "dua_ledger_reader"
# Who has it sees which standbys follow.
SEEING = "pg_read_all_stats"

# Of each function what it is, and what is set while it runs.
FUNCTIONS_IN = """
    SELECT 'function ' || p.proname,
        '(' || pg_get_function_arguments(p.oid) || ') ' || pg_get_function_result(p.oid)
        || ' ' || l.lanname || ' ' || p.provolatile::text
        || CASE WHEN p.proisstrict THEN ' strict' ELSE '' END
        || CASE WHEN p.prosecdef THEN ' as ' || pg_get_userbyid(p.proowner) ELSE '' END || ' ' || p.prosrc
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = to_regnamespace('{schema}')
    UNION ALL
    SELECT split_part(settings.one, '=', 1) || ' of function ' || p.proname, substr(one, strpos(one, '=') + 1)
    FROM pg_proc p CROSS JOIN LATERAL unnest(p.proconfig) AS settings (one)
    WHERE p.pronamespace = to_regnamespace('{schema}')
"""
_FOUND = (
    FUNCTIONS_IN
    + """
    UNION ALL
    SELECT 'guard ' || t.tgname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = to_regnamespace('{schema}') AND NOT t.tgisinternal
    UNION ALL
    SELECT 'rule ' || r.rulename, pg_get_ruledef(r.oid) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    WHERE c.relnamespace = to_regnamespace('{schema}')
    UNION ALL
    SELECT 'constraint ' || o.conname, pg_get_constraintdef(o.oid) FROM pg_constraint o
    WHERE o.connamespace = to_regnamespace('{schema}') AND o.contype <> 'n'
    UNION ALL
    SELECT 'table ' || c.relname,
        c.relkind::text || ' of ' || pg_get_userbyid(c.relowner)
        || CASE WHEN c.relrowsecurity THEN ', with row security' ELSE '' END
        || CASE WHEN c.relpersistence <> 'p' THEN ', not kept' ELSE '' END
        || CASE WHEN c.relkind <> 'i' THEN '' WHEN (SELECT indisvalid FROM pg_index WHERE indexrelid = c.oid) THEN ''
           ELSE ', not valid' END
    FROM pg_class c WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relkind <> 't'
    UNION ALL
    SELECT 'column ' || c.relname || '.' || a.attname,
        format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
        || coalesce(' COLLATE ' || (SELECT collname FROM pg_collation k WHERE k.oid = a.attcollation), '')
        || CASE WHEN a.atthasdef THEN ' with a default' ELSE '' END
        || CASE WHEN a.attstattarget = 0 THEN ' without statistics' ELSE '' END
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
        AND a.attnum > 0 AND NOT a.attisdropped
"""
)


def differences(connection: Connection, schema: str, expected: Mapping[str, str]) -> list[str]:
    """How what is declared in a schema differs from what should be."""
    # Two of the same name are two rows.
    found: set[tuple[str, str]] = {
        (name, declared) for name, declared in connection.execute(_FOUND.format(schema=schema))
    }
    names = {name for name, _ in found}
    otherwise = {name for name, _ in found - expected.items()}
    return [
        *(f"{name} is missing from the database" for name in sorted(expected.keys() - names)),
        *(f"{name} is no part of a ledger's database" for name in sorted(names - expected.keys())),
        *(f"{name} was declared otherwise" for name in expected if name in otherwise),
    ]


def make_roles(connection: Connection) -> None:
    """Make the roles that are not there yet, and let whoever calls act for the owner."""
    for role in (OWNER, SERVICE, READER):
        _make_role(connection, role)
    connection.execute(f"GRANT {OWNER} TO CURRENT_USER")


def let_owner_see(connection: Connection) -> None:
    """Let the owner's functions see which standbys follow, where whoever calls may let them."""
    row = connection.execute(f"SELECT pg_has_role(to_regrole('{OWNER}'), '{SEEING}', 'USAGE')").fetchone()
    if row == (False,):
        with suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.UniqueViolation), connection.transaction():
            connection.execute(f"GRANT {SEEING} TO {OWNER}")


def _make_role(connection: Connection, role: str) -> None:
    """Make a role, which belongs to the whole cluster: another of its databases may have made it, even just now."""
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
        return
    try:
        with connection.transaction():
            connection.execute(f"CREATE ROLE {role} NOLOGIN")
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return
