"""The tables that hold one row for each fact, by its position, and what writes them.

A fact that was corrected keeps its rows, and is passed over by whoever asks: `undone` has the positions of those.

    versions       in which form a version was found to be
    trainings      what certificates say, and policy where they don't
    accesses       who was let in, refused, or opened something
    catalogue      which data sets there are, and were
    refusals       which acts the rules refused
    past_releases  what registers of the past say
    queries        who asked, and what they were told
    incidents      what went wrong, was contained, was closed
    steps          who got a finding to deal with, and who closed it
    notices        which were refused for good, and by which entry the office had that one sent again
    holds          legal holds that were placed, and lifted
    compelled      what an instrument of the law made disclosed
    corrections    which fact says so of which
    undone         the positions of facts that count no longer
"""

TABLES = (
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
        dataset TEXT,
        owner TEXT
    ) STRICT
    """,
    """
    CREATE TABLE notices (
        position INTEGER PRIMARY KEY,
        refusal INTEGER,
        of INTEGER NOT NULL,
        request TEXT,
        person TEXT,
        day TEXT NOT NULL
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
    "CREATE INDEX accesses_of_requests ON accesses (request) WHERE request IS NOT NULL",
    "CREATE INDEX versions_of_data_sets ON versions (dataset, label)",
    "CREATE INDEX trainings_of_people ON trainings (person, day)",
    "CREATE INDEX catalogue_of_data_sets ON catalogue (dataset)",
    "CREATE INDEX past_releases_of_data_sets ON past_releases (dataset)",
    "CREATE INDEX past_releases_to_organisations ON past_releases (organisation)",
    "CREATE INDEX past_releases_to_people ON past_releases (person) WHERE person IS NOT NULL",
    "CREATE INDEX queries_by_number ON queries (query)",
    "CREATE INDEX steps_of_entries ON steps (entry)",
    "CREATE INDEX notices_sent_again ON notices (refusal) WHERE refusal IS NOT NULL",
)

ADD = {
    "versions": "INSERT INTO versions VALUES (?, ?, ?, ?)",
    "trainings": "INSERT INTO trainings VALUES (?, ?, ?, ?)",
    "accesses": "INSERT INTO accesses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "catalogue": "INSERT INTO catalogue VALUES (?, ?, ?, ?, ?)",
    "refusals": "INSERT INTO refusals VALUES (?, ?, ?, ?)",
    "past_releases": "INSERT INTO past_releases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "queries": "INSERT INTO queries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "incidents": "INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "steps": "INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?)",
    "notices": "INSERT INTO notices VALUES (?, ?, ?, ?, ?, ?)",
    "holds": "INSERT INTO holds VALUES (?, ?, ?, ?, ?, ?, ?)",
    "compelled": "INSERT INTO compelled VALUES (?, ?, ?, ?, ?, ?)",
    "corrections": "INSERT INTO corrections VALUES (?, ?)",
}

CORRECTIONS = "SELECT position, corrected FROM corrections ORDER BY position DESC"
FORGET_UNDONE = "DELETE FROM undone"
UNDO = "INSERT INTO undone VALUES (?)"
