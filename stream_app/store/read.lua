#!lua flags=no-writes
-- One consistent read of everything a scrape needs; returns only what changed since the last read.
-- Where that is much, it returns a part of it alone, so that the store serves others in between: the call that finds the
-- versions of all parts as they were returned makes them one state.
-- KEYS: which generation serves; of the expected generation the ledger, the offsets, when they were current, and the
-- series with due times; a key that never exists (see keys.py).
-- ARGV: a msgpack map (see reader.py).
-- Another generation than the expected one: returns its number alone. A part: the generation and what changed.
-- A server that was a primary and is a replica now refuses, as if the read were a write: its answer may be old.
local generations, ledger, offsets, current, due_series = unpack(KEYS)
local c = cmsgpack.unpack(ARGV[1])
-- Not every user may ask, and not every store answers.
local replication = redis.pcall('INFO', 'replication')
local role = type(replication) == 'string' and string.match(replication, 'role.(%w+)') or ''
if c.was_primary and role == 'slave' then
  return redis.error_reply('READONLY the primary has become a replica')
end
local generation = redis.call('HGET', generations, c.role) or c.first
if generation ~= c.generation then
  return { generation }
end

local changed, fields = {}, 0
for i = 1, #c.known, 2 do
  local key, known = c.known[i], c.known[i + 1]
  local version = redis.call('HGET', key, c.version_field) or ''
  if version ~= known then
    fields = fields + redis.call('HLEN', key)
    if fields > c.most_fields and #changed > 0 then
      return { generation, changed }
    end
    changed[#changed + 1] = { (i + 1) / 2, version == '' and {} or redis.call('HGETALL', key) }
  end
end

local due = {}
for _, series in ipairs(redis.call('SMEMBERS', due_series)) do
  local key = c.due_prefix .. series
  local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  due[#due + 1] = { series, redis.call('ZCOUNT', key, '-inf', '(' .. c.now), oldest[2] }
end
return {
  generation,
  changed,
  redis.call('HGETALL', ledger),
  redis.call('HGETALL', offsets),
  redis.call('HGETALL', current),
  due,
  role,
}
