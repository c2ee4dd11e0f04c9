"""The tables of the views, and what writes them.

Some hold what a whole request adds up to, and are replaced, request by request; the others hold one row for each fact,
by its position, and a fact that was corrected is passed over by whoever asks.

    requests     how far each request has come                       of a request
    turns        what waits for whom, and since when                 of a request
    rights       who is named in which executed agreement, for what  of a request
    ended        which entry ended a right in the course of a day    of a request
    holdings     who got which version, and what became of it        of a request
    findings     what is recorded of it and shouldn't be so          of a request
    deadlines    what ends of itself                                 of a request
    publications how far the review of each has come, and what appeared  of a request
    versions     in which form a version was found to be             of a fact
    trainings    what certificates say, and policy where they don't  of a fact
    accesses     who was let in, refused, or opened something        of a fact
    recipients   for whom those act whom an agreement names          of a request
    disclosed    what was asked for, declined and handed over        of a request
    decided      when a request came in, and was decided             of a request
    catalogue    which data sets there are, and were                 of a fact
    refusals     which acts the rules refused                        of a fact
    past_releases  what registers of the past say                    of a fact
    queries      who asked, and what they were told              of a fact
    incidents    what went wrong, was contained, was closed          of a fact
    steps        who got a finding to deal with, and who closed it   of a fact
    holds        legal holds that were placed, and lifted            of a fact
    compelled    what an instrument of the law made disclosed        of a fact
    undone       the positions of facts that count no longer
    corrections  which fact says so of which

Days are ISO 8601 dates, which sort as text; times are UTC as entries write them; lists are JSON.
"""

