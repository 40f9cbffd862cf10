-- lifecycle_reach: "counts recorded for a day (newest record of each reach_id), dated at that day", at its first instant
INSERT INTO shown VALUES ('lifecycle_reach', '24h 7d 30d mtd prev_month prev_month_to_date');
INSERT INTO fact
WITH told AS (
    SELECT *, row_number() OVER (PARTITION BY owner ORDER BY nth DESC) AS place
    FROM event
    WHERE thing = 'reach'
)

SELECT
    'lifecycle_reach',
    json_object(
        'kind', data ->> 'kind',
        'channel', coalesce(nullif(data ->> 'channel', ''), 'none'),
        'campaign', coalesce(nullif(data ->> 'campaign_id', ''), 'none')
    ),
    day_start_ms(data ->> 'day'),
    data ->> 'count'
FROM told
WHERE place = 1;
