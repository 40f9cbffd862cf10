-- An account is a customer while its MRR, "all currencies together", is above 0. Amounts of different currencies are added
-- here for one question only: is anything left.
CREATE TABLE customer_change AS
WITH instant AS (
    SELECT account, at_ms, sum(difference) AS difference FROM mrr_change
    GROUP BY account, at_ms
),

level AS (
    SELECT account, at_ms, difference, sum(difference) OVER (PARTITION BY account ORDER BY at_ms) AS mrr_after FROM instant
)

SELECT account, at_ms, mrr_after > 0 AS is_customer, mrr_after - difference > 0 AS was_customer FROM level;
CREATE INDEX customer_change_of_account ON customer_change (account, at_ms);

CREATE TABLE customer_loss AS
SELECT account, at_ms FROM customer_change
WHERE was_customer AND NOT is_customer;

CREATE TABLE first_paid (account TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO first_paid SELECT account, min(at_ms) FROM customer_change
WHERE is_customer
GROUP BY account;

-- The first won opportunity of kind new_business is the one whose win comes first; of several "the smallest source and
-- campaign of a won opportunity".
CREATE TABLE first_won (account TEXT PRIMARY KEY, at_ms INTEGER, lead_source TEXT, campaign TEXT) WITHOUT ROWID;
INSERT INTO first_won
WITH won AS (
    SELECT
        account, decided_ms, opportunity_source, campaign,
        row_number() OVER (
            PARTITION BY account ORDER BY decided_nth, opportunity_source, campaign
        ) AS place
    FROM opportunity
    WHERE outcome = 'won' AND kind = 'new_business'
)

SELECT account, decided_ms, opportunity_source, campaign FROM won
WHERE place = 1;

-- lifecycle_new_customers: "an account becomes a customer: the earlier of its first won `new_business` opportunity and the
-- first time its MRR is above 0; once, ever"; source and campaign "of the earliest won `new_business` opportunity if it was
-- won at or before that instant, else `none`"
INSERT INTO shown VALUES ('lifecycle_new_customers', '24h 7d 30d mtd prev_month prev_month_to_date');
INSERT INTO fact
SELECT 'lifecycle_new_customers', json_object('source', lead_source, 'campaign', campaign), first_won.at_ms, 1
FROM first_won LEFT JOIN first_paid USING (account)
WHERE first_paid.at_ms IS NULL OR first_won.at_ms <= first_paid.at_ms;
INSERT INTO fact
SELECT 'lifecycle_new_customers', json_object('source', 'none', 'campaign', 'none'), first_paid.at_ms, 1
FROM first_paid LEFT JOIN first_won USING (account)
WHERE first_won.at_ms IS NULL OR first_paid.at_ms < first_won.at_ms;

-- lifecycle_lost_customers: "an account's MRR, all currencies together, returns to 0; dated then; reason = that of the
-- newest canceled subscription state at that instant (default `voluntary`)": "among the subscriptions whose newest state
-- at that instant is `canceled`, the newest", then "the largest currency, amount and reason of a canceled state".
INSERT INTO shown VALUES ('lifecycle_lost_customers', '24h 7d 30d mtd prev_month');
INSERT INTO fact
SELECT
    'lifecycle_lost_customers',
    json_object('reason', coalesce((
        SELECT state.reason
        FROM subscription_state AS state
        WHERE
            state.account = customer_loss.account AND state.status = 'canceled'
            AND state.at_ms <= customer_loss.at_ms
            AND (state.until_ms IS NULL OR state.until_ms > customer_loss.at_ms)
        ORDER BY state.nth DESC, currency DESC, monthly DESC, reason DESC
        LIMIT 1
    ), 'voluntary')),
    at_ms,
    1
FROM customer_loss;

-- lifecycle_lost_opening_customers: "of those, accounts that had MRR > 0 at the start of the month of the loss; once per
-- account and month"
INSERT INTO shown VALUES ('lifecycle_lost_opening_customers', 'mtd prev_month');
INSERT INTO fact
SELECT 'lifecycle_lost_opening_customers', '{}', min(at_ms), 1
FROM customer_loss
WHERE (
    SELECT is_customer
    FROM customer_change AS change
    WHERE change.account = customer_loss.account AND change.at_ms < month_start_ms(customer_loss.at_ms)
    ORDER BY change.at_ms DESC
    LIMIT 1
)
GROUP BY account, month_of(at_ms);

-- lifecycle_customers: "accounts with MRR > 0 in any currency"
CREATE VIEW level_customers AS
SELECT 'lifecycle_customers' AS series, '{}' AS labels, sum(is_customer - was_customer) AS value
FROM customer_change, clock
WHERE at_ms < day_end_ms;

-- lifecycle_customers_opening: as for the MRR, "customers likewise with their gains and losses"
CREATE VIEW level_customers_opening AS
SELECT
    'lifecycle_customers_opening' AS series,
    json_object('window', opening) AS labels,
    sum(is_customer - was_customer) - coalesce(
        sum(is_customer - was_customer) FILTER (WHERE at_ms >= from_ms AND at_ms < until_ms), 0
    ) AS value
FROM customer_change, opening_month, clock
WHERE at_ms < day_end_ms
GROUP BY opening;

-- lifecycle_cohort_customers / lifecycle_cohort_mrr: "customers and MRR now by the month in which the account's MRR first
-- rose above 0: the last 13 months as YYYY-MM, before that `older`"
CREATE TABLE account_cohort (account TEXT PRIMARY KEY, month TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO account_cohort SELECT account, month_of(at_ms) FROM first_paid;

CREATE VIEW level_cohort_customers AS
SELECT
    'lifecycle_cohort_customers' AS series,
    json_object('cohort', iif(month < oldest_cohort, 'older', month)) AS labels,
    sum(is_customer - was_customer) AS value
FROM customer_change JOIN account_cohort USING (account), clock
WHERE at_ms < day_end_ms
GROUP BY iif(month < oldest_cohort, 'older', month);

CREATE VIEW level_cohort_mrr AS
SELECT
    'lifecycle_cohort_mrr' AS series,
    json_object('cohort', iif(month < oldest_cohort, 'older', month), 'currency', currency) AS labels,
    sum(difference) AS value
FROM mrr_change JOIN account_cohort USING (account), clock
WHERE at_ms < day_end_ms
GROUP BY iif(month < oldest_cohort, 'older', month), currency;
