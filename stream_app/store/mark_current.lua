#!lua
-- Notes when everything in the log of partitions was last seen applied; of those without an answer it is negative.
-- KEYS: which generation is used for what; of the expected generation when partitions were current.
-- ARGV: the role, the first generation, the generation in use, the moment now by the clock of the moments (0: by that of
-- the store), how many partitions have no answer, these, then each partition and the moment.
-- Without partitions it changes nothing and shows whether the store takes writes: a replica refuses the script.
local generations, current = unpack(KEYS)
local generation = redis.call('HGET', generations, ARGV[1]) or ARGV[2]
-- Otherwise a key could appear in a generation that a rebuild has just deleted.
if #ARGV < 5 or generation ~= ARGV[3] then
  return 'marked'
end
-- A worker's clock may be wrong; ages are compared with the clock of the store's readers.
local now, ahead = tonumber(ARGV[4]), 0
if now > 0 then
  local time = redis.call('TIME')
  ahead = now - (time[1] * 1000 + math.floor(time[2] / 1000))
end
local unanswered, noted = tonumber(ARGV[5]), {}
for i = 6 + unanswered, #ARGV, 2 do
  noted[ARGV[i]] = string.format('%d', ARGV[i + 1] - ahead)
end
for i = 6, 5 + unanswered do
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
