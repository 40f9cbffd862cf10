-- "MRR of an account = sum over its subscriptions whose status is `active` or `past_due` of quantity x unit_amount x
-- normalization x (1 - discount_percent_forever/100) over licensed items, rounded half-even to the minor unit per item.
-- ... Trials, metered items, paused and canceled subscriptions: 0."
-- "Default status by type: started changed resumed -> active, paused -> paused, canceled -> canceled."
-- "All changes with equal `time` are one instant": of one subscription only the newest of them is a state.
CREATE TABLE subscription_state AS
WITH told AS (
    SELECT
        owner AS account, part AS subscription, at_ms, nth, data,
        data ->> 'currency' AS currency,
        coalesce(data ->> 'status', CASE type
            WHEN 'subscription.paused' THEN 'paused'
            WHEN 'subscription.canceled' THEN 'canceled'
            ELSE 'active'
        END) AS status,
        coalesce(nullif(data ->> 'reason', ''), 'voluntary') AS reason,
        row_number() OVER (PARTITION BY owner, part, at_ms ORDER BY nth DESC) AS place
    FROM event
    WHERE thing = 'subscription'
)

SELECT
    account, subscription, at_ms, nth, currency, status, reason,
    (
        -- `->` hands over the number as it is written in the JSON text, exact to the last digit.
        SELECT
            coalesce(sum(monthly_minor(
                coalesce(nullif(item.value -> 'quantity', 'null'), '1'),
                item.value -> 'unit_amount_minor',
                item.value ->> 'interval',
                coalesce(nullif(item.value -> 'interval_count', 'null'), '1'),
                coalesce(nullif(told.data -> 'discount_percent_forever', 'null'), '0')
            )), 0)
        FROM json_each(told.data, '$.items') AS item
        WHERE coalesce(item.value ->> 'usage', 'licensed') <> 'metered'
    ) AS monthly,
    lead(at_ms) OVER (PARTITION BY account, subscription ORDER BY at_ms) AS until_ms
FROM told
WHERE place = 1;
CREATE INDEX subscription_state_of_account ON subscription_state (account, subscription, at_ms);

-- By how much each new state of a subscription changes the MRR of its account.
CREATE TABLE mrr_difference AS
WITH state AS (
    SELECT account, subscription, at_ms, currency, iif(status IN ('active', 'past_due'), monthly, 0) AS counted
    FROM subscription_state
),

turn AS (
    SELECT
        account, at_ms, currency, counted,
        lag(currency) OVER (PARTITION BY account, subscription ORDER BY at_ms) AS currency_before,
        lag(counted) OVER (PARTITION BY account, subscription ORDER BY at_ms) AS counted_before
    FROM state
)

SELECT account, currency, at_ms, counted AS amount FROM turn
UNION ALL
SELECT account, currency_before, at_ms, -counted_before FROM turn
WHERE currency_before IS NOT NULL;
CREATE INDEX mrr_difference_in_time ON mrr_difference (account, at_ms);

-- "A return of an account's MRR (all currencies) to 0 that is followed within the swap grace ... by MRR above 0 is no churn".
CREATE TABLE swap AS
WITH instant AS (
    SELECT account, at_ms, sum(amount) AS difference FROM mrr_difference
    GROUP BY account, at_ms
),

level AS (
    SELECT account, at_ms, difference, sum(difference) OVER (PARTITION BY account ORDER BY at_ms) AS mrr_after FROM instant
),

