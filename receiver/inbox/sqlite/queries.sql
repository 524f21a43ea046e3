-- Every statement of the store, by name. A line `-- name: x` opens the statement that is run as
-- `SQL.x`. Statements that write run in one of the writer's transactions, under the common lock.
-- Results of many rows come as one JSON text where that is possible: each row that sqlite3 hands
-- over lets go of the interpreter's lock, and a busy event loop takes up to 5 ms to give it back.

-- name: insert_bundle
INSERT INTO bundles (last, amount, released, oldest, newest, heads, bodies) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: bundles_at
-- The bundles that hold the events at some positions, given as a JSON array; where one is deleted,
-- the next bundle may be among them.
SELECT last, released, heads, bodies FROM bundles
WHERE last IN (
    SELECT (SELECT min(last) FROM bundles WHERE last >= wanted.value) FROM json_each(?) AS wanted
)
ORDER BY last;

-- name: bundles_between
-- The bundles of a stretch of positions, the first and the last of them in part.
SELECT last, amount FROM bundles
WHERE last > :after AND last - amount < :until
  AND last <= coalesce((SELECT min(last) FROM bundles WHERE last >= :until), :until)
ORDER BY last;

-- name: delete_bundles
-- The numbers are given as a JSON array.
DELETE FROM bundles WHERE last IN (SELECT value FROM json_each(?));

-- name: insert_quarantined
INSERT INTO quarantine (id, source, type, key, time, received_at, node, user, operation, secret,
                        trace, dedup_key, problems, raw)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: remember
-- Some dedup keys of one transaction.
INSERT INTO dedup (lasts, number, amount, first_at, last_at, keys)
VALUES (?, ?, ?, ?, ?, ?);

-- name: remembered
-- The dedup keys under some numbers, given as a JSON array.
SELECT keys FROM dedup
WHERE lasts = ? AND number IN (SELECT value FROM json_each(?))
ORDER BY number;

-- name: remembered_since
-- The dedup keys that were kept after a number.
SELECT number, keys FROM dedup WHERE lasts = ? AND number > ? ORDER BY number LIMIT 64;

-- name: count
UPDATE tally
SET events = events + :events, last_seq = last_seq + :events,
    dedup_keys = dedup_keys + :dedup_keys, last_dedup = :last_dedup;

-- name: begin_log
-- How often the write-ahead log was begun anew: what changes nothing would not be written.
INSERT INTO meta (name, value) VALUES ('logs', 1)
ON CONFLICT (name) DO UPDATE SET value = value + 1;

-- name: uncount
UPDATE tally SET dedup_keys = dedup_keys - ?;

-- name: tally
SELECT events, dedup_keys, last_dedup, last_seq FROM tally;

-- name: how_many
-- Events, in a store of whichever version.
SELECT events FROM tally;

-- name: lengths
-- Each length of time that keys are kept, in one look into the table for each.
WITH RECURSIVE lengths (lasts) AS (
    SELECT min(lasts) FROM dedup
    UNION ALL
    SELECT (SELECT min(lasts) FROM dedup WHERE lasts > lengths.lasts)
    FROM lengths WHERE lengths.lasts IS NOT NULL
)
SELECT lasts FROM lengths WHERE lasts IS NOT NULL;

-- name: oldest_keys
-- The oldest rows of keys of one length, without the keys.
SELECT first_at, last_at, lasts, number, amount FROM dedup WHERE lasts = ? ORDER BY number LIMIT ?;

-- name: forget_keys
DELETE FROM dedup WHERE lasts = ? AND number <= ?;

-- name: keep_cursor
INSERT INTO cursors (name, place) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET place = excluded.place;

-- name: cursor
SELECT place FROM cursors WHERE name = ?;

-- name: last_seq
-- The newest position ever given, also when its event is deleted.
SELECT last_seq FROM tally;

-- name: first_received_since
-- The first position whose event was received at or after a time, within a stretch of positions.
SELECT min(seq) FROM events
WHERE bundle > :after
  AND bundle <= coalesce((SELECT min(last) FROM bundles WHERE last >= :until), :until)
  AND seq > :after AND seq <= :until AND received_at >= :at;

-- name: known_routes
SELECT route FROM routes;

-- name: insert_route
INSERT INTO routes (route, position, ordered) VALUES (?, ?, ?)
ON CONFLICT (route) DO UPDATE SET ordered = excluded.ordered, removed_at = NULL;

-- name: route_position
SELECT position FROM routes WHERE route = ?;

-- name: exceptions
SELECT seq, lane, failures, due_at, first_failed_at FROM exceptions WHERE route = ? ORDER BY seq;

-- name: move_route
UPDATE routes SET position = ? WHERE route = ?;

