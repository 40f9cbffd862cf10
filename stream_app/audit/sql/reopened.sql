-- "A not-ready episode is [first not_ready, next other status); consecutive not_ready are one episode."
CREATE TABLE not_ready_episode AS
WITH told AS (
    SELECT *, lag(status) OVER (PARTITION BY lead ORDER BY nth) IS NOT status AS is_entry FROM status_told
),

spell AS (
    SELECT
        lead, status, at_ms AS from_ms,
        lead(at_ms) OVER (PARTITION BY lead ORDER BY nth) AS until_ms,
        row_number() OVER (PARTITION BY lead ORDER BY nth) AS nth
    FROM told
    WHERE is_entry
)

SELECT lead, nth, from_ms, until_ms FROM spell
WHERE status = 'not_ready';

-- "Reopening engagements: email.clicked that is not `machine`, email.replied, lead.engaged except page_view."
CREATE TABLE engagement (lead TEXT NOT NULL, at_ms INTEGER NOT NULL);
INSERT INTO engagement
SELECT lead, at_ms FROM email_event
WHERE state = 'clicked' AND NOT machine OR state = 'replied'
UNION ALL
SELECT owner, at_ms FROM event
WHERE thing = 'lead.engaged' AND data ->> 'kind' <> 'page_view';
CREATE INDEX engagement_of_lead ON engagement (lead, at_ms);

-- lifecycle_reopened_leads: "once per not-ready episode: the earliest of a human click, a reply, or lead.engaged (not
-- page_view) inside the episode, provided the lead was in a program at that time (an enrollment that began at or before it
-- and whose program.exited is not at or before it): the earliest engagement that meets all of this; opens never reopen.
-- Dated at that engagement"; program "of the latest such enrollment", the one that began latest: by its order, then
-- "the largest program".
INSERT INTO shown VALUES ('lifecycle_reopened_leads', '5m 1h 24h 7d 30d mtd');
INSERT INTO fact
WITH candidate AS (
    SELECT
        enrollment.program,
        engagement.at_ms,
        row_number() OVER (
            PARTITION BY episode.lead, episode.nth
            ORDER BY engagement.at_ms, begun_nth DESC, program DESC
        ) AS place
    FROM not_ready_episode AS episode
    JOIN engagement
        ON
            engagement.lead = episode.lead
            AND engagement.at_ms >= episode.from_ms
            AND (episode.until_ms IS NULL OR engagement.at_ms < episode.until_ms)
    JOIN enrollment
        ON
            enrollment.lead = episode.lead
            AND enrollment.begun_ms <= engagement.at_ms
            AND (enrollment.ended_ms IS NULL OR enrollment.ended_ms > engagement.at_ms)
)

SELECT 'lifecycle_reopened_leads', json_object('program', program), at_ms, 1 FROM candidate
WHERE place = 1;
