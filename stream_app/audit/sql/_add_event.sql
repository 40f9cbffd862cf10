INSERT INTO record (thing, entity, owner, part, source, id, type, at_ms, sequence, rank, data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    type = excluded.type, at_ms = excluded.at_ms, sequence = excluded.sequence, rank = excluded.rank, data = excluded.data
WHERE (excluded.at_ms, excluded.type, excluded.data) < (record.at_ms, record.type, record.data)
