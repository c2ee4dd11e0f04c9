"""What roles of the whole server may do around the rights that stand on a ledger's tables.

Whoever works for the ledger, because they are members of the service's or the reader's role, is to have nothing that
gets around these: no attribute like SUPERUSER, and no membership in a role that has one, or that PostgreSQL itself lets
around them. Of others it is told who is let to read or to write everything. Superusers, and who may make roles, are
asked for nothing, unless they work for the ledger.
"""

from typing import NamedTuple

from ledger.storage.postgres.connections import Connection
from ledger.storage.postgres.declared import OWNER, READER, SERVICE

_EVERYTHING = ("pg_read_all_data", "pg_write_all_data")
# As PostgreSQL names them; not each version has all.
_AROUND = (
    *_EVERYTHING,
    "pg_execute_server_program",
    "pg_maintain",
    "pg_read_server_files",
    "pg_write_server_files",
)
_NAMES = {
    "owner": OWNER,
    "service": SERVICE,
    "reader": READER,
    "everything": [OWNER, *_EVERYTHING],
    "around": [OWNER, *_AROUND],
}
_ROLES = """
    -- By being members, of whatever in between; since PostgreSQL 16 also without a right to anything but to pass it on.
    WITH RECURSIVE reaches (member, role) AS (
        SELECT oid, oid FROM pg_roles
        UNION
        SELECT reaches.member, m.roleid FROM reaches JOIN pg_auth_members m ON m.member = reaches.role
    ), works (role) AS (
        SELECT oid FROM pg_roles WHERE rolname IN (%(service)s, %(reader)s)
        UNION
        SELECT m.member FROM works JOIN pg_auth_members m ON m.roleid = works.role
        WHERE coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
            OR coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)
    ), roles AS (
        SELECT r.oid, r.rolname, r.rolsuper, r.rolsuper OR r.rolcreaterole AS is_asked_nothing,
            r.oid IN (SELECT role FROM works) AS works,
            CASE WHEN r.rolsuper THEN 'SUPERUSER' ELSE concat_ws(', ',
                CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
                CASE WHEN r.rolreplication THEN 'REPLICATION' END,
                CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
                CASE WHEN r.rolcanlogin AND r.rolname = %(owner)s THEN 'LOGIN' END,
                CASE WHEN d.oid IS NOT NULL THEN 'the database itself' END
            ) END AS has
        FROM pg_roles r LEFT JOIN pg_database d ON d.datname = current_database() AND d.datdba = r.oid
    )
"""
_RAISED = f"""{_ROLES}
    SELECT rolname || ' may do more than its grants say: it has ' || has FROM roles
    WHERE (works OR rolname = %(owner)s) AND has <> '' ORDER BY 1
"""
# Who has it through another one that is told of has no more than that one.
_MEMBERS = f"""{_ROLES}, wrong AS (
        SELECT r.oid AS member, r.rolname, g.oid AS role, g.rolname AS name,
            NOT r.is_asked_nothing AND (
                g.rolname = %(owner)s OR (r.works OR r.rolname = %(owner)s)
                AND (g.rolname = ANY (%(around)s) OR g.rolname = %(service)s)
            ) AS is_ours
        FROM reaches JOIN roles r ON r.oid = reaches.member JOIN roles g ON g.oid = reaches.role
        WHERE r.oid <> g.oid AND NOT r.rolsuper AND (
            (r.works OR r.rolname = %(owner)s) AND (g.rolname = ANY (%(around)s) OR g.has <> '' AND NOT g.works)
            OR NOT r.is_asked_nothing AND g.rolname = ANY (%(everything)s)
            OR r.rolname = %(reader)s AND g.rolname = %(service)s
        )
    )
    SELECT rolname, name, is_ours FROM wrong WHERE NOT EXISTS (
        SELECT 1 FROM wrong other JOIN reaches ON reaches.role = other.member
        WHERE other.role = wrong.role AND other.member <> wrong.member AND reaches.member = wrong.member
    ) ORDER BY 1, 2
"""


class Membership(NamedTuple):
    """That a role is a member of a group; `is_ours` to take back where it concerns nothing but the ledger."""

    role: str
    group: str
    is_ours: bool

    def __str__(self) -> str:
        return f"{self.role} was made a member of {self.group}"


def wrong_memberships(connection: Connection) -> list[Membership]:
    """Who is a member of what they should not be."""
    return [Membership(*row) for row in connection.execute(_MEMBERS, _NAMES)]


def raised_roles(connection: Connection) -> list[str]:
    """Which roles of the ledger, and of those who work for it, may do more than any grant says."""
    return [str(what) for (what,) in connection.execute(_RAISED, _NAMES)]
