#!lua
-- The next offsets of partitions. It writes nothing and may all the same: so a replica refuses it, whose answer is old.
-- KEYS: the offsets of the generation in use. ARGV: the partitions.
return redis.call('HMGET', KEYS[1], unpack(ARGV))
