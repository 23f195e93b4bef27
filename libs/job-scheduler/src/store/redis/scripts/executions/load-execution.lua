-- Reads one execution, which may still wait to be indexed.
--
-- KEYS[1] base of our keys
-- ARGV[1] execution id
-- Answer  the fields and values of a hash, a text, or nil; see includes/store-execution.lua

local base = KEYS[1]
local key = base .. ':x:' .. ARGV[1]
local kind = redis.call('TYPE', key).ok
if kind == 'none' and redis.call('EXISTS', base .. ':fresh') == 1 then
  -- @include "pending-index"
  indexAllPending()
  kind = redis.call('TYPE', key).ok
end
if kind == 'string' then return redis.call('GET', key) end
if kind == 'none' then return nil end
return redis.call('HGETALL', key)
