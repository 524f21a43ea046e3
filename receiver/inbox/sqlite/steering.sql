-- How routes are steered (receiver.inbox.steering).

-- name: steer
UPDATE routes SET flow = ?, flow_at = ? WHERE route = ?;

-- name: flows
SELECT route, flow, flow_at, removed_at FROM routes ORDER BY route;

-- name: rename_route
UPDATE routes SET route = :new, removed_at = NULL
WHERE route = :old AND NOT EXISTS (SELECT 1 FROM routes WHERE route = :new);

-- name: mark_removed
UPDATE routes SET removed_at = ?
WHERE removed_at IS NULL AND route NOT IN (SELECT value FROM json_each(?));

-- name: mark_live
UPDATE routes SET removed_at = NULL
WHERE removed_at IS NOT NULL AND route IN (SELECT value FROM json_each(?));

-- name: removed_before
SELECT route FROM routes WHERE removed_at <= ? ORDER BY route;

-- name: forget_route
DELETE FROM routes WHERE route = ?;

-- name: tables_of_routes
-- Every other table that has a column `route`, with the columns of its primary key.
SELECT tables.name, group_concat(keys.name)
FROM sqlite_schema AS tables
JOIN pragma_table_info(tables.name) AS columns ON columns.name = 'route'
JOIN pragma_table_info(tables.name) AS keys ON keys.pk > 0
WHERE tables.type = 'table' AND tables.name <> 'routes'
GROUP BY tables.name;
