"""The tables of the views, in a file of their own, and what says for which position of the log they hold.

Days are ISO 8601 dates, which sort as text; times are UTC as entries write them; lists are JSON.
"""

from projections.views.tables import of_facts, of_requests

# Raised whenever a table, or what is put into one, changes: a file of another version is made anew.
VERSION = 7
APPLICATION_ID = 0x44554156  # "DUAV"

TABLES = (
    """
    CREATE TABLE reached (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        position INTEGER NOT NULL,
        leaf BLOB NOT NULL,
        boot TEXT NOT NULL
    ) STRICT
    """,
    *of_requests.TABLES,
    *of_facts.TABLES,
)
INDEXES = (*of_requests.INDEXES, *of_facts.INDEXES)

OF_A_REQUEST, OF_A_FACT = of_requests.ADD, of_facts.ADD

REACHED = "SELECT position, leaf, boot FROM reached"
REACH = "INSERT OR REPLACE INTO reached VALUES (1, ?, ?, ?)"
