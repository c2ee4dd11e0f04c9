"""Who else is at work in a database."""

from contextlib import closing

from ledger.storage.postgres.connections import connect, named_errors, server_at

# Whose session it is says the name that each of ours gives itself, as far as the server lets one see it.
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = %s AND pid <> pg_backend_pid()
"""


def others_at(url: str) -> int:
    """How many connections to the database at a URL are the ledger's, beside the one that this is asked on."""
    server = server_at(url)
    with named_errors(server.shown), closing(connect(server.conninfo)) as connection:
        name = connection.info.parameter_status("application_name")
        row = connection.execute(_OTHERS, (name,)).fetchone()
    return int(row[0]) if row else 0
