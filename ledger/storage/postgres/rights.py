"""Who may do what in a ledger's database: exactly what is declared here, and nobody anything else.

What superusers and the owner may do is left out: they are asked for nothing. Whoever can make roles can take any, and
made these, so that they are members of the owner's role without being a finding.
"""

from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple

import psycopg

from ledger.storage.postgres.connections import Connection
from ledger.storage.postgres.declared import OWNER, READER, SERVICE
from ledger.storage.postgres.roles import raised_roles, wrong_memberships

PUBLIC = "PUBLIC"


class Right(NamedTuple):
    """That a role may do one thing with a SCHEMA, TABLE or ROUTINE, and, `passes_on`, let others do it."""

    role: str
    privilege: str
    kind: str
    name: str
    passes_on: bool = False

    def __str__(self) -> str:
        on = " WITH GRANT OPTION" if self.passes_on else ""
        return f"{self.privilege} on {self.kind.lower()} {self.name.partition('(')[0]}{on}"


def rights(role: str, privileges: str, kind: str, *names: str) -> set[Right]:
    """That a role may do each of these, which commas part, with each of the names."""
    return {Right(role, privilege, kind, name) for privilege in privileges.split(", ") for name in names if privilege}


_OBJECTS = """
    WITH schemas AS (
        SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname = ANY (%(schemas)s)
    ), tables AS (
        SELECT c.oid, format('%%I.%%I', s.nspname, c.relname) AS name, c.relowner, c.relacl
        FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S')
    ), objects (kind, name, col, owner, acl) AS (
        SELECT 'SCHEMA', format('%%I', nspname), '', nspowner, coalesce(nspacl, acldefault('n', nspowner)) FROM schemas
        UNION ALL
        SELECT 'TABLE', name, '', relowner, coalesce(relacl, acldefault('r', relowner)) FROM tables
        UNION ALL
        SELECT 'TABLE', t.name, format(' (%%I)', a.attname), t.relowner, a.attacl
        FROM pg_attribute a JOIN tables t ON t.oid = a.attrelid WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
        UNION ALL
        SELECT 'ROUTINE', format('%%I.%%I(%%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), '',
            p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
        FROM pg_proc p JOIN schemas s ON s.oid = p.pronamespace
    )
"""
_RIGHTS = f"""{_OBJECTS}
    SELECT CASE WHEN given.grantee = 0 THEN '{PUBLIC}' ELSE pg_get_userbyid(given.grantee)::text END,
        given.privilege_type || o.col, o.kind, o.name, given.is_grantable
    FROM objects o CROSS JOIN LATERAL aclexplode(o.acl) AS given LEFT JOIN pg_roles r ON r.oid = given.grantee
    WHERE given.grantee NOT IN (o.owner, to_regrole('{OWNER}'))
        AND (NOT coalesce(r.rolsuper, false) OR r.rolname IN ('{SERVICE}', '{READER}'))
"""
_OWNED_OTHERWISE = f"""{_OBJECTS}
    SELECT lower(o.kind) || ' ' || split_part(o.name, '(', 1) || ' belongs to ' || pg_get_userbyid(o.owner)
    FROM objects o WHERE o.kind <> 'TABLE' AND o.owner <> to_regrole('{OWNER}') ORDER BY 1
"""


def wrong_rights(connection: Connection, schemas: Collection[str], expected: Collection[Right]) -> list[str]:
    """How what anybody may do with these schemas, as far as they are there, differs from what they should."""
    named = {"schemas": [*schemas]}
    there = {str(schema) for (schema,) in connection.execute(f"{_OBJECTS} SELECT nspname FROM schemas", named)}
    wanted = {right for right in expected if right.name.partition(".")[0] in there}
    found = _found(connection, schemas)
    return [
        *(f"{right.role} was given {right}" for right in sorted(found - wanted)),
        *(f"{right.role} was deprived of {right}" for right in sorted(wanted - found)),
        *(str(what) for (what,) in connection.execute(_OWNED_OTHERWISE, named)),
        *map(str, wrong_memberships(connection)),
        *raised_roles(connection),
    ]


def settle_rights(connection: Connection, schemas: Collection[str], expected: Collection[Right]) -> list[str]:
    """Take back what was given otherwise, and give what is missing; gives what can't be put right so.

    Nothing is done where all is as it should be.
    """
    if not wrong_rights(connection, schemas, expected):
        return []
    for role, group, is_ours in wrong_memberships(connection):
        if is_ours:
            # Who may not take it back is told of it in the end.
            with suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f'REVOKE "{_quoted(group)}" FROM "{_quoted(role)}" CASCADE'.encode())
    connection.execute(f"SET LOCAL ROLE {OWNER}")
    for right in sorted(_found(connection, schemas) - {*expected}):
        connection.execute(f"REVOKE {_clause(right, 'FROM')} CASCADE".encode())
    # Taking a table's right from somebody takes that of its columns too, and what was passed on may have been wanted.
    for right in sorted({*expected} - _found(connection, schemas)):
        connection.execute(f"GRANT {_clause(right, 'TO')}".encode())
    connection.execute("RESET ROLE")
    return wrong_rights(connection, schemas, expected)


def _found(connection: Connection, schemas: Collection[str]) -> set[Right]:
    return {Right(*row) for row in connection.execute(_RIGHTS, {"schemas": [*schemas]})}


def _clause(right: Right, towards: str) -> str:
    role = PUBLIC if right.role == PUBLIC else f'"{_quoted(right.role)}"'
    return f"{right.privilege} ON {right.kind} {right.name} {towards} {role}"


def _quoted(name: str) -> str:
    return name.replace('"', '""')
