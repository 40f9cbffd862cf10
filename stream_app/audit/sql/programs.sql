-- Every program event with its place among those of its type in the enrollment (of a step: in the step).
CREATE TABLE program_event AS
WITH told AS (
    SELECT
        owner AS lead, part AS enrollment, type, at_ms, nth,
        iif(type IN ('program.step_entered', 'program.step_exited'), data ->> 'step_id', NULL) AS step,
        data ->> 'program_id' AS program,
        data ->> 'outcome' AS outcome,
        coalesce(nullif(data ->> 'audience', ''), 'prospect') AS audience,
        iif(type = 'program.step_entered', data ->> 'due_at', NULL) AS due_at
    FROM event
    WHERE thing = 'program'
)

SELECT
    lead, enrollment, type, at_ms, nth, step, program, outcome, audience,
    iif(due_at IS NULL, at_ms + step_limit_ms(), instant_ms(due_at)) AS due_ms,
    row_number() OVER (PARTITION BY lead, enrollment, type, step ORDER BY nth) AS place,
    row_number() OVER (PARTITION BY lead, enrollment ORDER BY type <> 'program.enrolled', nth) AS naming
FROM told;

-- "An enrollment's program is that of its earliest program.enrolled, without one that of its earliest event; all its
-- enrollment and step facts carry it." It begins at its earliest program.enrolled and ends at its earliest program.exited.
CREATE TABLE enrollment (
    lead TEXT, enrollment TEXT, program TEXT, audience TEXT, begun_ms INTEGER, begun_nth INTEGER,
    ended_ms INTEGER, outcome TEXT, PRIMARY KEY (lead, enrollment)
) WITHOUT ROWID;
INSERT INTO enrollment
SELECT
    lead, enrollment,
    max(program) FILTER (WHERE naming = 1),
    max(audience) FILTER (WHERE type = 'program.enrolled' AND place = 1),
    max(at_ms) FILTER (WHERE type = 'program.enrolled' AND place = 1),
    max(nth) FILTER (WHERE type = 'program.enrolled' AND place = 1),
    max(at_ms) FILTER (WHERE type = 'program.exited' AND place = 1),
    max(outcome) FILTER (WHERE type = 'program.exited' AND place = 1)
FROM program_event
GROUP BY lead, enrollment;

-- lifecycle_program_enrollments / lifecycle_program_exits: "an enrollment begins (program.enrolled) / ends
-- (program.exited), once each per enrollment_id, at the earliest such event"
INSERT INTO shown VALUES
('lifecycle_program_enrollments', '5m 1h 24h 7d 30d'),
('lifecycle_program_exits', '5m 1h 24h 7d 30d');
INSERT INTO fact
SELECT 'lifecycle_program_enrollments', json_object('program', program, 'audience', audience), begun_ms, 1
FROM enrollment
WHERE begun_ms IS NOT NULL;
INSERT INTO fact
SELECT 'lifecycle_program_exits', json_object('program', program, 'outcome', outcome), ended_ms, 1
FROM enrollment
WHERE ended_ms IS NOT NULL;

-- lifecycle_program_balance: "enrollments begun and not ended", those "that have an `enrolled` and no `exited`"
CREATE VIEW level_program_balance AS
SELECT
    'lifecycle_program_balance' AS series, json_object('program', program, 'audience', audience) AS labels, count(*) AS value
FROM enrollment, clock
WHERE begun_ms < day_end_ms AND (ended_ms IS NULL OR ended_ms >= day_end_ms)
GROUP BY program, audience;

-- "Entries and exits of one (enrollment, step), in order, form visits: a visit begins at an entry while not in the step and
-- ends at the next exit; an entry while inside changes nothing (its `due_at` neither). ... Of exits before the first entry
-- the earliest counts as an exit; other exits outside a visit count for nothing." So of entries and exits in order the first
-- of each run of equals counts, and an exit that comes first only stands for itself.
CREATE TABLE step AS
WITH turn AS (
    SELECT
        lead, enrollment, step, type, at_ms, nth, due_ms, outcome,
        lag(type) OVER (PARTITION BY lead, enrollment, step ORDER BY nth) AS type_before
    FROM program_event
    WHERE type IN ('program.step_entered', 'program.step_exited')
),

counted AS (
    SELECT
        *,
        lead(at_ms) OVER (PARTITION BY lead, enrollment, step ORDER BY nth) AS next_ms,
        lead(outcome) OVER (PARTITION BY lead, enrollment, step ORDER BY nth) AS next_outcome
    FROM turn
    WHERE type_before IS NOT type
),

