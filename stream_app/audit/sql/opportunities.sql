-- "The newest of `won`, `lost`, `reopened` decides; `reopened` = neither won nor lost"; "`won`/`lost` are dated at the first
-- event of that outcome after the last `reopened`"; `deleted`: "while it is the newest event of the opportunity, that
-- opportunity contributes nothing anywhere". Amount and labels come from the newest event.
CREATE TABLE opportunity AS
WITH stated AS (
    SELECT
        owner AS account, part AS opportunity, at_ms, nth, substr(type, length('opportunity.') + 1) AS state,
        max(nth) FILTER (WHERE type = 'opportunity.reopened') OVER whole AS reopened_nth,
        row_number() OVER (whole ORDER BY nth DESC) = 1 AS is_newest,
        data ->> 'kind' AS kind, data ->> 'amount_minor' AS amount, data ->> 'currency' AS currency,
        coalesce(nullif(data ->> 'source', ''), 'none') AS opportunity_source,
        coalesce(nullif(data ->> 'channel', ''), 'none') AS channel,
        coalesce(nullif(data ->> 'campaign_id', ''), 'none') AS campaign
    FROM event
    WHERE thing = 'opportunity'
    WINDOW whole AS (PARTITION BY owner, part)
),

decided AS (
    SELECT
        account, opportunity, state, at_ms, nth,
        last_value(state) OVER (
            PARTITION BY account, opportunity ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS outcome
    FROM stated
    WHERE state IN ('won', 'lost') AND (reopened_nth IS NULL OR nth > reopened_nth)
),

decision AS (
    SELECT account, opportunity, outcome, min(nth) AS nth, min(at_ms) AS at_ms
    FROM decided
    WHERE state = outcome
    GROUP BY account, opportunity
),

opened AS (
    SELECT account, opportunity, min(at_ms) AS at_ms FROM stated
    WHERE state <> 'deleted'
    GROUP BY account, opportunity
)

SELECT
    newest.account, newest.opportunity, opened.at_ms AS created_ms,
    decision.outcome, decision.at_ms AS decided_ms, decision.nth AS decided_nth,
    newest.kind, newest.amount, newest.currency, newest.opportunity_source, newest.channel, newest.campaign
FROM stated AS newest
JOIN opened USING (account, opportunity)
LEFT JOIN decision USING (account, opportunity)
WHERE newest.is_newest AND newest.state <> 'deleted';

-- lifecycle_opportunities: "an opportunity is `created` (at its earliest event of any type); `won` / `lost`: the
-- newest of `won`, `lost`, `reopened` decides"
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

-- What each opportunity was from state to state, as each of them said at its time: "by the events until then".
CREATE TABLE opportunity_state AS
WITH told AS (
    SELECT
        owner AS account, part AS opportunity, at_ms, nth, type, data ->> 'kind' AS kind,
        data ->> 'amount_minor' AS amount, data ->> 'currency' AS currency,
        max(nth) FILTER (WHERE type IN ('opportunity.won', 'opportunity.lost')) OVER so_far AS decided_nth,
        max(nth) FILTER (WHERE type = 'opportunity.reopened') OVER so_far AS reopened_nth,
        lead(at_ms) OVER so_far AS until_ms
    FROM event
    WHERE thing = 'opportunity'
    WINDOW so_far AS (PARTITION BY owner, part ORDER BY nth)
)

SELECT
    account, opportunity, at_ms, until_ms, kind, amount, currency,
    type <> 'opportunity.deleted' AND coalesce(reopened_nth, 0) >= coalesce(decided_nth, 0) AS is_open
FROM told;

-- lifecycle_open_pipeline: "amount of opportunities neither won nor lost"
CREATE VIEW level_open_pipeline AS
SELECT
    'lifecycle_open_pipeline' AS series,
    json_object('currency', currency, 'kind', kind) AS labels,
    sum(amount) AS value
FROM opportunity_state, clock
WHERE is_open AND at_ms < day_end_ms AND (until_ms IS NULL OR until_ms >= day_end_ms)
GROUP BY currency, kind;
