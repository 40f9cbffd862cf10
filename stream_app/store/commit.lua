#!lua
-- One batch, all or nothing: nothing is written before everything is checked.
-- KEYS: which generation serves; of the generation in use the ledger, the offsets, the levels and the series with due times;
-- a key that never exists (see keys.py).
-- ARGV: a msgpack map (see ledger.py), the new values of all entities end to end.
-- Every write is an absolute value, so that a torn append-only file cannot add twice.
local generations, ledger, offsets, levels, due_series = unpack(KEYS)
local c, values = cmsgpack.unpack(ARGV[1]), ARGV[2]

local generation = redis.call('HGET', generations, c.role) or c.first
if generation ~= c.generation then
  return { 'generation', generation }
end

local definitions = redis.call('HGET', ledger, c.definitions_field)
if definitions and definitions ~= c.definitions then
  return { 'definitions' }
end

local stored = redis.call('HGET', offsets, c.partition) or ''
if stored ~= c.expected then
  return { 'offset', stored }
end

-- The version stands at the head of an entity's value.
local stale = {}
for i = 1, #c.entities, 4 do
  local version = c.entities[i + 1]
  if version ~= c.any_version and redis.call('GETRANGE', c.entities[i], 0, #c.version - 1) ~= version then
    stale[#stale + 1] = c.entities[i]
  end
end
if #stale > 0 then
  return { 'version', stale }
end

-- The newest bucket of each grain says which buckets are still kept.
local newest_of, kept_after = {}, {}
for name, grain in pairs(c.grains) do
  -- A batch without a dated event (of merges only) has no newest: what it changes is judged by the stored one.
  local newest = tonumber(redis.call('HGET', ledger, grain.newest_field)) or grain.newest
  if newest then
    newest = math.max(newest, grain.newest or newest)
    newest_of[name], kept_after[name] = newest, newest - grain.kept
  end
end

-- What hashes are to hold; `unpack` takes some thousands of values at most.
local SLICE = 2000
-- Lua's numbers are exact up to here.
local LARGEST = 2 ^ 53
local sums, is_exact = {}, true
local function sum_up(key, fields, amounts)
  local zero, new = {}, {}
  for first = 1, #fields, SLICE do
    local last = math.min(first + SLICE - 1, #fields)
    local old = redis.call('HMGET', key, unpack(fields, first, last))
    for i = first, last do
      local sum = (tonumber(old[i - first + 1]) or 0) + amounts[i]
      if sum == 0 then
        zero[#zero + 1] = fields[i]
      else
        is_exact = is_exact and math.abs(sum) <= LARGEST
        new[#new + 1] = fields[i]
        new[#new + 1] = string.format('%.0f', sum)
      end
    end
  end
  sums[#sums + 1] = { key = key, zero = zero, new = new }
end

for i = 1, #c.buckets, 4 do
  local name, number = c.buckets[i], c.buckets[i + 1]
  if number > kept_after[name] then
    sum_up(c.grains[name].bucket_prefix .. string.format('%.0f', number), c.buckets[i + 2], c.buckets[i + 3])
  end
end
if #c.level_fields > 0 then
  sum_up(levels, c.level_fields, c.level_amounts)
end
for i = 1, #c.level_changes, 3 do
  local day = c.level_changes[i]
  if day > kept_after[c.level_changes_grain] then
    sum_up(c.level_changes_prefix .. string.format('%.0f', day), c.level_changes[i + 1], c.level_changes[i + 2])
  end
end
if not is_exact then
  return { 'inexact' }
end

-- From here on everything is written.
local from, whole = 1, {}
local function set_whole()
  if #whole > 0 then
    redis.call('MSET', unpack(whole))
    whole = {}
  end
end
for i = 1, #c.entities, 4 do
  local key, length, stays = c.entities[i], c.entities[i + 2], c.entities[i + 3]
  if length < 0 then
    redis.call('DEL', key)
  else
    local value = string.sub(values, from, from + length - 1)
    from = from + length
    if stays == 0 then
      whole[#whole + 1] = key
      whole[#whole + 1] = value
      if #whole == 2 * SLICE then
        set_whole()
      end
    else
      local head = #c.version + c.header
      redis.call('SETRANGE', key, 0, string.sub(value, 1, head))
      redis.call('SETRANGE', key, #c.version + stays, string.sub(value, head + 1))
    end
  end
end
set_whole()

-- What fell behind is swept. Nothing was ever written between the newest event before this batch and what is kept now.
for name, newest in pairs(newest_of) do
  local grain, target = c.grains[name], kept_after[name]
  local before = tonumber(redis.call('HGET', ledger, grain.newest_field)) or target
  local swept = tonumber(redis.call('HGET', ledger, grain.swept_field)) or target
  for number = swept + 1, math.min(target, before) do
    redis.call('UNLINK', grain.bucket_prefix .. string.format('%.0f', number))
    if name == c.level_changes_grain then
      redis.call('UNLINK', c.level_changes_prefix .. string.format('%.0f', number))
    end
  end
  redis.call('HSET', ledger, grain.newest_field, string.format('%.0f', newest))
  redis.call('HSET', ledger, grain.swept_field, string.format('%.0f', math.max(swept, target)))
end

for _, sum in ipairs(sums) do
  for first = 1, #sum.new, 2 * SLICE do
    redis.call('HSET', sum.key, unpack(sum.new, first, math.min(first + 2 * SLICE - 1, #sum.new)))
  end
  for first = 1, #sum.zero, SLICE do
    redis.call('HDEL', sum.key, unpack(sum.zero, first, math.min(first + SLICE - 1, #sum.zero)))
  end
  redis.call('HSET', sum.key, c.version_field, c.version)
end

for i = 1, #c.no_longer_due, 2 do
  local key = c.due_prefix .. c.no_longer_due[i]
  redis.call('ZREM', key, c.no_longer_due[i + 1])
  if redis.call('EXISTS', key) == 0 then
    redis.call('SREM', due_series, c.no_longer_due[i])
  end
end
for i = 1, #c.due, 3 do
  redis.call('ZADD', c.due_prefix .. c.due[i], string.format('%.0f', c.due[i + 2]), c.due[i + 1])
  redis.call('SADD', due_series, c.due[i])
end

redis.call('HSET', ledger, c.definitions_field, c.definitions)
redis.call('HSET', offsets, c.partition, c.next)
return { 'applied' }
