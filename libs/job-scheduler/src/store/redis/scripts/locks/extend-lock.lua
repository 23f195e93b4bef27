-- Renews a lease.
--
-- KEYS[1] base of our keys
-- ARGV    key, holder, time to live in ms
-- Answer  1 renewed, 0 not held

-- @include "lock"
if not redis.call('ZSCORE', leases, holder) then return 0 end
redis.call('ZADD', leases, string.format('%.0f', now + ARGV[3]), holder)
expire()
return 1
