-- The inbox of Receiver: how a new store is made. Older stores get here through migrations/.
-- Times are microseconds since 1970-01-01T00:00:00Z, durations are microseconds; but an event's own
-- time, which is not compared, is as in JSON.

-- What the store is: `schema_version`, `store_id`, which tells one store from another, and `logs`, how
-- often its write-ahead log was begun anew.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Accepted events, in order: in each row some of one transaction, a bundle (bundles.py). Its
-- positions are the `amount` up to `last`. `oldest` and `newest` are the least and the greatest of its
-- ids, by which it is found: ids begin with their time, and those of a bundle with the same 8 characters.
CREATE TABLE bundles (
    last     INTEGER PRIMARY KEY,
    amount   INTEGER NOT NULL,
    released INTEGER NOT NULL,  -- 1: out of quarantine, one event
    oldest   TEXT NOT NULL,
    newest   TEXT NOT NULL,
    heads    TEXT NOT NULL,  -- all but the payloads: a JSON array, whose columns `events` names
    bodies   BLOB NOT NULL  -- the payloads, one after another
) STRICT;
-- UNIQUE: so that a bundle that is handed in once more by mistake is refused.
CREATE UNIQUE INDEX bundles_ids ON bundles (oldest, newest);
-- They come long after their time, and are few; all others are in the order of their time.
CREATE INDEX bundles_released ON bundles (last) WHERE released = 1;

-- Each event on its own. Who looks for some says in which bundles: `bundle`, `oldest` and `newest`
-- are looked up, all else is worked out for each event.
CREATE VIEW events AS
SELECT last - amount + 1 + head.key AS seq,
       json_extract(head.value, '$[4]') AS id,
       json_extract(head.value, '$[0]') AS source,
       json_extract(head.value, '$[1]') AS type,
       json_extract(head.value, '$[5]') AS key,
       json_extract(head.value, '$[6]') AS time,
       json_extract(head.value, '$[7]') AS received_at,
       json_extract(head.value, '$[2]') AS node,
       json_extract(head.value, '$[3]') AS user,
       json_extract(head.value, '$[8]') AS operation,
       json_extract(head.value, '$[9]') AS secret,
       json_extract(head.value, '$[10]') AS trace,
       released,
       coalesce(
           substr(bodies, 1 + json_extract(head.value, '$[11]'), json_extract(head.value, '$[12]')),
           x''  -- what substr makes of nothing is null
       ) AS raw,
       json_extract(head.value, '$[12]') AS bytes,
       last AS bundle,
       oldest,
       newest
FROM bundles, json_each(heads) AS head;

