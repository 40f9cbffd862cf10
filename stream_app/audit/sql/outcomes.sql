-- First entries into the stages that programs are credited with.
CREATE TABLE credited_entry AS
SELECT lead, stage, at_ms FROM stage_history
WHERE visit = 1 AND stage IN ('mql', 'sql', 'customer');
CREATE INDEX credited_entry_of_lead ON credited_entry (lead, stage);

-- "credited to the program of its latest enrollment that began at or before that entry and at most 90 days before it
-- (setting), else to `none`"
CREATE TABLE credit AS
WITH candidate AS (
    SELECT
        entry.lead, entry.stage, entry.at_ms, enrollment.program, enrollment.begun_ms,
        row_number() OVER (PARTITION BY entry.lead, entry.stage ORDER BY begun_nth DESC, program DESC) AS place
    FROM credited_entry AS entry
    LEFT JOIN enrollment
        ON enrollment.lead = entry.lead AND entry.at_ms - enrollment.begun_ms BETWEEN 0 AND program_credit_ms()
)

SELECT lead, stage, at_ms, program, begun_ms FROM candidate
WHERE place = 1;

-- lifecycle_program_stage_entries: "first entries, dated at the entry"
INSERT INTO shown VALUES ('lifecycle_program_stage_entries', '24h 7d 30d mtd prev_month');
INSERT INTO fact
SELECT
    'lifecycle_program_stage_entries',
    json_object('program', coalesce(program, 'none'), 'funnel_stage', stage),
    at_ms,
    1
FROM credit;

-- lifecycle_program_cohort: "enrollments by their begin, the first of each (lead, program)"
CREATE TABLE program_cohort AS
SELECT lead, program, min(begun_ms) AS begun_ms FROM enrollment
WHERE begun_ms IS NOT NULL
GROUP BY lead, program;
INSERT INTO shown VALUES
('lifecycle_program_cohort', '30d 90d mtd prev_month'),
('lifecycle_program_cohort_conversions', '30d 90d mtd prev_month');
INSERT INTO fact
SELECT 'lifecycle_program_cohort', json_object('program', program), begun_ms, 1 FROM program_cohort;

-- lifecycle_program_cohort_conversions: "of those, the ones whose lead first entered the stage at or after the begin and
-- within 90 days of it"
INSERT INTO fact
SELECT 'lifecycle_program_cohort_conversions', json_object('program', program, 'funnel_stage', stage), begun_ms, 1
FROM program_cohort JOIN credited_entry USING (lead)
WHERE at_ms - begun_ms BETWEEN 0 AND program_credit_ms();

-- lifecycle_program_mql_seconds: "begin of the credited enrollment to MQL"
INSERT INTO shown VALUES ('lifecycle_program_mql_seconds', '30d mtd');
INSERT INTO bucket
SELECT 'lifecycle_program_mql_seconds', column1 * 3600000, bound_label(column1 * 3600)
FROM (VALUES (1), (6), (24), (72), (168), (336), (720), (1440), (2160), (4320), (8760));
INSERT INTO observation
SELECT 'lifecycle_program_mql_seconds', json_object('program', program), at_ms, at_ms - begun_ms
FROM credit
WHERE stage = 'mql' AND program IS NOT NULL;
