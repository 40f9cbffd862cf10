-- For lifecycle_lead_velocity_rate: first entries into `mql` in every window, those included that no series is shown in.
SELECT 'mql_entries', json_object('window', window.name), sum(fact.amount)
FROM window
JOIN fact
    ON fact.series = 'lifecycle_stage_entries' AND fact.labels ->> 'funnel_stage' = 'mql'
    AND fact.at_ms >= window.from_ms AND fact.at_ms < window.until_ms
GROUP BY window.name
