-- Takes a lease, or a place in the line.
--
-- KEYS[1] base of our keys
-- ARGV    key, holder, time to live in ms, slots, time in the line in ms
-- Answer  the fence; or false, time until a lease is free, place, then of each lease its holder and fence

-- @include "lock"
local slots, stay = tonumber(ARGV[4]), tonumber(ARGV[5])
local ends = string.format('%.0f', now + ARGV[3])

local fence = redis.call('HGET', details, 'f:' .. holder)
local live = redis.call('ZCARD', leases)
local ahead = redis.call('ZRANK', line, holder) or redis.call('ZCARD', line)
if fence or ahead < slots - live then
  leaveLine()
  local last = tonumber(redis.call('GET', base .. ':fence') or 0)
  fence = string.format('%.0f', math.max(last + 1, now))
  redis.call('SET', base .. ':fence', fence)
  redis.call('HSET', details, 'f:' .. holder, fence)
  redis.call('ZADD', leases, ends, holder)
  expire()
  return { fence }
end

if stay > 0 then
  if not redis.call('ZSCORE', line, holder) then
    local last = redis.call('ZREVRANGE', line, 0, 0, 'WITHSCORES')
    redis.call('ZADD', line, (last[2] or 0) + 1, holder)
  end
  redis.call('ZADD', places, string.format('%.0f', now + stay), holder)
  redis.call('HSET', details, 's:' .. holder, slots)
else
  leaveLine()
  ahead = -1
end
expire()

local first = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
local freeIn = 0
if live >= slots and first[2] then freeIn = first[2] - now end
local answer = { false, freeIn, ahead }
for _, each in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
  answer[#answer + 1] = each
  answer[#answer + 1] = redis.call('HGET', details, 'f:' .. each)
end
return answer
