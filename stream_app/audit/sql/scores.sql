-- "A lead's scores are those of its score_changed events and of its earliest lead.created that carries one", in order;
-- "the activity is the later one's (`created` ...: then it is `unknown`)."
CREATE TABLE score AS
WITH created AS (
    SELECT lead, at_ms, nth, score, row_number() OVER (PARTITION BY lead ORDER BY nth) AS place
    FROM lead_created
    WHERE score IS NOT NULL
),

told AS (
    SELECT
        owner AS lead, at_ms, nth, data ->> 'score' AS score,
        coalesce(nullif(data ->> 'activity', ''), 'unknown') AS activity
    FROM event
    WHERE thing = 'lead.score_changed'
    UNION ALL
    SELECT lead, at_ms, nth, score, 'unknown' FROM created
    WHERE place = 1
)

SELECT
    lead, at_ms, nth, score, activity,
    score - lag(score) OVER (PARTITION BY lead ORDER BY nth) AS difference
FROM told;
CREATE INDEX score_of_lead ON score (lead, at_ms, nth, score);

-- lifecycle_score_delta / lifecycle_score_changes: "difference between consecutive scores of a lead by event time (sum) /
-- how many, by the activity of the later one; ... the first score has no difference"
INSERT INTO shown VALUES ('lifecycle_score_delta', '24h 7d 30d'), ('lifecycle_score_changes', '24h 7d 30d');
INSERT INTO fact
SELECT 'lifecycle_score_delta', json_object('activity', activity), at_ms, difference
FROM score
WHERE difference IS NOT NULL;
INSERT INTO fact
SELECT 'lifecycle_score_changes', json_object('activity', activity), at_ms, 1 FROM score
WHERE difference IS NOT NULL;

-- lifecycle_new_lead_score: "score of each new lead as of the end of the month in which it was created (the last score by
-- then; during the month, so far); label cohort = YYYY-MM, the last 13", "by the local month of" lifecycle_new_leads.
-- "No score by then: no observation." A cohort is no window: these observations are counted as a whole.
INSERT INTO bucket
SELECT 'lifecycle_new_lead_score', value, value || '.0'
FROM json_each('[0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]');
CREATE VIEW new_lead_score AS
SELECT
    month_of(new_lead.at_ms) AS cohort,
    (
        SELECT score
        FROM score
        WHERE
            score.lead = new_lead.lead AND score.at_ms < next_month_start_ms(new_lead.at_ms)
            AND score.at_ms < day_end_ms
        ORDER BY nth DESC
        LIMIT 1
    ) AS value
FROM new_lead, clock
WHERE new_lead.at_ms < day_end_ms;
CREATE VIEW cohort_observation AS
SELECT 'lifecycle_new_lead_score' AS series, json_object('cohort', cohort) AS labels, value
FROM new_lead_score, clock
WHERE value IS NOT NULL AND cohort BETWEEN oldest_cohort AND newest_cohort;
