-- Section A: "each is the number of facts dated in the window".
SELECT fact.series, json_insert(fact.labels, '$.window', time_window.name), sum(fact.amount)
FROM shown
JOIN time_window ON instr(' ' || shown.windows || ' ', ' ' || time_window.name || ' ')
JOIN fact ON fact.series = shown.series AND fact.at_ms >= time_window.from_ms AND fact.at_ms < time_window.until_ms
GROUP BY fact.series, time_window.name, fact.labels
