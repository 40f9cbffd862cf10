#!lua
-- Notes when everything in the log of partitions was last seen applied; of those without an answer it is negative.
-- KEYS: which generation is used for what; of the expected generation when partitions were current.
-- ARGV: the role, the first generation, the generation in use, how many partitions have no answer, these, then each
-- partition and the moment.
-- Without partitions it changes nothing and shows whether the store takes writes: a replica refuses the script.
local generations, current = unpack(KEYS)
local generation = redis.call('HGET', generations, ARGV[1]) or ARGV[2]
-- Otherwise a key could appear in a generation that a rebuild has just deleted.
if #ARGV < 4 or generation ~= ARGV[3] then
  return 'marked'
end
local unanswered, noted = tonumber(ARGV[4]), {}
for i = 5 + unanswered, #ARGV, 2 do
  noted[ARGV[i]] = ARGV[i + 1]
end
for i = 5, 4 + unanswered do
  local field = ARGV[i]
  local at = noted[field] or redis.call('HGET', current, field)
  if at then
    noted[field] = '-' .. string.match(at, '%d+')
  end
end
for field, at in pairs(noted) do
  redis.call('HSET', current, field, at)
end
return 'marked'
