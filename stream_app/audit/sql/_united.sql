-- "All ids that merges connect, directly or over others, are one entity": each such id with the one that stands for all.
CREATE TABLE united (entity TEXT NOT NULL, id TEXT NOT NULL, one TEXT NOT NULL, PRIMARY KEY (entity, id)) WITHOUT ROWID;
