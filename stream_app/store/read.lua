#!lua flags=no-writes
-- One consistent read of everything a scrape needs; returns only what changed since the last read.
-- KEYS: the pointer to the generations. ARGV: a msgpack map (see board.py).
local c = cmsgpack.unpack(ARGV[1])
local generation = redis.call('HGET', KEYS[1], c.role) or c.first
local prefix = c.prefix .. generation .. ':'

local changed = {}
for i = 1, #c.known, 2 do
  local name, tag = c.known[i], c.known[i + 1]
  local key = prefix .. name
  local current = redis.call('HGET', key, '') or ''
  if current ~= tag then
    changed[#changed + 1] = { name, current == '' and {} or redis.call('HGETALL', key) }
  end
end

local due = {}
for _, series in ipairs(redis.call('SMEMBERS', prefix .. 'due')) do
  local key = prefix .. 'due:' .. series
  local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  due[#due + 1] = { series, redis.call('ZCOUNT', key, '-inf', '(' .. c.now), oldest[2] }
end
return {
  generation,
  redis.call('HGETALL', prefix .. 'ledger'),
  redis.call('HGETALL', prefix .. 'current'),
  changed,
  due,
}
