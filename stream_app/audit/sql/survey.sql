-- "Each respondent's newest answer, dated at it"; class "`promoter` 9-10, `passive` 7-8, `detractor` 0-6".
CREATE TABLE answer AS
WITH placed AS (
    SELECT
        at_ms, data ->> 'score' AS score,
        coalesce(nullif(nullif(data ->> 'segment', ''), 'all'), 'none') AS segment,
        coalesce(nullif(data ->> 'theme', ''), 'none') AS theme,
        row_number() OVER (PARTITION BY owner ORDER BY nth DESC) AS place
    FROM event
    WHERE thing = 'survey'
)

SELECT
    at_ms, segment, theme,
    CASE WHEN score >= 9 THEN 'promoter' WHEN score >= 7 THEN 'passive' ELSE 'detractor' END AS class
FROM placed
WHERE place = 1;

-- lifecycle_nps_responses, by class and segment
INSERT INTO shown VALUES ('lifecycle_nps_responses', '30d 90d');
INSERT INTO fact
SELECT 'lifecycle_nps_responses', json_object('class', class, 'segment', segment), at_ms, 1 FROM answer;

-- lifecycle_nps_themes: "what promoters and detractors talk about"
INSERT INTO shown VALUES ('lifecycle_nps_themes', '90d');
INSERT INTO fact
SELECT 'lifecycle_nps_themes', json_object('theme', theme, 'class', class), at_ms, 1 FROM answer;
