-- "A lead's source, channel and campaign each come from the earliest lead.created that states it" ...; "stated nowhere: `unknown`
-- for the source if there is a lead.created, else `none`"; "an empty label value is an absent one".
CREATE TABLE lead_created AS
SELECT
    owner AS lead, at_ms, nth,
    coalesce(data ->> 'is_import', 0) AS is_import,
    data ->> 'score' AS score,
    nullif(data ->> 'source', '') AS lead_source,
    nullif(data ->> 'channel', '') AS channel,
    nullif(data ->> 'campaign_id', '') AS campaign
FROM event
WHERE thing = 'lead.created';

CREATE INDEX lead_created_in_order ON lead_created (lead, nth);

CREATE TABLE lead_origin (
    lead TEXT PRIMARY KEY, at_ms INTEGER, nth INTEGER, lead_source TEXT, channel TEXT, campaign TEXT
) WITHOUT ROWID;
INSERT INTO lead_origin
WITH first_stated AS (
    SELECT
        lead, min(at_ms) AS at_ms, min(nth) AS nth,
        min(nth) FILTER (WHERE lead_source IS NOT NULL) AS of_source,
        min(nth) FILTER (WHERE channel IS NOT NULL) AS of_channel,
        min(nth) FILTER (WHERE campaign IS NOT NULL) AS of_campaign
    FROM lead_created
    GROUP BY lead
)

SELECT
    first_stated.lead, first_stated.at_ms, first_stated.nth,
    coalesce((
        SELECT lead_source FROM lead_created
        WHERE lead_created.lead = first_stated.lead AND nth = of_source
    ), 'unknown'),
    coalesce((
        SELECT channel FROM lead_created
        WHERE lead_created.lead = first_stated.lead AND nth = of_channel
    ), 'none'),
    coalesce((
        SELECT campaign FROM lead_created
        WHERE lead_created.lead = first_stated.lead AND nth = of_campaign
    ), 'none')
FROM first_stated;

-- lifecycle_new_leads: "a lead exists: lead.created with is_import=false, at its time (earliest, if several)"
CREATE TABLE new_lead AS
SELECT lead, min(at_ms) AS at_ms FROM lead_created
WHERE NOT is_import
GROUP BY lead;

INSERT INTO shown VALUES ('lifecycle_new_leads', '5m 1h 24h 7d 30d mtd prev_month prev_month_to_date');
INSERT INTO fact
SELECT
    'lifecycle_new_leads',
    json_object('source', lead_source, 'channel', channel, 'campaign', campaign),
    new_lead.at_ms,
    1
FROM new_lead JOIN lead_origin USING (lead);

-- "lead.created stands in the stage history as an entry into `lead` only if it is earlier than every stage_changed to
-- `lead` (the earliest lead.created if there are several)."
CREATE TABLE stage_told AS
SELECT owner AS lead, data ->> 'to' AS stage, at_ms, nth FROM event
WHERE thing = 'lead.stage_changed'
UNION ALL
SELECT lead, 'lead', at_ms, nth
FROM lead_origin
WHERE NOT EXISTS (
    SELECT 1
    FROM event
    WHERE
        thing = 'lead.stage_changed' AND owner = lead AND data ->> 'to' = 'lead'
        AND event.nth < lead_origin.nth
);

-- "Stages in time order, equal neighbors collapsed, are the lead's stage history."
CREATE TABLE stage_history AS
WITH told AS (
    SELECT *, lag(stage) OVER (PARTITION BY lead ORDER BY nth) IS NOT stage AS is_entry
    FROM stage_told
)

SELECT
    lead, stage, at_ms, nth,
    row_number() OVER (PARTITION BY lead, stage ORDER BY nth) AS visit,
    lead(at_ms) OVER (PARTITION BY lead ORDER BY nth) AS until_ms
FROM told
WHERE is_entry;

