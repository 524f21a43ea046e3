-- What is kept of deliveries that are over (receiver.inbox.facts).

-- name: keep_passage
INSERT INTO passages (route, first, last, at, version, filters) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (route, first) DO UPDATE SET last = excluded.last, at = excluded.at;

-- name: keep_closing
INSERT OR REPLACE INTO closings (seq, route, at, kind, why) VALUES (?, ?, ?, ?, ?);

-- name: passages
-- Of each route the passage that holds a position.
SELECT passages.route, first, last, at, version, filters
FROM routes JOIN passages USING (route)
WHERE first = (
    SELECT max(first) FROM passages AS earlier
    WHERE earlier.route = routes.route AND earlier.first <= :seq
) AND last >= :seq
ORDER BY passages.route;

-- name: closings
SELECT route, seq, at, kind, why FROM closings WHERE seq = ? ORDER BY route;

-- name: newest_definition
SELECT version, text FROM definitions WHERE kind = ? AND name = ? ORDER BY version DESC LIMIT 1;

-- name: insert_definition
INSERT INTO definitions (kind, name, since, text) VALUES (?, ?, ?, ?);

-- name: definitions
SELECT version, kind, name, since, text FROM definitions
WHERE (:kind IS NULL OR kind = :kind) AND (:name IS NULL OR name = :name)
ORDER BY version;

-- name: purge_closings
-- What was kept of events that are gone.
DELETE FROM closings
WHERE seq > :after AND seq <= :until
  AND seq NOT IN (
      SELECT seq FROM events
      WHERE bundle > :after
        AND bundle <= coalesce((SELECT min(last) FROM bundles WHERE last >= :until), :until)
  );

-- name: purge_passages
-- Those that ended before the oldest event that is kept; some at a time.
WITH oldest (seq) AS (SELECT last - amount + 1 FROM bundles ORDER BY last LIMIT 1)
DELETE FROM passages WHERE (route, first) IN (
    SELECT passages.route, passages.first
    FROM oldest CROSS JOIN routes CROSS JOIN passages
        ON passages.route = routes.route AND passages.first < oldest.seq
    WHERE passages.last < oldest.seq LIMIT 1000
);
