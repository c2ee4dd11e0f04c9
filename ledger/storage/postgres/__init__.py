"""The store on PostgreSQL: one database for many machines, and many writers at once.

Only this package talks to PostgreSQL. `POSTGRESQL.md` beside it says how a server is set up.
"""

from ledger.storage.postgres.schema import make_ledger, rights_at
from ledger.storage.postgres.sessions import others_at
from ledger.storage.postgres.store import PostgresStore
from ledger.storage.postgres.tables import SharedTables

__all__ = ["PostgresStore", "SharedTables", "make_ledger", "others_at", "rights_at"]
