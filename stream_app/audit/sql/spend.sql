-- "The newest replaces the whole record."
CREATE TABLE spend AS
WITH told AS (
    SELECT *, row_number() OVER (PARTITION BY owner ORDER BY nth DESC) AS place
    FROM event
    WHERE thing = 'spend'
)

SELECT
    data ->> 'amount_minor' AS amount,
    data ->> 'period_start' AS first_day,
    CAST(julianday(data ->> 'period_end') - julianday(data ->> 'period_start') AS INTEGER) + 1 AS days,
    json_object(
        'currency', data ->> 'currency',
        'kind', data ->> 'kind',
        'program', coalesce(nullif(data ->> 'program_id', ''), 'none'),
        'channel', coalesce(nullif(data ->> 'channel', ''), 'none'),
        'campaign', coalesce(nullif(data ->> 'campaign_id', ''), 'none')
    ) AS labels
FROM told
WHERE place = 1;

-- lifecycle_spend: "spend, spread over its period by day"; "evenly, remainders to the first days", each share "dated at the
-- first instant of that local day"
INSERT INTO shown VALUES ('lifecycle_spend', '30d mtd prev_month');
INSERT INTO fact
WITH RECURSIVE nth (day) AS (
    SELECT 0
    UNION ALL
    SELECT day + 1 FROM nth
    WHERE day + 1 < (SELECT max(days) FROM spend)
)

SELECT
    'lifecycle_spend',
    labels,
    day_start_ms(date(first_day, '+' || day || ' days')),
    amount / days + (day < amount % days)
FROM spend JOIN nth ON nth.day < spend.days;
