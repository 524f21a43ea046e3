-- Events in bundles instead of a row for each. Those that are there become bundles of one event.

CREATE TABLE bundles (
    last     INTEGER PRIMARY KEY,
    amount   INTEGER NOT NULL,
    released INTEGER NOT NULL,  -- 1: out of quarantine, one event
    oldest   TEXT NOT NULL,
    newest   TEXT NOT NULL,
    heads    TEXT NOT NULL,  -- all but the payloads: a JSON array, whose columns `events` names
    bodies   BLOB NOT NULL  -- the payloads, one after another
) STRICT;

-- Before there are rows: to sort all ids at once takes memory.
CREATE UNIQUE INDEX bundles_ids ON bundles (oldest, newest);

INSERT INTO bundles (last, amount, released, oldest, newest, heads, bodies)
SELECT seq, 1, released, id, id,
       json_array(json_array(
           source, type, node, user, id, key,
           strftime('%Y-%m-%dT%H:%M:%S', (time - fraction) / 1000000, 'unixepoch')
               || printf('.%06dZ', fraction),
           received_at, operation, secret, trace, 0, length(raw)
       )),
       raw
FROM (SELECT *, (time % 1000000 + 1000000) % 1000000 AS fraction FROM events)
ORDER BY seq;

CREATE INDEX bundles_released ON bundles (last) WHERE released = 1;

CREATE TEMPORARY TABLE carried AS
SELECT events, dedup_keys, last_dedup,
       coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0) AS last_seq
FROM tally;
DROP TABLE tally;
CREATE TABLE tally (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    events     INTEGER NOT NULL,
    dedup_keys INTEGER NOT NULL,
    last_dedup INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL
) STRICT;
INSERT INTO tally SELECT 1, events, dedup_keys, last_dedup, last_seq FROM carried;
DROP TABLE carried;

DROP TABLE events;
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
