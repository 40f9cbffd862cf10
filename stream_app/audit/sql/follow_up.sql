-- "followed up by the first, by order, of these at or after the entry: a stage sal sql opportunity customer (outcome
-- `accepted`), a status working (`worked`), disqualified or not_ready (`rejected`), an engagement meeting or call (`worked`)"
CREATE TABLE sales_action AS
SELECT owner AS lead, at_ms, nth, 'accepted' AS outcome
FROM event
WHERE thing = 'lead.stage_changed' AND data ->> 'to' IN ('sal', 'sql', 'opportunity', 'customer')
UNION ALL
SELECT owner, at_ms, nth, iif(data ->> 'to' = 'working', 'worked', 'rejected')
FROM event
WHERE thing = 'lead.status_changed' AND data ->> 'to' IN ('working', 'disqualified', 'not_ready')
UNION ALL
SELECT owner, at_ms, nth, 'worked'
FROM event
WHERE thing = 'lead.engaged' AND data ->> 'kind' IN ('meeting', 'call');
CREATE INDEX sales_action_of_lead ON sales_action (lead, nth);

-- "An MQL (first entry into mql) falls due at entry + STREAM_APP_FOLLOW_UP_HOURS". Of actions that share their order "the
-- smallest outcome of a follow-up".
CREATE TABLE mql AS
WITH answer AS (
    SELECT
        entry.lead, entry.at_ms, action.at_ms AS done_ms, action.outcome,
        row_number() OVER (PARTITION BY entry.lead ORDER BY action.nth, action.outcome) AS place
    FROM stage_history AS entry
    LEFT JOIN sales_action AS action ON action.lead = entry.lead AND action.at_ms >= entry.at_ms
    WHERE entry.stage = 'mql' AND entry.visit = 1
)

SELECT
    lead, answer.at_ms, follow_up_due_ms(answer.at_ms) AS due_ms, coalesce(lead_source, 'none') AS lead_source,
    done_ms, outcome
FROM answer LEFT JOIN lead_origin USING (lead)
WHERE place = 1;

-- lifecycle_mql_follow_ups: "follow-ups, dated at them"
INSERT INTO shown VALUES ('lifecycle_mql_follow_ups', '24h 7d 30d mtd prev_month');
INSERT INTO fact
SELECT 'lifecycle_mql_follow_ups', json_object('outcome', outcome, 'source', lead_source), done_ms, 1
FROM mql
WHERE done_ms IS NOT NULL;

-- lifecycle_mql_due / lifecycle_mql_on_time: "due in the window", and of those "followed up by the due time"
INSERT INTO shown VALUES ('lifecycle_mql_due', '7d 30d mtd prev_month'), ('lifecycle_mql_on_time', '7d 30d mtd prev_month');
INSERT INTO fact SELECT 'lifecycle_mql_due', json_object('source', lead_source), due_ms, 1 FROM mql;
INSERT INTO fact
SELECT 'lifecycle_mql_on_time', json_object('source', lead_source), due_ms, 1 FROM mql
WHERE done_ms <= due_ms;

-- lifecycle_mql_follow_up_seconds: "entry to follow-up"
INSERT INTO shown VALUES ('lifecycle_mql_follow_up_seconds', '30d mtd');
INSERT INTO bucket
SELECT 'lifecycle_mql_follow_up_seconds', column1 * 3600000, bound_label(column1 * 3600)
FROM (VALUES (1), (4), (8), (24), (48), (72), (168), (336), (720));
INSERT INTO observation
SELECT 'lifecycle_mql_follow_up_seconds', json_object('source', lead_source), done_ms, done_ms - at_ms
FROM mql
WHERE done_ms IS NOT NULL;

-- lifecycle_mql_waiting: "not followed up yet"
CREATE VIEW level_mql_waiting AS
SELECT 'lifecycle_mql_waiting' AS series, json_object('source', lead_source) AS labels, count(*) AS value
FROM mql, clock
WHERE at_ms < day_end_ms AND (done_ms IS NULL OR done_ms >= day_end_ms)
GROUP BY lead_source;

-- "an erased lead is never overdue": its due time goes, all else that it contributed stays.
CREATE TABLE waiting_mql AS
SELECT lead_source, due_ms
FROM mql
WHERE done_ms IS NULL AND lead NOT IN (
    SELECT owner FROM event
    WHERE thing = 'lead.erased'
);

-- lifecycle_mql_overdue: "of those past due"
CREATE VIEW level_mql_overdue AS
SELECT 'lifecycle_mql_overdue' AS series, json_object('source', lead_source) AS labels, count(*) AS value
FROM waiting_mql
WHERE due_ms < (SELECT now_ms FROM clock) AND NOT (SELECT is_past FROM clock)
GROUP BY lead_source;

-- lifecycle_mql_oldest_due_timestamp_seconds: "earliest due" (here in milliseconds)
CREATE VIEW level_mql_oldest_due AS
SELECT
    'lifecycle_mql_oldest_due_timestamp_seconds' AS series,
    json_object('source', lead_source) AS labels,
    min(due_ms) AS value
FROM waiting_mql
WHERE NOT (SELECT is_past FROM clock)
GROUP BY lead_source;