visit AS (
    SELECT lead, enrollment, step, at_ms AS entered_ms, due_ms, next_ms AS left_ms, next_outcome AS outcome
    FROM counted
    WHERE type = 'program.step_entered'
    UNION ALL
    SELECT lead, enrollment, step, NULL, NULL, at_ms, outcome
    FROM counted
    WHERE type = 'program.step_exited' AND type_before IS NULL
)

-- "A visit left open ends at the enrollment's end if it was entered at or before it."
SELECT
    visit.lead, enrollment.program, visit.step, entered_ms, due_ms,
    CASE WHEN left_ms IS NOT NULL THEN left_ms WHEN entered_ms <= ended_ms THEN ended_ms END AS left_ms,
    CASE WHEN left_ms IS NOT NULL THEN visit.outcome WHEN entered_ms <= ended_ms THEN enrollment.outcome END AS outcome
FROM visit JOIN enrollment USING (lead, enrollment);

-- lifecycle_step_entries / lifecycle_step_exits: "every visit has its own entry, exit, due time and
-- dwell"
INSERT INTO shown VALUES
('lifecycle_step_entries', '5m 1h 24h 7d 30d'),
('lifecycle_step_exits', '5m 1h 24h 7d 30d');
INSERT INTO fact
SELECT 'lifecycle_step_entries', json_object('program', program, 'step', step), entered_ms, 1
FROM step
WHERE entered_ms IS NOT NULL;
INSERT INTO fact
SELECT 'lifecycle_step_exits', json_object('program', program, 'step', step, 'outcome', outcome), left_ms, 1
FROM step
WHERE left_ms IS NOT NULL;

-- lifecycle_step_due: "an enrollment's step falls due, dated at its due time (whether it has left by then or not)"
INSERT INTO shown VALUES ('lifecycle_step_due', '1h 24h 7d');
INSERT INTO fact
SELECT 'lifecycle_step_due', json_object('program', program, 'step', step), due_ms, 1
FROM step
WHERE due_ms IS NOT NULL;

-- lifecycle_step_balance: "enrollments in the step now", that is "entered and not left"
CREATE VIEW level_step_balance AS
SELECT
    'lifecycle_step_balance' AS series,
    json_object('program', program, 'step', step) AS labels,
    count(*) AS value
FROM step, clock
WHERE entered_ms < day_end_ms AND (left_ms IS NULL OR left_ms >= day_end_ms)
GROUP BY program, step;

-- "an erased lead is never overdue": its due times go, all else that it contributed stays.
CREATE TABLE waiting_step AS
SELECT program, step, due_ms
FROM step
WHERE
    entered_ms IS NOT NULL AND left_ms IS NULL
    AND lead NOT IN (
        SELECT owner FROM event
        WHERE thing = 'lead.erased'
    );

-- lifecycle_step_overdue: "of those, past their due time", "steps whose due time is before `now`"
CREATE VIEW level_step_overdue AS
SELECT
    'lifecycle_step_overdue' AS series,
    json_object('program', program, 'step', step) AS labels,
    count(*) AS value
FROM waiting_step
WHERE due_ms < (SELECT now_ms FROM clock) AND NOT (SELECT is_past FROM clock)
GROUP BY program, step;

-- lifecycle_step_oldest_due_timestamp_seconds: "earliest due time among those in the step" (here in milliseconds)
CREATE VIEW level_step_oldest_due AS
SELECT
    'lifecycle_step_oldest_due_timestamp_seconds' AS series,
    json_object('program', program, 'step', step) AS labels,
    min(due_ms) AS value
FROM waiting_step
WHERE NOT (SELECT is_past FROM clock)
GROUP BY program, step;

-- lifecycle_step_dwell_seconds: "exit minus entry of a step, where the entry is not later"
INSERT INTO shown VALUES ('lifecycle_step_dwell_seconds', '30d mtd');
INSERT INTO bucket
SELECT 'lifecycle_step_dwell_seconds', column1 * 3600000, bound_label(column1 * 3600)
FROM (VALUES (1), (6), (24), (48), (72), (168), (336), (720), (1440));
INSERT INTO observation
SELECT
    'lifecycle_step_dwell_seconds', json_object('program', program, 'step', step), left_ms, left_ms - entered_ms
FROM step
WHERE entered_ms <= left_ms;
