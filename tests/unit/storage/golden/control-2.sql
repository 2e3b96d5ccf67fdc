-- State of version 2 of the control store. Never change it: it stands for what users have.

PRAGMA page_size=4096;

BEGIN TRANSACTION;

-- Table  alert
DROP TABLE IF EXISTS alert;
CREATE TABLE alert (
        id TEXT PRIMARY KEY, ts INTEGER NOT NULL, first_ts INTEGER, entity_kind TEXT NOT NULL,
        entity TEXT NOT NULL, attack_type TEXT NOT NULL, risk INTEGER NOT NULL,
        severity TEXT NOT NULL, endpoint TEXT, requests_before INTEGER, detectors TEXT NOT NULL,
        incident TEXT, document TEXT NOT NULL
    ) STRICT;
INSERT INTO alert VALUES('a1',1700000060000000,1700000000000000,'client','10.0.0.1','sqli',41,'MEDIUM','GET /items',1,'["payload"]','i1','{"id":"a1","entity":{"kind":"client","id":"10.0.0.1"},"attack_type":"sqli","risk":41,"ts":1700000060000000,"first_ts":1700000000000000,"requests_before":1,"endpoint":"GET /items","evidence":[{"detector":"payload","attack_type":"sqli","llr":5.0,"factors":[],"seqs":[],"succeeded":null}],"seq":0,"number":1,"severity":"MEDIUM","entity_kind":"client","detectors":["payload"]}');
-- Triggers and indices on  alert
CREATE INDEX alert_entity ON alert (entity, entity_kind, ts);
CREATE INDEX alert_incident ON alert (incident, ts) WHERE incident IS NOT NULL;
CREATE INDEX alert_ts ON alert (ts, id);

-- Table  api_key
DROP TABLE IF EXISTS api_key;
CREATE TABLE api_key (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, scopes TEXT NOT NULL, digest BLOB NOT NULL,
        created INTEGER NOT NULL, created_by TEXT NOT NULL, expires INTEGER, last_used INTEGER,
        revoked INTEGER, replaced_by TEXT
    ) STRICT;
