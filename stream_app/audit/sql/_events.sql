-- The raw events, each identity once: "(id, source) identifies an event within the thing it is about ... A copy has no
-- effect. If two records of one identity differ, the one with the smaller (time, content) stands."
-- thing: what the event is about; owner: the lead, account, record; part: the message, enrollment, subscription ...
CREATE TABLE event (
    thing  TEXT NOT NULL,
    owner  TEXT NOT NULL,
    part   TEXT NOT NULL,
    source TEXT NOT NULL,
    id     TEXT NOT NULL,
    type   TEXT NOT NULL,
    at_ms  INTEGER NOT NULL,
    data   TEXT NOT NULL,
    PRIMARY KEY (thing, owner, part, source, id)
) WITHOUT ROWID;
