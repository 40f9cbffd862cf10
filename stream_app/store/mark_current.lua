#!lua
-- Notes of some partitions that all of their log was applied at some moment.
-- KEYS: which generation serves; of the generation in use, when partitions were current.
-- ARGV: the role, the first generation, the generation in use, then each partition and the moment.
-- Without partitions it changes nothing and shows whether the store takes writes: a replica refuses the script.
local generations, current = unpack(KEYS)
local generation = redis.call('HGET', generations, ARGV[1]) or ARGV[2]
-- Otherwise a key could appear in a generation that a rebuild has just deleted.
if #ARGV > 3 and generation == ARGV[3] then
  redis.call('HSET', current, unpack(ARGV, 4))
end
return 'marked'