-- name: keep_exception
INSERT INTO exceptions (route, seq, lane, failures, due_at, first_failed_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (route, seq) DO UPDATE SET
    failures = excluded.failures, due_at = excluded.due_at,
    first_failed_at = excluded.first_failed_at;

-- name: forget_exception
DELETE FROM exceptions WHERE route = ? AND seq = ?;

-- name: insert_dead
INSERT OR REPLACE INTO dead (seq, route, attempts, buried_at,
                             failed_at, kind, error, message, traceback)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: insert_attempt
INSERT OR REPLACE INTO attempts (seq, route, number, next_at,
                                 failed_at, kind, error, message, traceback)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: heads
-- The heads of the next bundles: of as many as have no more events than asked for, or of one. They
-- are JSON as they stand, so that SQLite need not read what Python does.
SELECT '[' || coalesce(group_concat('[' || (last - amount) || ',' || heads || ']'), '') || ']'
FROM (
    SELECT last, amount, heads FROM bundles
    WHERE last IN (
        SELECT last FROM (
            SELECT last, amount, sum(amount) OVER (ORDER BY last) AS total
            FROM (SELECT last, amount FROM bundles WHERE last > :after ORDER BY last LIMIT :limit)
        )
        WHERE total <= :limit OR total = amount
    )
    ORDER BY last
);

-- name: heads_at
-- The heads of the bundles of some positions, as `heads` and `bundles_at`.
SELECT '[' || coalesce(group_concat('[' || (last - amount) || ',' || heads || ']'), '') || ']'
FROM (
    SELECT last, amount, heads FROM bundles
    WHERE last IN (
        SELECT (SELECT min(last) FROM bundles WHERE last >= wanted.value) FROM json_each(?) AS wanted
    )
    ORDER BY last
);

-- name: places
-- Where each route stands. Held back: an exception that is not the first of its lane.
SELECT routes.route,
       routes.position,
       count(ranked.seq) FILTER (WHERE ranked.rank = 1 AND ranked.due_at IS NOT NULL),
       count(ranked.seq) FILTER (WHERE ranked.rank > 1),
       (SELECT count(*) FROM dead WHERE dead.route = routes.route AND again = 0),
       count(ranked.seq)
           + (SELECT count(*) FROM dead WHERE dead.route = routes.route AND again = 1)
FROM routes
LEFT JOIN (
    SELECT exceptions.route, seq, due_at,
           row_number() OVER (
               PARTITION BY exceptions.route, iif(ordered, coalesce(lane, seq), seq) ORDER BY seq
           ) AS rank
    FROM exceptions JOIN routes USING (route)
) AS ranked ON ranked.route = routes.route
GROUP BY routes.route
ORDER BY routes.route;

-- name: standings
-- What each route has made of the event at a position.
SELECT routes.route,
       CASE
           WHEN buried.again = 0 THEN 'dead'
           WHEN buried.again = 1 THEN 'requeued'
           WHEN routes.position < :seq THEN 'beyond'
           WHEN own.seq IS NULL THEN 'passed'
           WHEN ordered AND EXISTS (
               SELECT 1 FROM exceptions AS earlier
               WHERE earlier.route = own.route AND earlier.lane = own.lane AND earlier.seq < own.seq
           ) THEN 'held'
           WHEN own.due_at IS NULL THEN 'open'
           ELSE 'waiting'
       END,
       own.due_at
FROM routes
LEFT JOIN exceptions AS own ON own.route = routes.route AND own.seq = :seq
LEFT JOIN dead AS buried ON buried.route = routes.route AND buried.seq = :seq
ORDER BY routes.route;

-- name: dead_letters
-- A page of them by position; a page ends with the last route of its last position.
SELECT seq, route, attempts, buried_at, failed_at, kind, error, message, traceback
FROM dead
WHERE (:route IS NULL OR route = :route)
  AND again = 0
  AND seq > :after
  AND seq <= coalesce((
      SELECT seq FROM dead
      WHERE (:route IS NULL OR route = :route) AND again = 0 AND seq > :after
      ORDER BY seq LIMIT 1 OFFSET :limit - 1
  ), 9223372036854775807)
ORDER BY seq, route;

-- name: attempts
SELECT route, seq, number, next_at, failed_at, kind, error, message, traceback
FROM attempts
WHERE seq IN (
    SELECT seq FROM events
    WHERE oldest >= substr(:id, 1, 8) AND oldest <= :id AND newest >= :id AND id = :id
)
ORDER BY failed_at, route, number;

-- name: quarantined_at
SELECT place, id, source, type, key, time, received_at, node, user, raw, operation, secret,
       problems, trace
FROM quarantine
WHERE place IN (SELECT value FROM json_each(?))
ORDER BY place;

-- name: floor
-- The position that every route and every replay has passed; null where none is known.
SELECT min(position) FROM (
    SELECT position FROM routes WHERE removed_at IS NULL
    UNION ALL SELECT position FROM replays WHERE state = 'running'
);

-- name: next_events
-- The next events that every route has passed, in whole bundles: position, whether old, bytes, whether
-- needed, and the bundle.
SELECT json_group_array(json_array(seq, old, bytes, needed, bundle))
FROM (
    SELECT seq, received_at < :before AS old, bytes,
           seq IN (SELECT seq FROM dead WHERE seq > :after)
           OR seq IN (
               SELECT exceptions.seq FROM routes CROSS JOIN exceptions USING (route)
               WHERE removed_at IS NULL AND exceptions.seq > :after
           )
           OR seq IN (
               SELECT seq FROM replays CROSS JOIN exceptions
                   ON exceptions.route = 'replay:' || replays.number
               WHERE state = 'running' AND seq > :after
           ) AS needed,
           bundle
    FROM events
    WHERE bundle IN (
        SELECT last FROM (
            SELECT last, amount, sum(amount) OVER (ORDER BY last) AS total
            FROM (SELECT last, amount FROM bundles WHERE last > :after ORDER BY last LIMIT :limit)
        )
        WHERE total <= :limit OR total = amount
    )
      AND seq > :after AND seq <= :floor
    ORDER BY seq
);

-- name: next_quarantined
-- As next_events; nobody needs them.
SELECT json_group_array(json_array(place, old, bytes, 0, place))
FROM (
    SELECT place, received_at < :before AS old, length(raw) AS bytes
    FROM quarantine WHERE place > :after ORDER BY place LIMIT :limit
);

-- name: next_dead
-- As next_events.
SELECT json_group_array(json_array(seq, old, 0, 0, seq))
FROM (
    SELECT seq, max(buried_at) < :before AS old
    FROM dead WHERE seq > :after GROUP BY seq ORDER BY seq LIMIT :limit
);

-- name: gone_events
-- Which events of a stretch go. The same is asked again, for a route may have begun since.
SELECT json_group_array(seq)
FROM (
    SELECT seq FROM events
    WHERE bundle > :after
      AND bundle <= coalesce((SELECT min(last) FROM bundles WHERE last >= :until), :until)
      AND seq > :after AND seq <= :until AND received_at < :before
      AND seq <= coalesce((
          SELECT min(position) FROM (
              SELECT position FROM routes WHERE removed_at IS NULL
              UNION ALL SELECT position FROM replays WHERE state = 'running'
          )
      ), 9223372036854775807)
      AND seq NOT IN (SELECT seq FROM dead WHERE seq > :after AND seq <= :until)
      AND seq NOT IN (
          SELECT exceptions.seq FROM routes CROSS JOIN exceptions USING (route)
          WHERE removed_at IS NULL AND exceptions.seq > :after AND exceptions.seq <= :until
      )
      AND seq NOT IN (
          SELECT seq FROM replays CROSS JOIN exceptions
              ON exceptions.route = 'replay:' || replays.number
          WHERE state = 'running' AND seq > :after AND seq <= :until
      )
    ORDER BY seq
);

-- name: gone_events_by_force
SELECT json_group_array(seq)
FROM (
    SELECT seq FROM events
    WHERE bundle > :after
      AND bundle <= coalesce((SELECT min(last) FROM bundles WHERE last >= :until), :until)
      AND seq > :after AND seq <= :until
    ORDER BY seq
);

-- name: purge_dead
DELETE FROM dead WHERE seq > :after AND seq <= :until AND buried_at < :before;

-- name: purge_quarantined
DELETE FROM quarantine WHERE place > :after AND place <= :until AND received_at < :before;

-- name: purge_attempts
-- What was kept of events that are gone.
DELETE FROM attempts
WHERE seq > :after AND seq <= :until
  AND seq NOT IN (
      SELECT seq FROM events
      WHERE bundle > :after
        AND bundle <= coalesce((SELECT min(last) FROM bundles WHERE last >= :until), :until)
  );

-- name: purge_dead_of_gone
DELETE FROM dead
WHERE seq > :after AND seq <= :until
  AND seq NOT IN (
      SELECT seq FROM events
      WHERE bundle > :after
        AND bundle <= coalesce((SELECT min(last) FROM bundles WHERE last >= :until), :until)
  );

-- name: uncount_events
UPDATE tally SET events = events - ?;

-- name: quarantined_count
SELECT count(*) FROM quarantine;

-- name: dead_count
SELECT count(*) FROM dead WHERE again = 0;

-- name: meta
SELECT value FROM meta WHERE name = ?;

-- name: set_meta
INSERT INTO meta (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: tables
SELECT count(*) FROM sqlite_schema WHERE type = 'table';

-- name: has_meta
SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta';

-- name: revision
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0);

-- name: records
SELECT name, version, body FROM records WHERE kind = ? ORDER BY name;

-- name: record
SELECT version, body FROM records WHERE kind = ? AND name = ?;

-- name: put_record
INSERT INTO records (kind, name, version, body) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, name) DO UPDATE SET version = excluded.version, body = excluded.body;

-- name: delete_record
DELETE FROM records WHERE kind = ? AND name = ?;

-- name: insert_audit
INSERT INTO audit (at, who, action, kind, name, before, after) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: trim_audit
DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - ?;

-- name: audit
SELECT number, at, who, action, kind, name, before, after FROM audit
WHERE number < ? AND (? IS NULL OR name = ?)
ORDER BY number DESC LIMIT ?;
