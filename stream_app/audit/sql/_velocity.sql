-- For lifecycle_lead_velocity_rate: first entries into `mql` in every window, those included that no series is shown in.
SELECT 'mql_entries', json_object('window', time_window.name), sum(fact.amount)
FROM time_window
JOIN fact
    ON
        fact.series = 'lifecycle_stage_entries' AND fact.labels ->> 'funnel_stage' = 'mql'
        AND fact.at_ms >= time_window.from_ms AND fact.at_ms < time_window.until_ms
GROUP BY time_window.name
