-- Statements that find events by what is asked of them; see queries.sql.

-- name: select_events
-- Which events within a stretch of positions a query asks for: (seq, type) pairs, oldest first.
-- Bundles in which none of the `named` texts stands, or not the part of a payload, are not taken apart.
SELECT json_group_array(json_array(seq, type))
FROM (
    SELECT seq, type FROM events
    WHERE bundle IN (
        SELECT last FROM bundles
        WHERE last > :low
          AND last <= coalesce((SELECT min(last) FROM bundles WHERE last >= :high), :high)
          AND (:named IS NULL
               OR EXISTS (SELECT 1 FROM json_each(:named) WHERE instr(heads, value) > 0))
          AND (:part IS NULL OR instr(bodies, :part) > 0)
    )
      AND seq > :low AND seq <= :high
      AND (:among IS NULL OR seq IN (SELECT value FROM json_each(:among)))
      AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))
      AND (:begins IS NULL OR substr(id, 1, length(:begins)) = :begins)
      AND (:sources IS NULL OR source IN (SELECT value FROM json_each(:sources)))
      AND (:nodes IS NULL OR node IN (SELECT value FROM json_each(:nodes)))
      AND (:users IS NULL OR user IN (SELECT value FROM json_each(:users)))
      AND (:since IS NULL OR received_at >= :since)
      AND (:until IS NULL OR received_at < :until)
      AND (:part IS NULL OR instr(raw, :part) > 0)
    ORDER BY seq
);

-- name: select_quarantined
-- As select_events, over the quarantine.
SELECT json_group_array(json_array(place, type))
FROM (
    SELECT place, type FROM quarantine
    WHERE place > :low AND place <= :high
      AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))
      AND (:begins IS NULL OR substr(id, 1, length(:begins)) = :begins)
      AND (:sources IS NULL OR source IN (SELECT value FROM json_each(:sources)))
      AND (:nodes IS NULL OR node IN (SELECT value FROM json_each(:nodes)))
      AND (:users IS NULL OR user IN (SELECT value FROM json_each(:users)))
      AND (:since IS NULL OR received_at >= :since)
      AND (:until IS NULL OR received_at < :until)
      AND (:part IS NULL OR instr(raw, :part) > 0)
    ORDER BY place
);

-- name: places_of_ids
-- Where the events of some ids are, given as a JSON array: the first and the last position.
SELECT min(seq), max(seq)
FROM json_each(?) AS wanted CROSS JOIN events
WHERE oldest >= substr(wanted.value, 1, 8) AND oldest <= wanted.value AND newest >= wanted.value
  AND events.id = wanted.value;

-- name: ends_of_events
SELECT (SELECT last - amount + 1 FROM bundles ORDER BY last LIMIT 1), (SELECT max(last) FROM bundles);

-- name: oldest_event
SELECT json_extract(heads, '$[0][7]') FROM bundles ORDER BY last LIMIT 1;

-- name: ends_of_quarantine
SELECT min(place), max(place) FROM quarantine;

-- name: first_from
-- The first event at or after a position that was not released: when it was received.
SELECT max(last - amount + 1, :seq),
       json_extract(heads, '$[' || max(0, :seq - (last - amount + 1)) || '][7]')
FROM bundles WHERE last >= :seq AND released = 0 ORDER BY last LIMIT 1;

-- name: released_between
-- The first and the last position of released events that were received in a stretch of time.
SELECT min(seq), max(seq) FROM events
WHERE released = 1
  AND (:since IS NULL OR received_at >= :since)
  AND (:until IS NULL OR received_at < :until);

-- name: positions_dead
SELECT json_group_array(DISTINCT seq) FROM dead WHERE again = 0 AND seq > ? AND seq <= ?;

-- name: positions_waiting
SELECT json_group_array(DISTINCT seq) FROM exceptions WHERE seq > ? AND seq <= ?;

-- name: positions_released
SELECT json_group_array(last) FROM bundles WHERE released = 1 AND last > ? AND last <= ?;
