-- "An opportunity's amount and labels from its newest event"; "its newest won-or-lost event says which,
-- dated at the first event of that outcome".
CREATE TABLE opportunity AS
WITH told AS (
    SELECT
        owner AS account, part AS opportunity, at_ms, id, source,
        CASE type WHEN 'opportunity.won' THEN 'won' WHEN 'opportunity.lost' THEN 'lost' END AS verdict,
        data ->> 'kind' AS kind, data ->> 'amount_minor' AS amount, data ->> 'currency' AS currency,
        coalesce(nullif(data ->> 'source', ''), 'none') AS opportunity_source,
        coalesce(nullif(data ->> 'channel', ''), 'none') AS channel,
        coalesce(nullif(data ->> 'campaign_id', ''), 'none') AS campaign
    FROM event
    WHERE thing = 'opportunity'
),
placed AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY account, opportunity ORDER BY at_ms DESC, id DESC, source DESC) = 1 AS is_newest,
        row_number() OVER (
            PARTITION BY account, opportunity ORDER BY verdict IS NULL, at_ms DESC, id DESC, source DESC
        ) = 1 AND verdict IS NOT NULL AS decides,
        row_number() OVER (PARTITION BY account, opportunity, verdict ORDER BY at_ms, id, source) = 1 AS is_first_such
    FROM told
),
whole AS (
    SELECT
        account, opportunity,
        min(at_ms) AS created_ms,
        max(verdict) FILTER (WHERE decides) AS outcome,
        max(kind) FILTER (WHERE is_newest) AS kind,
        max(amount) FILTER (WHERE is_newest) AS amount,
        max(currency) FILTER (WHERE is_newest) AS currency,
        max(opportunity_source) FILTER (WHERE is_newest) AS opportunity_source,
        max(channel) FILTER (WHERE is_newest) AS channel,
        max(campaign) FILTER (WHERE is_newest) AS campaign
    FROM placed
    GROUP BY account, opportunity
)
SELECT whole.*, decided.at_ms AS decided_ms, decided.id AS decided_id, decided.source AS decided_source
FROM whole
LEFT JOIN placed AS decided
    ON decided.account = whole.account AND decided.opportunity = whole.opportunity
    AND decided.verdict = whole.outcome AND decided.is_first_such;

-- lifecycle_opportunities: "an opportunity is `created` (at its earliest event of any type); `won` / `lost`: its newest
-- won-or-lost event says which, dated at the first event of that outcome"
INSERT INTO shown VALUES ('lifecycle_opportunities', '24h 7d 30d mtd prev_month prev_month_to_date');
INSERT INTO fact
SELECT 'lifecycle_opportunities', json_object('state', 'created', 'kind', kind), created_ms, 1 FROM opportunity;
INSERT INTO fact
SELECT 'lifecycle_opportunities', json_object('state', outcome, 'kind', kind), decided_ms, 1
FROM opportunity
WHERE outcome IS NOT NULL;

-- lifecycle_bookings: "amount of the opportunities whose outcome is `won`, dated at the win"
INSERT INTO shown VALUES ('lifecycle_bookings', '30d mtd prev_month');
INSERT INTO fact
SELECT
    'lifecycle_bookings',
    json_object(
        'currency', currency, 'kind', kind, 'source', opportunity_source, 'channel', channel, 'campaign', campaign
    ),
    decided_ms,
    amount
FROM opportunity
WHERE outcome = 'won';

-- lifecycle_open_pipeline: "amount of opportunities neither won nor lost"
CREATE VIEW level_open_pipeline AS
SELECT
    'lifecycle_open_pipeline' AS series,
    json_object('currency', currency, 'kind', kind) AS labels,
    sum(amount) AS value
FROM opportunity
WHERE outcome IS NULL
GROUP BY currency, kind;
