-- Section A: "each is the number of facts dated in the window".
SELECT fact.series, json_insert(fact.labels, '$.window', window.name), sum(fact.amount)
FROM shown
JOIN window ON instr(' ' || shown.windows || ' ', ' ' || window.name || ' ')
JOIN fact ON fact.series = shown.series AND fact.at_ms >= window.from_ms AND fact.at_ms < window.until_ms
GROUP BY fact.series, window.name, fact.labels
