-- What every metric is made of.

-- Section A: a fact is dated and has an amount; a series counts the facts dated in each of its windows.
CREATE TABLE fact (series TEXT NOT NULL, labels TEXT NOT NULL, at_ms INTEGER NOT NULL, amount INTEGER NOT NULL);

-- Section C: an observation is dated at the later of the two events it lies between.
CREATE TABLE observation (series TEXT NOT NULL, labels TEXT NOT NULL, at_ms INTEGER NOT NULL, value INTEGER NOT NULL);

-- Which windows a series is shown in, separated by spaces.
CREATE TABLE shown (series TEXT PRIMARY KEY, windows TEXT NOT NULL) WITHOUT ROWID;

-- Upper bounds of the buckets of a histogram, and how the label `le` writes them.
CREATE TABLE bucket (series TEXT NOT NULL, bound REAL NOT NULL, le TEXT NOT NULL);

-- The moment that is asked about: one row, and the windows that have a sample then. A level is what stands right before
-- `day_end_ms`, the end of the local day; 0 if nobody knows. `is_past`: there are events of later days.
CREATE TABLE clock (
    now_ms INTEGER NOT NULL, day_end_ms INTEGER NOT NULL, is_past INTEGER NOT NULL,
    oldest_cohort TEXT NOT NULL, newest_cohort TEXT NOT NULL
);
CREATE TABLE time_window (name TEXT PRIMARY KEY, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;
