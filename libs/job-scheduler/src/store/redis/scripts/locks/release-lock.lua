-- Gives up a lease; without a fence the place in the line, too.
--
-- KEYS[1] base of our keys
-- ARGV    key, holder, fence or ''
-- Answer  the first in line, as many as leases are free

-- @include "lock"
if ARGV[3] == '' or redis.call('HGET', details, 'f:' .. holder) == ARGV[3] then
  redis.call('ZREM', leases, holder)
  redis.call('HDEL', details, 'f:' .. holder)
end
if ARGV[3] == '' then leaveLine() end
expire()
local live = redis.call('ZCARD', leases)
local next = {}
for index, waiter in ipairs(redis.call('ZRANGE', line, 0, 99)) do
  local slots = tonumber(redis.call('HGET', details, 's:' .. waiter) or 1)
  if index <= slots - live then next[#next + 1] = waiter end
end
return next
