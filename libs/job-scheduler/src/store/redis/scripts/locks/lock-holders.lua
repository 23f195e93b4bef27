-- Who holds a lock.
--
-- KEYS[1] base of our keys
-- ARGV    key, ''
-- Answer  of each live lease: holder, fence, time until it ends

-- @include "lock"
local answer = {}
local ends = redis.call('ZRANGE', leases, 0, -1, 'WITHSCORES')
for n = 1, #ends, 2 do
  answer[#answer + 1] = ends[n]
  answer[#answer + 1] = redis.call('HGET', details, 'f:' .. ends[n])
  answer[#answer + 1] = ends[n + 1] - now
end
return answer
