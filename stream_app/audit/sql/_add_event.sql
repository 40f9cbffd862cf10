INSERT INTO event (thing, owner, part, source, id, type, at_ms, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET type = excluded.type, at_ms = excluded.at_ms, data = excluded.data
WHERE (excluded.at_ms, excluded.type, excluded.data) < (event.at_ms, event.type, event.data)
