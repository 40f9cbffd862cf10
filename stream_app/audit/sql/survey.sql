-- lifecycle_nps_responses: "each respondent's newest answer, dated at it"; class "`promoter` 9-10, `passive` 7-8,
-- `detractor` 0-6"
INSERT INTO shown VALUES ('lifecycle_nps_responses', '30d 90d');
INSERT INTO fact
WITH answer AS (
    SELECT
        at_ms, data ->> 'score' AS score,
        row_number() OVER (PARTITION BY owner ORDER BY at_ms DESC, id DESC, source DESC) AS place
    FROM event
    WHERE thing = 'survey'
)
SELECT
    'lifecycle_nps_responses',
    json_object('class', CASE WHEN score >= 9 THEN 'promoter' WHEN score >= 7 THEN 'passive' ELSE 'detractor' END),
    at_ms,
    1
FROM answer
WHERE place = 1;
