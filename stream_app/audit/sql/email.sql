-- "The facts of one message carry the labels of its earliest `sent` (else earliest event): program, step, audience."
CREATE TABLE email_event AS
SELECT
    owner AS lead, part AS message,
    iif(type = 'email.bounced' AND data ->> 'bounce' = 'soft', 'soft_bounced', substr(type, length('email.') + 1)) AS state,
    at_ms, nth,
    coalesce(data ->> 'machine', 0) AS machine,
    coalesce(nullif(data ->> 'program_id', ''), 'none') AS program,
    coalesce(nullif(data ->> 'step_id', ''), 'none') AS step,
    coalesce(nullif(data ->> 'audience', ''), 'prospect') AS audience
FROM event
WHERE thing = 'email';

CREATE INDEX email_event_of_message ON email_event (lead, message, state);

CREATE TABLE message (
    lead TEXT, message TEXT, program TEXT, step TEXT, audience TEXT, PRIMARY KEY (lead, message)
) WITHOUT ROWID;
INSERT INTO message
WITH told AS (
    SELECT
        lead, message, program, step, audience,
        row_number() OVER (PARTITION BY lead, message ORDER BY state <> 'sent', nth) AS place
    FROM email_event
)

SELECT lead, message, program, step, audience FROM told
WHERE place = 1;

-- "`bounced` are hard and unstated bounces; a message whose only bounces are soft is `soft_bounced`."
DELETE FROM email_event
WHERE state = 'soft_bounced' AND EXISTS (
    SELECT 1
    FROM email_event AS other
    WHERE other.lead = email_event.lead AND other.message = email_event.message AND other.state = 'bounced'
);

-- When a message first reached what: humans and machines apart, because only what humans did is a state.
CREATE TABLE message_reached AS
SELECT lead, message, state, state IN ('opened', 'clicked') AND machine AS by_machine, min(at_ms) AS at_ms
FROM email_event
GROUP BY lead, message, state, state IN ('opened', 'clicked') AND machine;

-- lifecycle_email_messages: "a message reached a state, unique per message, dated at the first such event: sent delivered
-- bounced soft_bounced opened clicked replied unsubscribed complained; for opened and clicked, human events only"
INSERT INTO shown VALUES ('lifecycle_email_messages', '5m 1h 24h 7d 30d mtd');
INSERT INTO fact
SELECT
    'lifecycle_email_messages',
    json_object('state', state, 'program', program, 'step', step, 'audience', audience),
    at_ms,
    1
FROM message_reached JOIN message USING (lead, message)
WHERE NOT by_machine;

-- lifecycle_email_events: "every distinct open and click event (not unique)"
INSERT INTO shown VALUES ('lifecycle_email_events', '5m 1h 24h 7d');
INSERT INTO fact
SELECT
    'lifecycle_email_events',
    json_object('kind', state, 'machine', iif(machine, 'true', 'false'), 'program', message.program),
    at_ms,
    1
FROM email_event JOIN message USING (lead, message)
WHERE state IN ('opened', 'clicked');

-- lifecycle_email_cohort: "the same states by SEND time: a message counts in the bucket of its `sent`; state `delivered`
-- needs delivered, opened, clicked or replied (human or machine), `opened` counts if opened or clicked (human), `clicked`
-- if clicked (human). Messages never sent are not in it"
CREATE TABLE sent_message AS
SELECT
    lead, message,
    min(at_ms) FILTER (WHERE state = 'sent') AS at_ms,
    max(state IN ('delivered', 'opened', 'clicked', 'replied')) AS delivered,
    max(state = 'bounced') AS bounced,
    max(state = 'soft_bounced') AS soft_bounced,
    max(state IN ('opened', 'clicked') AND NOT by_machine) AS opened,
    max(state = 'clicked' AND NOT by_machine) AS clicked,
    max(state = 'replied') AS replied,
    max(state = 'unsubscribed') AS unsubscribed,
    max(state = 'complained') AS complained,
    max(state = 'opened' AND by_machine) AS opened_by_machine
FROM message_reached
GROUP BY lead, message
HAVING max(state = 'sent');

INSERT INTO shown VALUES ('lifecycle_email_cohort', '24h 7d 30d mtd');
INSERT INTO fact
WITH reached AS (
    SELECT lead, message, at_ms, 'sent' AS state FROM sent_message
    UNION ALL
    SELECT lead, message, at_ms, 'delivered' FROM sent_message
    WHERE delivered
    UNION ALL
    SELECT lead, message, at_ms, 'bounced' FROM sent_message
    WHERE bounced
    UNION ALL
    SELECT lead, message, at_ms, 'soft_bounced' FROM sent_message
    WHERE soft_bounced
    UNION ALL
    SELECT lead, message, at_ms, 'opened' FROM sent_message
    WHERE opened
    UNION ALL
    SELECT lead, message, at_ms, 'clicked' FROM sent_message
    WHERE clicked
    UNION ALL
    SELECT lead, message, at_ms, 'replied' FROM sent_message
    WHERE replied
    UNION ALL
    SELECT lead, message, at_ms, 'unsubscribed' FROM sent_message
    WHERE unsubscribed
    UNION ALL
    SELECT lead, message, at_ms, 'complained' FROM sent_message
    WHERE complained
)

SELECT
    'lifecycle_email_cohort',
    json_object('state', state, 'program', program, 'step', step, 'audience', audience),
    at_ms,
    1
FROM reached JOIN message USING (lead, message);

-- lifecycle_email_cohort_machine_opens: "messages by send time whose only opens were machine opens and that have no human
-- click". `opened` above is false exactly when no human opened or clicked.
INSERT INTO shown VALUES ('lifecycle_email_cohort_machine_opens', '24h 7d 30d mtd');
INSERT INTO fact
SELECT 'lifecycle_email_cohort_machine_opens', json_object('program', program), at_ms, 1
FROM sent_message JOIN message USING (lead, message)
WHERE opened_by_machine AND NOT opened;
