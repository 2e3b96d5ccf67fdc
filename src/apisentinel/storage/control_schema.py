"""Tables of the control store, version by version. A migration is never changed once released."""

from typing import Final

MIGRATIONS: Final[tuple[str, ...]] = (
    # 1
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
    CREATE TABLE alert (
        id TEXT PRIMARY KEY, ts INTEGER NOT NULL, first_ts INTEGER, entity_kind TEXT NOT NULL,
        entity TEXT NOT NULL, attack_type TEXT NOT NULL, risk INTEGER NOT NULL,
        severity TEXT NOT NULL, endpoint TEXT, requests_before INTEGER, detectors TEXT NOT NULL,
        incident TEXT, document TEXT NOT NULL
    ) STRICT;
    CREATE INDEX alert_ts ON alert (ts, id);
    CREATE INDEX alert_entity ON alert (entity, entity_kind, ts);
    CREATE INDEX alert_incident ON alert (incident, ts) WHERE incident IS NOT NULL;
    CREATE TABLE incident (
        id TEXT PRIMARY KEY, risk INTEGER NOT NULL, severity TEXT NOT NULL,
        attack_types TEXT NOT NULL, entities TEXT NOT NULL, endpoints TEXT NOT NULL,
        first_ts INTEGER, last_ts INTEGER, alert_ts INTEGER, requests INTEGER,
        requests_before_alert INTEGER, entities_total INTEGER, reason TEXT, succeeded INTEGER,
        closed INTEGER NOT NULL DEFAULT 0, merged_into TEXT, status TEXT NOT NULL DEFAULT 'open',
        verdict TEXT, assignee TEXT, version INTEGER NOT NULL DEFAULT 1, created INTEGER NOT NULL,
        updated INTEGER NOT NULL, document TEXT NOT NULL
    ) STRICT;
    CREATE INDEX incident_last ON incident (last_ts, id);
    CREATE TABLE comment (
        number INTEGER PRIMARY KEY AUTOINCREMENT, incident TEXT NOT NULL, author TEXT NOT NULL,
        created INTEGER NOT NULL, text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX comment_incident ON comment (incident, number);
    CREATE TABLE api_key (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, scopes TEXT NOT NULL, digest BLOB NOT NULL,
        created INTEGER NOT NULL, created_by TEXT NOT NULL, expires INTEGER, last_used INTEGER,
        revoked INTEGER, replaced_by TEXT
    ) STRICT;
    CREATE TABLE user (
        id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, password TEXT NOT NULL,
        created INTEGER NOT NULL, disabled INTEGER, last_login INTEGER
    ) STRICT;
    CREATE TABLE session (
        digest BLOB PRIMARY KEY, user TEXT NOT NULL, created INTEGER NOT NULL, seen INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE setting (
        name TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL,
        updated INTEGER NOT NULL, actor TEXT NOT NULL
    ) STRICT;
    CREATE TABLE view (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, screen TEXT NOT NULL,
        query TEXT NOT NULL, shared INTEGER NOT NULL, created INTEGER NOT NULL,
        updated INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY, ts INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
        target TEXT NOT NULL, result TEXT NOT NULL, detail TEXT NOT NULL, digest BLOB NOT NULL
    ) STRICT;
    """,
    # 2
    """
    CREATE TABLE dead_letter (
        number INTEGER PRIMARY KEY AUTOINCREMENT, received INTEGER NOT NULL, source TEXT NOT NULL,
        reason TEXT NOT NULL, position INTEGER, size INTEGER NOT NULL, digest BLOB NOT NULL,
        head TEXT NOT NULL, body BLOB NOT NULL, replayed INTEGER
    ) STRICT;
    CREATE INDEX dead_letter_open ON dead_letter (number) WHERE replayed IS NULL;
    CREATE INDEX incident_open ON incident (status, last_ts) WHERE merged_into IS NULL;
    """,
    # 3
    """
    CREATE TABLE decision (
        id TEXT PRIMARY KEY, scope TEXT NOT NULL, value TEXT NOT NULL, action TEXT NOT NULL,
        reason TEXT NOT NULL, source TEXT NOT NULL, author TEXT NOT NULL, incident TEXT,
        created INTEGER NOT NULL, expires INTEGER NOT NULL, ends INTEGER NOT NULL, lifted_by TEXT
    ) STRICT;
    CREATE INDEX decision_ends ON decision (ends);
    CREATE INDEX decision_created ON decision (created, id);
    CREATE INDEX decision_value ON decision (scope, value, ends);
    CREATE TABLE preference (
        owner TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, updated INTEGER NOT NULL,
        PRIMARY KEY (owner, name)
    ) STRICT;
    """,
)
"""Statements that lead from each version to the next; the version is the number of them."""

VERSION: Final = len(MIGRATIONS)