-- Authentic events that the contract does not know; `place` is their order of arrival.
CREATE TABLE quarantine (
    place       INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL,
    source      TEXT NOT NULL,
    type        TEXT NOT NULL,
    key         TEXT,
    time        INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    node        TEXT,
    user        TEXT,
    operation   TEXT NOT NULL,
    secret      TEXT NOT NULL,
    trace       TEXT,
    dedup_key   BLOB,
    problems    TEXT NOT NULL,  -- a JSON array of strings
    raw         BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX quarantine_id ON quarantine (id);

-- Dedup keys still remembered, in the order they came: some of one transaction in each row. A row
-- is found by its number, which a process knows by its own index (recall.py); the numbers of all
-- rows grow together. `keys` is MessagePack: an array of [key, digest, event id, kept at], where
-- `key` is the source and the event's dedup key, and `digest` the first 16 bytes (or more) of the
-- payload's SHA-256; none where the key is made of the payload, too.
CREATE TABLE dedup (
    lasts    INTEGER NOT NULL,  -- how long these keys are remembered
    number   INTEGER NOT NULL,
    amount   INTEGER NOT NULL,  -- of keys
    first_at INTEGER NOT NULL,  -- when the oldest of them was kept
    last_at  INTEGER NOT NULL,
    keys     BLOB NOT NULL,
    PRIMARY KEY (lasts, number)
) STRICT, WITHOUT ROWID;

-- How many events and dedup keys there are, for counting them would read them; and what was given
-- last: a position, which is never given twice, whatever is deleted, and a number of a row of `dedup`.
CREATE TABLE tally (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    events     INTEGER NOT NULL,
    dedup_keys INTEGER NOT NULL,
    last_dedup INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL
) STRICT;
INSERT INTO tally VALUES (1, 0, 0, 0, 0);

-- Where each puller is, kept in the transaction of the events that it pulled.
CREATE TABLE cursors (
    name  TEXT PRIMARY KEY,
    place TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Routes: every event up to `position` is done with, or is one of the route's exceptions.
CREATE TABLE routes (
    route      TEXT PRIMARY KEY,
    position   INTEGER NOT NULL,
    ordered    INTEGER NOT NULL,
    flow       TEXT NOT NULL DEFAULT 'running',  -- or `paused`, `draining`
    flow_at    INTEGER,  -- since when
    removed_at INTEGER  -- null while it is configured: only then does it keep events
) STRICT, WITHOUT ROWID;

-- Old events that a route is to deliver again; a replay has a position as a route has, and
-- exceptions under the name `replay:NUMBER` while it is not over.
CREATE TABLE replays (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    route     TEXT NOT NULL,
    query     TEXT NOT NULL,  -- JSON
    low       INTEGER NOT NULL,
    high      INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    asked_at  INTEGER NOT NULL,
    state     TEXT NOT NULL,
    ended_at  INTEGER,
    delivered INTEGER NOT NULL DEFAULT 0,
    failed    INTEGER NOT NULL DEFAULT 0,
    dead      INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Open events that their route's position has passed. `lane`: whose order they are part of.
-- `due_at` is null for what was never deferred.
CREATE TABLE exceptions (
    route           TEXT NOT NULL,
    seq             INTEGER NOT NULL,
    lane            TEXT,
    failures        INTEGER NOT NULL,
    due_at          INTEGER,
    first_failed_at INTEGER,
    PRIMARY KEY (route, seq)
) STRICT, WITHOUT ROWID;

-- Events that a route has given up on.
CREATE TABLE dead (
    seq       INTEGER NOT NULL,
    route     TEXT NOT NULL,
    attempts  INTEGER NOT NULL,
    buried_at INTEGER NOT NULL,
    failed_at INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    error     TEXT NOT NULL,
    message   TEXT NOT NULL,
    traceback TEXT NOT NULL,
    again     INTEGER NOT NULL DEFAULT 0,  -- 1: to be tried again as soon as its route runs
    PRIMARY KEY (seq, route)
) STRICT, WITHOUT ROWID;
CREATE INDEX dead_again ON dead (route, seq) WHERE again = 1;

-- Attempts that failed; `next_at` is null for the last one of a dead letter.
CREATE TABLE attempts (
    seq       INTEGER NOT NULL,
    route     TEXT NOT NULL,
    number    INTEGER NOT NULL,
    failed_at INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    error     TEXT NOT NULL,
    message   TEXT NOT NULL,
    traceback TEXT NOT NULL,
    next_at   INTEGER,
    PRIMARY KEY (seq, route, failed_at, number)  -- a letter that is tried again begins with 1
) STRICT, WITHOUT ROWID;

-- What is decided while Receiver runs: routes of the API, filters, users, tokens. `version` is the
-- number of the audit entry that wrote it; `body` is JSON.
CREATE TABLE records (
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,
    body    BLOB NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- Every change of a record: who, when, and what it was before and after, without secrets.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    who    TEXT NOT NULL,
    action TEXT NOT NULL,
    kind   TEXT NOT NULL,
    name   TEXT NOT NULL,
    before BLOB,
    after  BLOB
) STRICT;

-- Ranges of positions that a route has passed: about one a second, or where what decided changed.
CREATE TABLE passages (
    route   TEXT NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    version INTEGER NOT NULL,  -- of the route's definition
    filters INTEGER NOT NULL,  -- the version of the filters
    PRIMARY KEY (route, first)
) STRICT, WITHOUT ROWID;

-- How an event ended on a route, where its passage does not tell.
CREATE TABLE closings (
    seq   INTEGER NOT NULL,
    route TEXT NOT NULL,
    at    INTEGER NOT NULL,
    kind  TEXT NOT NULL,
    why   TEXT NOT NULL,
    PRIMARY KEY (seq, route)
) STRICT, WITHOUT ROWID;

-- Every version of what routes and filters are.
CREATE TABLE definitions (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    since   INTEGER NOT NULL,
    text    TEXT NOT NULL
) STRICT;
CREATE INDEX definitions_name ON definitions (kind, name, version);