next AS (
    -- Not `FILTER`: SQLite 3.40 passes over it where a frame begins at a following row.
    SELECT
        *, min(iif(mrr_after > 0, at_ms, NULL)) OVER (
            PARTITION BY account ORDER BY at_ms ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS paid_again_ms
    FROM level
)

SELECT account, at_ms AS from_ms, paid_again_ms AS until_ms
FROM next
WHERE mrr_after = 0 AND mrr_after - difference > 0 AND paid_again_ms - at_ms <= swap_grace_ms();
CREATE INDEX swap_of_account ON swap (account, from_ms);

-- The MRR of an account in one currency, before and after each instant at which it changes or is told again; during a swap
-- "the account's state before the return is compared with its state at the instant where it is above 0 again, ... dated at
-- that later instant".
CREATE TABLE mrr_change AS
WITH difference AS (
    SELECT
        account, currency, amount,
        coalesce((
            SELECT until_ms
            FROM swap
            WHERE swap.account = mrr_difference.account AND from_ms <= at_ms AND at_ms < until_ms
        ), at_ms) AS at_ms
    FROM mrr_difference
),

instant AS (
    SELECT account, currency, at_ms, sum(amount) AS difference FROM difference
    GROUP BY account, currency, at_ms
),

level AS (
    SELECT *, sum(difference) OVER (PARTITION BY account, currency ORDER BY at_ms) AS mrr_after FROM instant
)

SELECT
    account, currency, at_ms, difference, mrr_after - difference AS mrr_before, mrr_after,
    max(mrr_after) OVER (
        PARTITION BY account, currency ORDER BY at_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) > 0 AS had_mrr_ever
FROM level;

-- lifecycle_mrr_movement: "compare an account's MRR before and after each instant ...: 0->x first time `new`; 0->x later
-- `reactivation`; up `expansion`; down `contraction`; x->0 `churn`. Movement amounts are positive. ... Currencies are
-- separate", and "`new` and `reactivation` are told apart per currency".
INSERT INTO shown VALUES ('lifecycle_mrr_movement', '24h 7d 30d mtd prev_month');
INSERT INTO fact
SELECT
    'lifecycle_mrr_movement',
    json_object('currency', currency, 'movement', CASE
        WHEN mrr_before = 0 AND had_mrr_ever THEN 'reactivation'
        WHEN mrr_before = 0 THEN 'new'
        WHEN mrr_after = 0 THEN 'churn'
        WHEN mrr_after > mrr_before THEN 'expansion'
        ELSE 'contraction'
    END),
    at_ms,
    abs(difference)
FROM mrr_change
WHERE difference <> 0;

-- lifecycle_mrr: "MRR"
CREATE VIEW level_mrr AS
SELECT 'lifecycle_mrr' AS series, json_object('currency', currency) AS labels, sum(difference) AS value
FROM mrr_change, clock
WHERE at_ms < day_end_ms
GROUP BY currency;

-- lifecycle_mrr_at_risk / lifecycle_mrr_paused: "the part on past_due subscriptions; what paused subscriptions would add"
CREATE VIEW level_mrr_aside AS
SELECT
    iif(status = 'past_due', 'lifecycle_mrr_at_risk', 'lifecycle_mrr_paused') AS series,
    json_object('currency', currency) AS labels,
    sum(monthly) AS value
FROM subscription_state, clock
WHERE at_ms < day_end_ms AND (until_ms IS NULL OR until_ms >= day_end_ms) AND status IN ('past_due', 'paused')
GROUP BY status, currency;

-- The months back to whose start an opening balance reaches; a month whose window has no sample has no opening either.
CREATE VIEW opening_month AS
SELECT 'mtd' AS opening, from_ms, until_ms FROM time_window
WHERE name = 'mtd'
UNION ALL
SELECT 'prev_month', previous.from_ms, this.until_ms
FROM time_window AS previous JOIN time_window AS this ON previous.name = 'prev_month' AND this.name = 'mtd';

-- lifecycle_mrr_opening: "level now minus the movements dated in this month (`mtd`), and minus those of this and the
-- previous month (`prev_month`)"
CREATE VIEW level_mrr_opening AS
SELECT
    'lifecycle_mrr_opening' AS series,
    json_object('currency', currency, 'window', opening) AS labels,
    sum(difference) - coalesce(sum(difference) FILTER (WHERE at_ms >= from_ms AND at_ms < until_ms), 0) AS value
FROM mrr_change, opening_month, clock
WHERE at_ms < day_end_ms
GROUP BY currency, opening;

-- lifecycle_invoices: "an invoice was `paid` or its payment `failed`, once per invoice and state, at the first such event"
INSERT INTO shown VALUES ('lifecycle_invoices', '24h 7d 30d mtd');
INSERT INTO fact
SELECT 'lifecycle_invoices', json_object('state', iif(type = 'invoice.paid', 'paid', 'failed')), min(at_ms), 1
FROM event
WHERE thing = 'invoice'
GROUP BY owner, part, type;
