-- Section C: cumulative buckets (`le` = at most), count and sum of the observations dated in the window or of the cohort.
WITH seen AS MATERIALIZED (
    SELECT
        observation.series, json_insert(observation.labels, '$.window', time_window.name) AS labels, observation.value
    FROM shown
    JOIN time_window ON instr(' ' || shown.windows || ' ', ' ' || time_window.name || ' ')
    JOIN observation
        ON
            observation.series = shown.series
            AND observation.at_ms >= time_window.from_ms AND observation.at_ms < time_window.until_ms
    UNION ALL
    SELECT series, labels, value FROM cohort_observation
)

SELECT seen.series || '_bucket', json_insert(seen.labels, '$.le', bucket.le), sum(seen.value <= bucket.bound)
FROM seen JOIN bucket ON bucket.series = seen.series
GROUP BY seen.series, seen.labels, bucket.le
UNION ALL
SELECT series || '_bucket', json_insert(labels, '$.le', '+Inf'), count(*) FROM seen
GROUP BY series, labels
UNION ALL
SELECT series || '_gcount', labels, count(*) FROM seen
GROUP BY series, labels
UNION ALL
SELECT series || '_gsum', labels, sum(value) FROM seen
GROUP BY series, labels
