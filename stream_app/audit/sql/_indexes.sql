-- What the questions about windows go by.
CREATE INDEX fact_in_time ON fact (series, at_ms, labels, amount);
CREATE INDEX observation_in_time ON observation (series, at_ms, labels, value);
