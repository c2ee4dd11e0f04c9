"""The tables that hold what a whole request adds up to, and what writes them: a request's rows are replaced together.

requests      how far each request has come
turns         what waits for whom, and since when
rights        who is named in which executed agreement, for what
ended         which entry ended a right in the course of a day
holdings      who got which version, what became of it, and the last day on which ethics boards cover its holder
findings      what is recorded of it and shouldn't be so
deadlines     what ends of itself
publications  how far the review of each has come, and what appeared
recipients    for whom those act whom an agreement names
disclosed     what was asked for, declined and handed over
decided       when a request came in, and was decided
"""

TABLES = (
    """
    CREATE TABLE requests (
        request TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        since INTEGER NOT NULL,
        since_at TEXT NOT NULL,
        researcher TEXT,
        datasets TEXT NOT NULL,
        study_group TEXT NOT NULL,
        ended TEXT,
        attested INTEGER,
        attested_at TEXT,
        last INTEGER NOT NULL,
        last_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE turns (
        request TEXT NOT NULL,
        number INTEGER NOT NULL,
        who TEXT NOT NULL,
        whom TEXT NOT NULL,
        next TEXT NOT NULL,
        since INTEGER NOT NULL,
        since_at TEXT NOT NULL,
        PRIMARY KEY (request, number)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE rights (
        request TEXT NOT NULL,
        person TEXT NOT NULL,
        dataset TEXT NOT NULL,
        form TEXT NOT NULL,
        agreement TEXT NOT NULL,
        starts TEXT NOT NULL,
        last TEXT NOT NULL,
        bases TEXT NOT NULL,
        PRIMARY KEY (request, person, dataset, form, agreement, starts)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE ended (
        request TEXT NOT NULL,
        person TEXT NOT NULL,
        dataset TEXT NOT NULL,
        agreement TEXT NOT NULL,
        day TEXT NOT NULL,
        position INTEGER NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (person, dataset, request, agreement)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE holdings (
        request TEXT NOT NULL,
        release TEXT NOT NULL,
        person TEXT NOT NULL,
        dataset TEXT NOT NULL,
        label TEXT NOT NULL,
        form TEXT,
        how TEXT NOT NULL,
        since TEXT NOT NULL,
        position INTEGER NOT NULL,
        state TEXT NOT NULL,
        due TEXT NOT NULL,
        covered TEXT,
        PRIMARY KEY (request, release, person, dataset, label)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE findings (
        request TEXT NOT NULL,
        position INTEGER NOT NULL,
        kind TEXT NOT NULL,
        person TEXT,
        dataset TEXT,
        label TEXT,
        day TEXT NOT NULL,
        PRIMARY KEY (request, position, kind)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE deadlines (
        request TEXT NOT NULL,
        kind TEXT NOT NULL,
        what TEXT NOT NULL,
        whom TEXT NOT NULL,
        day TEXT NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (request, kind, what)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE publications (
        request TEXT NOT NULL,
        publication TEXT NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        since INTEGER NOT NULL,
        since_at TEXT NOT NULL,
        authors TEXT NOT NULL,
        reviewers TEXT NOT NULL,
        smallest_cell INTEGER,
        passed INTEGER,
        day TEXT,
        doi TEXT,
        unreviewed INTEGER NOT NULL,
        PRIMARY KEY (request, publication)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE recipients (
        request TEXT NOT NULL,
        person TEXT NOT NULL,
        organisation TEXT NOT NULL,
        PRIMARY KEY (request, person, organisation)
    ) STRICT, WITHOUT ROWID
    """,
    # All lines that a request has in the record of disclosures, as JSON: whoever asks for one wants nearly all.
    """
    CREATE TABLE disclosed (
        request TEXT PRIMARY KEY,
        first TEXT NOT NULL,
        last TEXT NOT NULL,
        lines TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE decided (
        request TEXT PRIMARY KEY,
        submitted TEXT NOT NULL,
        decided TEXT,
        outcome TEXT,
        datasets TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
)

INDEXES = (
    "CREATE INDEX rights_of_people ON rights (person, dataset)",
    "CREATE INDEX holdings_of_data_sets ON holdings (dataset)",
    "CREATE INDEX holdings_of_people ON holdings (person)",
    "CREATE INDEX holdings_by_due ON holdings (state, due)",
    "CREATE INDEX deadlines_by_day ON deadlines (day)",
    "CREATE INDEX recipients_of_organisations ON recipients (organisation)",
)

ADD = {
    "requests": "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "turns": "INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?)",
    # A recipient can be named twice, for two organisations.
    "rights": "INSERT OR IGNORE INTO rights VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "ended": "INSERT OR IGNORE INTO ended VALUES (?, ?, ?, ?, ?, ?, ?)",
    "holdings": "INSERT OR IGNORE INTO holdings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "findings": "INSERT OR IGNORE INTO findings VALUES (?, ?, ?, ?, ?, ?, ?)",
    "deadlines": "INSERT OR IGNORE INTO deadlines VALUES (?, ?, ?, ?, ?, ?)",
    "recipients": "INSERT OR IGNORE INTO recipients VALUES (?, ?, ?)",
    "disclosed": "INSERT INTO disclosed VALUES (?, ?, ?, ?)",
    "decided": "INSERT INTO decided VALUES (?, ?, ?, ?, ?)",
    "publications": "INSERT INTO publications VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
}
FORGET = {table: f"DELETE FROM {table} WHERE request IN (SELECT value FROM json_each(?))" for table in ADD}