-- lifecycle_stage_entries: "a lead enters a funnel stage for the first time, at that first time"
INSERT INTO shown VALUES ('lifecycle_stage_entries', '5m 1h 24h 7d 30d mtd prev_month prev_month_to_date');
INSERT INTO fact
SELECT
    'lifecycle_stage_entries',
    json_object('funnel_stage', stage, 'source', coalesce(lead_source, 'none'), 'campaign', coalesce(campaign, 'none')),
    stage_history.at_ms,
    1
FROM stage_history LEFT JOIN lead_origin USING (lead)
WHERE visit = 1;

-- lifecycle_lead_mql_cohort: "leads by the time of their creation that became MQL within 30 days of it", imports excluded;
-- a lead that was an MQL before its creation was told counts, too.
INSERT INTO shown VALUES ('lifecycle_lead_mql_cohort', '30d mtd prev_month');
INSERT INTO fact
SELECT 'lifecycle_lead_mql_cohort', '{}', new_lead.at_ms, 1
FROM new_lead JOIN stage_history USING (lead)
WHERE stage = 'mql' AND visit = 1 AND stage_history.at_ms - new_lead.at_ms <= 30 * 86400000;

-- lifecycle_stage_reentries: "a lead enters a stage again after having been in another"
INSERT INTO shown VALUES ('lifecycle_stage_reentries', '24h 7d 30d mtd');
INSERT INTO fact
SELECT 'lifecycle_stage_reentries', json_object('funnel_stage', stage), at_ms, 1 FROM stage_history
WHERE visit > 1;

CREATE TABLE status_told AS
SELECT
    owner AS lead, data ->> 'to' AS status, at_ms, nth,
    lead(at_ms) OVER (PARTITION BY owner ORDER BY nth) AS until_ms
FROM event
WHERE thing = 'lead.status_changed';

-- lifecycle_leads_in_stage: "leads whose latest stage is this ...; disqualified leads excluded", where disqualified is a
-- lead "whose newest status is disqualified ..., until a newer status".
CREATE VIEW level_leads_in_stage AS
SELECT
    'lifecycle_leads_in_stage' AS series,
    json_object('funnel_stage', stage) AS labels,
    count(*) AS value
FROM stage_history, clock
WHERE
    at_ms < day_end_ms AND (until_ms IS NULL OR until_ms >= day_end_ms)
    AND lead NOT IN (
        SELECT lead FROM status_told
        WHERE
            status = 'disqualified' AND at_ms < (SELECT day_end_ms FROM clock)
            AND (until_ms IS NULL OR until_ms >= (SELECT day_end_ms FROM clock))
    )
GROUP BY stage;

-- lifecycle_stage_transition_seconds: "first entry into a stage minus first entry into the previous of
-- lead -> mql -> sql -> customer (previous must be earlier or equal)"
INSERT INTO shown VALUES ('lifecycle_stage_transition_seconds', '30d mtd');
INSERT INTO bucket
SELECT 'lifecycle_stage_transition_seconds', column1 * 3600000, bound_label(column1 * 3600)
FROM (VALUES (1), (6), (24), (72), (168), (336), (720), (1440), (2160), (4320), (8760));
INSERT INTO observation
WITH transition (earlier, later, name) AS (
    VALUES ('lead', 'mql', 'lead_mql'), ('mql', 'sql', 'mql_sql'), ('sql', 'customer', 'sql_customer')
),

first_entry AS MATERIALIZED (
    SELECT lead, stage, at_ms FROM stage_history
    WHERE visit = 1
)

SELECT
    'lifecycle_stage_transition_seconds',
    json_object('transition', transition.name),
    entered.at_ms,
    entered.at_ms - previous.at_ms
FROM transition
JOIN first_entry AS entered ON entered.stage = transition.later
JOIN first_entry AS previous ON previous.lead = entered.lead AND previous.stage = transition.earlier
WHERE previous.at_ms <= entered.at_ms;
