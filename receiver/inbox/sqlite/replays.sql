-- Replays of old events (receiver.inbox.replays).

-- name: insert_replay
INSERT INTO replays (route, query, low, high, position, asked_at, state)
VALUES (?, ?, ?, ?, ?, ?, 'running');

-- name: replays
SELECT number, route, query, low, high, asked_at, state, ended_at, position,
       (SELECT count(*) FROM exceptions WHERE exceptions.route = 'replay:' || number),
       delivered, failed, dead
FROM replays
WHERE NOT ? OR state IN ('running', 'halted')
ORDER BY number;

-- name: replay_exceptions
SELECT seq, lane, failures, due_at, first_failed_at FROM exceptions WHERE route = ? ORDER BY seq;

-- name: replay_position
SELECT position FROM replays WHERE number = ?;

-- name: move_replay
UPDATE replays SET position = ? WHERE number = CAST(substr(?, 8) AS INTEGER);

-- name: turn_replay
UPDATE replays SET state = :state, ended_at = iif(:state IN ('cancelled', 'done'), :at, NULL)
WHERE number = :number AND state IN ('running', 'halted');

-- name: forget_replay
-- The exceptions of a replay that is over.
DELETE FROM exceptions WHERE route = ?;

-- name: forget_if_over
DELETE FROM exceptions
WHERE route = ? AND EXISTS (
    SELECT 1 FROM replays WHERE number = ? AND state IN ('cancelled', 'done')
);

-- name: tell_replay
UPDATE replays SET delivered = delivered + ?, failed = failed + ?, dead = dead + ?
WHERE number = ?;
