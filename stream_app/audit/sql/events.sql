-- The events of each entity, "whose events are the union" of those of its ids, again each identity once; `nth` is their
-- order: "earlier, newest and every tie-break go by (time, sequence, rank of the type, id, source)". Events about different
-- things may share it: "then what they say decides", where it matters.
CREATE TABLE event AS
WITH merged AS (
    -- The key of `record` leaves no copies but those across the ids of one entity.
    SELECT
        record.*, one,
        row_number() OVER (PARTITION BY thing, one, part, source, record.id ORDER BY at_ms, type, data) AS copy
    FROM record CROSS JOIN united ON united.entity = record.entity AND united.id = record.owner
),

standing AS (
    SELECT thing, owner, part, source, id, type, at_ms, sequence, rank, data
    FROM record
    WHERE
        NOT EXISTS (
            SELECT 1 FROM united
            WHERE united.entity = record.entity AND united.id = record.owner
        )
    UNION ALL
    SELECT thing, one, part, source, id, type, at_ms, sequence, rank, data FROM merged
    WHERE copy = 1
)

SELECT
    thing, owner, part, source, id, type, at_ms, data,
    rank() OVER (ORDER BY at_ms, sequence, rank, id, source) AS nth
FROM standing;
CREATE INDEX event_of_thing ON event (thing, owner);
