-- The raw events, each identity once: "(id, source) identifies an event within the thing it is about ... A copy has no
-- effect. If two records of one identity differ, the one with the smaller (time, content) stands."
-- thing: what the event is about; entity: what kind of id the owner is; owner: the lead, account, record; part: the
-- message, enrollment, subscription ...; sequence: a text that sorts as sequences do.
CREATE TABLE record (
    thing TEXT NOT NULL,
    entity TEXT NOT NULL,
    owner TEXT NOT NULL,
    part TEXT NOT NULL,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    sequence TEXT NOT NULL,
    rank INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (thing, owner, part, source, id)
) WITHOUT ROWID;
