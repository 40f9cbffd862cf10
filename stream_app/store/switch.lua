#!lua
-- The generation that was built serves from now on.
-- KEYS: which generation serves. ARGV: the roles serving and building, the generation.
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HDEL', KEYS[1], ARGV[2])
return 'switched'
