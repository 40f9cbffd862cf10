-- The events of each entity, "whose events are the union" of those of its ids, again each identity once; `nth` is their
-- order: "earlier, newest and every tie-break go by (time, sequence, rank of the type, id, source)". Events about different
-- things may share it: "then what they say decides", where it matters.
CREATE TABLE event AS
WITH owned AS (
    SELECT record.*, coalesce(united.one, owner) AS whole
    FROM record LEFT JOIN united ON united.entity = record.entity AND united.id = record.owner
),
placed AS (
    SELECT *, row_number() OVER (PARTITION BY thing, whole, part, source, id ORDER BY at_ms, type, data) AS copy
    FROM owned
)
SELECT
    thing, whole AS owner, part, source, id, type, at_ms, data,
    rank() OVER (ORDER BY at_ms, sequence, rank, id, source) AS nth
FROM placed
WHERE copy = 1;
CREATE INDEX event_of_thing ON event (thing, owner);