INSERT INTO api_key VALUES('aps_1','shop','["ingest"]',X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F',1,'bo',NULL,NULL,NULL,NULL);

-- Table  audit
DROP TABLE IF EXISTS audit;
CREATE TABLE audit (
        number INTEGER PRIMARY KEY, ts INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
        target TEXT NOT NULL, result TEXT NOT NULL, detail TEXT NOT NULL, digest BLOB NOT NULL
    ) STRICT;
INSERT INTO audit VALUES(1,1700000000000000,'bo','incident.patch','i1','done','{"status":"acknowledged"}',X'EFC4F0CF2FE32F04A2083BA8363C3EA297BDAAB005413C0C61C926AA20C5BD31');
INSERT INTO audit VALUES(2,1700000000000000,'bo','incident.comment','i1','done','{}',X'44DD39A39ACF217AB26E2408F55BF872D13847C83DE257260CA7FD04F739AC9C');

-- Table  comment
DROP TABLE IF EXISTS comment;
CREATE TABLE comment (
        number INTEGER PRIMARY KEY AUTOINCREMENT, incident TEXT NOT NULL, author TEXT NOT NULL,
        created INTEGER NOT NULL, text TEXT NOT NULL
    ) STRICT;
INSERT INTO comment VALUES(1,'i1','bo',1700000000000000,'seen');
-- Triggers and indices on  comment
CREATE INDEX comment_incident ON comment (incident, number);

-- Table  dead_letter
DROP TABLE IF EXISTS dead_letter;
CREATE TABLE dead_letter (
        number INTEGER PRIMARY KEY AUTOINCREMENT, received INTEGER NOT NULL, source TEXT NOT NULL,
        reason TEXT NOT NULL, position INTEGER, size INTEGER NOT NULL, digest BLOB NOT NULL,
        head TEXT NOT NULL, body BLOB NOT NULL, replayed INTEGER
    ) STRICT;
INSERT INTO dead_letter VALUES(1,1,'http','broken',0,1,X'00','x',X'78',NULL);
-- Triggers and indices on  dead_letter
CREATE INDEX dead_letter_open ON dead_letter (number) WHERE replayed IS NULL;

-- Table  incident
DROP TABLE IF EXISTS incident;
CREATE TABLE incident (
        id TEXT PRIMARY KEY, risk INTEGER NOT NULL, severity TEXT NOT NULL,
        attack_types TEXT NOT NULL, entities TEXT NOT NULL, endpoints TEXT NOT NULL,
        first_ts INTEGER, last_ts INTEGER, alert_ts INTEGER, requests INTEGER,
        requests_before_alert INTEGER, entities_total INTEGER, reason TEXT, succeeded INTEGER,
        closed INTEGER NOT NULL DEFAULT 0, merged_into TEXT, status TEXT NOT NULL DEFAULT 'open',
        verdict TEXT, assignee TEXT, version INTEGER NOT NULL DEFAULT 1, created INTEGER NOT NULL,
        updated INTEGER NOT NULL, document TEXT NOT NULL
    ) STRICT;
INSERT INTO incident VALUES('i1',70,'HIGH','["sqli","scanning"]','["10.0.0.1"]','["GET /items"]',1700000000000000,1700000400000000,1700000040000000,12,3,1,'10.0.0.1 sent SQL',NULL,0,NULL,'acknowledged',NULL,NULL,3,1700000000000000,1700000000000000,'{"id":"i1","risk":70,"severity":"HIGH","attack_types":["sqli","scanning"],"entities":[{"kind":"client","id":"10.0.0.1"}],"endpoints":["GET /items"],"first_ts":"2023-11-14T22:13:20Z","last_ts":"2023-11-14T22:20:00Z","alert_ts":"2023-11-14T22:14:00Z","requests":12,"requests_before_alert":3,"reason":"10.0.0.1 sent SQL","factors":[{"name":"hits","actual":3}],"samples":[],"succeeded":null,"entities_total":1,"merged_into":null,"closed":false}');
-- Triggers and indices on  incident
CREATE INDEX incident_last ON incident (last_ts, id);
CREATE INDEX incident_open ON incident (status, last_ts) WHERE merged_into IS NULL;

-- Table  meta
DROP TABLE IF EXISTS meta;
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
INSERT INTO meta VALUES('created',X'31373030303030303030303030303030');

-- Table  session
DROP TABLE IF EXISTS session;
CREATE TABLE session (
        digest BLOB PRIMARY KEY, user TEXT NOT NULL, created INTEGER NOT NULL, seen INTEGER NOT NULL
    ) STRICT;

-- Table  setting
DROP TABLE IF EXISTS setting;
CREATE TABLE setting (
        name TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL,
        updated INTEGER NOT NULL, actor TEXT NOT NULL
    ) STRICT;

-- Table  user
DROP TABLE IF EXISTS user;
CREATE TABLE user (
        id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, password TEXT NOT NULL,
        created INTEGER NOT NULL, disabled INTEGER, last_login INTEGER
    ) STRICT;

-- Table  view
DROP TABLE IF EXISTS "view";
CREATE TABLE view (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, screen TEXT NOT NULL,
        query TEXT NOT NULL, shared INTEGER NOT NULL, created INTEGER NOT NULL,
        updated INTEGER NOT NULL
    ) STRICT;

-- For primary key autoincrements the next id to use is stored in
-- sqlite_sequence
DELETE FROM main.sqlite_sequence WHERE name='comment';
INSERT INTO main.sqlite_sequence VALUES ('comment', 1);
DELETE FROM main.sqlite_sequence WHERE name='dead_letter';
INSERT INTO main.sqlite_sequence VALUES ('dead_letter', 1);

-- Database header
pragma user_version=2;

COMMIT TRANSACTION;
