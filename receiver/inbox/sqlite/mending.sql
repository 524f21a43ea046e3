-- Statements of what an operator sets right; see queries.sql.

-- name: requeue
-- Dead letters to be tried again, given as a JSON array of [route, position].
UPDATE dead SET again = 1
WHERE again = 0 AND (route, seq) IN (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)
);

-- name: discard
DELETE FROM dead
WHERE again = 0 AND (route, seq) IN (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)
);

-- name: requeued_routes
SELECT DISTINCT route FROM dead WHERE again = 1;

-- name: requeued
-- What a route is to try again, oldest first.
SELECT seq FROM dead WHERE again = 1 AND route = ? ORDER BY seq LIMIT ?;

-- name: reopen
INSERT OR IGNORE INTO exceptions (route, seq, lane, failures) VALUES (?, ?, ?, 0);

-- name: unbury
DELETE FROM dead WHERE again = 1 AND route = ? AND seq = ?;

-- name: place_of
SELECT place FROM quarantine WHERE id = ?;

-- name: leave_quarantine
DELETE FROM quarantine WHERE id = ?;

-- name: restate
UPDATE quarantine SET problems = ? WHERE id = ?;

-- name: count_released
UPDATE tally SET events = events + 1, last_seq = ?;
