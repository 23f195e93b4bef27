-- One lock: its leases and the line of its waiters. All its keys expire with the last lease or place:
--
-- lease:<key>  Sorted set: holders by the end of their lease.
-- line:<key>   Sorted set: waiters, in order.
-- place:<key>  Sorted set: waiters, by the end of their place.
-- lock:<key>   Hash: `f:<holder>` the fence of a lease, `s:<holder>` how many leases there may be for a waiter.
--
-- `fence` is the last one of all keys, so that none has to be remembered for each. It begins with the time, so that it grows on
-- when a server has lost it.
--
-- Needs    KEYS[1] base of our keys, ARGV[1] key, ARGV[2] holder
-- Defines  now, base, key, holder, leases, line, places, details, leaveLine, expire

-- @include "now"
local base, key, holder = KEYS[1], ARGV[1], ARGV[2]
local leases = base .. ':lease:' .. key
local line = base .. ':line:' .. key
local places = base .. ':place:' .. key
local details = base .. ':lock:' .. key

for _, gone in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do
  redis.call('ZREM', leases, gone)
  redis.call('HDEL', details, 'f:' .. gone)
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', places, '-inf', now)) do
  redis.call('ZREM', places, gone)
  redis.call('ZREM', line, gone)
  redis.call('HDEL', details, 's:' .. gone)
end

local function leaveLine()
  if redis.call('ZREM', line, holder) == 0 then return end
  redis.call('ZREM', places, holder)
  redis.call('HDEL', details, 's:' .. holder)
end

local function expire()
  local last = now
  for _, ends in ipairs({ leases, places }) do
    local latest = redis.call('ZREVRANGE', ends, 0, 0, 'WITHSCORES')
    if latest[2] then last = math.max(last, tonumber(latest[2])) end
  end
  for _, part in ipairs({ leases, line, places, details }) do
    redis.call('PEXPIREAT', part, string.format('%.0f', last))
  end
end