# Raised whenever a table, or what is put into one, changes: a file of another version is made anew.
VERSION = 4
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
        PRIMARY KEY (request, person, dataset, form, agreement)
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
    CREATE TABLE versions (
        position INTEGER PRIMARY KEY,
        dataset TEXT NOT NULL,
        label TEXT NOT NULL,
        form TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE trainings (
        position INTEGER PRIMARY KEY,
        person TEXT NOT NULL,
        completed TEXT NOT NULL,
        day TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE accesses (
        position INTEGER PRIMARY KEY,
        how TEXT NOT NULL,
        at TEXT NOT NULL,
        day TEXT NOT NULL,
        person TEXT,
        dataset TEXT,
        label TEXT,
        request TEXT,
        agreement TEXT,
        account TEXT
    ) STRICT
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
    """
    CREATE TABLE catalogue (
        position INTEGER PRIMARY KEY,
        dataset TEXT NOT NULL,
        course_run TEXT,
        kind TEXT,
        title TEXT
    ) STRICT
    """,
    """
    CREATE TABLE refusals (
        position INTEGER PRIMARY KEY,
        act TEXT NOT NULL,
        day TEXT NOT NULL,
        request TEXT
    ) STRICT
    """,
    """
    CREATE TABLE past_releases (
        position INTEGER PRIMARY KEY,
        register TEXT NOT NULL,
        reference TEXT,
        organisation TEXT NOT NULL,
        person TEXT,
        dataset TEXT NOT NULL,
        form TEXT NOT NULL,
        agreement TEXT,
        agreement_version TEXT,
        basis TEXT,
        provided TEXT NOT NULL,
        day TEXT NOT NULL,
        dated TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE queries (
        position INTEGER PRIMARY KEY,
        query TEXT NOT NULL,
        what TEXT NOT NULL,
        at TEXT NOT NULL,
        kind TEXT,
        asker TEXT,
        asked TEXT,
        referred_by TEXT,
        datasets TEXT NOT NULL,
        request TEXT,
        publication TEXT,
        doi TEXT,
        agreement TEXT
    ) STRICT
    """,
    """
    CREATE TABLE incidents (
        position INTEGER PRIMARY KEY,
        incident TEXT NOT NULL,
        step TEXT NOT NULL,
        at TEXT NOT NULL,
        day TEXT NOT NULL,
        what TEXT,
        late INTEGER NOT NULL,
        requests TEXT NOT NULL,
        people TEXT NOT NULL,
        datasets TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE steps (
        position INTEGER PRIMARY KEY,
        entry INTEGER NOT NULL,
        kind TEXT NOT NULL,
        person TEXT,
        owner TEXT
    ) STRICT
    """,
    """
    CREATE TABLE holds (
        position INTEGER PRIMARY KEY,
        hold TEXT NOT NULL,
        placed INTEGER NOT NULL,
        due TEXT,
        request TEXT,
        dataset TEXT,
        person TEXT
    ) STRICT
    """,
    """
    CREATE TABLE compelled (
        position INTEGER PRIMARY KEY,
        day TEXT NOT NULL,
        instrument TEXT NOT NULL,
        datasets TEXT NOT NULL,
        learners INTEGER,
        recipient TEXT NOT NULL
    ) STRICT
    """,
    "CREATE TABLE corrections (position INTEGER PRIMARY KEY, corrected INTEGER NOT NULL) STRICT",
    "CREATE TABLE undone (position INTEGER PRIMARY KEY) STRICT",
)

INDEXES = (
    "CREATE INDEX rights_of_people ON rights (person, dataset)",
    "CREATE INDEX holdings_of_data_sets ON holdings (dataset)",
    "CREATE INDEX holdings_of_people ON holdings (person)",
    "CREATE INDEX holdings_by_due ON holdings (state, due)",
    "CREATE INDEX deadlines_by_day ON deadlines (day)",
    "CREATE INDEX versions_of_data_sets ON versions (dataset, label)",
    "CREATE INDEX trainings_of_people ON trainings (person, day)",
    "CREATE INDEX recipients_of_organisations ON recipients (organisation)",
    "CREATE INDEX catalogue_of_data_sets ON catalogue (dataset)",
    "CREATE INDEX past_releases_of_data_sets ON past_releases (dataset)",
    "CREATE INDEX past_releases_to_organisations ON past_releases (organisation)",
    "CREATE INDEX past_releases_to_people ON past_releases (person) WHERE person IS NOT NULL",
    "CREATE INDEX queries_by_number ON queries (query)",
    "CREATE INDEX steps_of_entries ON steps (entry)",
)

# The tables that are replaced request by request, each with what adds a row.
OF_A_REQUEST = {
    "requests": "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "turns": "INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?)",
    # A recipient can be named twice, for two organisations.
    "rights": "INSERT OR IGNORE INTO rights VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "ended": "INSERT OR IGNORE INTO ended VALUES (?, ?, ?, ?, ?, ?, ?)",
    "holdings": "INSERT OR IGNORE INTO holdings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "findings": "INSERT OR IGNORE INTO findings VALUES (?, ?, ?, ?, ?, ?, ?)",
    "deadlines": "INSERT OR IGNORE INTO deadlines VALUES (?, ?, ?, ?, ?, ?)",
    "recipients": "INSERT OR IGNORE INTO recipients VALUES (?, ?, ?)",
    "disclosed": "INSERT INTO disclosed VALUES (?, ?, ?, ?)",
    "decided": "INSERT INTO decided VALUES (?, ?, ?, ?, ?)",
    "publications": "INSERT INTO publications VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
}
OF_A_FACT = {
    "versions": "INSERT INTO versions VALUES (?, ?, ?, ?)",
    "trainings": "INSERT INTO trainings VALUES (?, ?, ?, ?)",
    "accesses": "INSERT INTO accesses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "catalogue": "INSERT INTO catalogue VALUES (?, ?, ?, ?, ?)",
    "refusals": "INSERT INTO refusals VALUES (?, ?, ?, ?)",
    "past_releases": "INSERT INTO past_releases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "queries": "INSERT INTO queries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "incidents": "INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "steps": "INSERT INTO steps VALUES (?, ?, ?, ?, ?)",
    "holds": "INSERT INTO holds VALUES (?, ?, ?, ?, ?, ?, ?)",
    "compelled": "INSERT INTO compelled VALUES (?, ?, ?, ?, ?, ?)",
    "corrections": "INSERT INTO corrections VALUES (?, ?)",
}
FORGET_REQUESTS = {
    table: f"DELETE FROM {table} WHERE request IN (SELECT value FROM json_each(?))" for table in OF_A_REQUEST
}

REACHED = "SELECT position, leaf, boot FROM reached"
REACH = "INSERT OR REPLACE INTO reached VALUES (1, ?, ?, ?)"
CORRECTIONS = "SELECT position, corrected FROM corrections ORDER BY position DESC"
FORGET_UNDONE = "DELETE FROM undone"
UNDO = "INSERT INTO undone VALUES (?)"
