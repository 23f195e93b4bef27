-- Notes which schedules a version of the code declares.
--
-- KEYS[1] base of our keys
-- ARGV    version of the code, booted, seen, ids, the time before which what was last seen is forgotten

local key = KEYS[1] .. ':declarations'
local kind = redis.call('TYPE', key).ok
if kind ~= 'hash' and kind ~= 'none' then redis.call('UNLINK', key) end

local booted, seen = ARGV[2], ARGV[3]
local stored = redis.call('HGET', key, ARGV[1])
if stored then
  local b, s = string.match(stored, '^(%d+):(%d+):')
  if b and tonumber(b) > tonumber(booted) then booted = b end
  if s and tonumber(s) > tonumber(seen) then seen = s end
end
redis.call('HSET', key, ARGV[1], booted .. ':' .. seen .. ':' .. ARGV[4])

local all = redis.call('HGETALL', key)
for n = 1, #all, 2 do
  local s = string.match(all[n + 1], '^%d+:(%d+):')
  if not s or tonumber(s) < tonumber(ARGV[5]) then redis.call('HDEL', key, all[n]) end
end
