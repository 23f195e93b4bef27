-- Deletes an execution that has not ended, with its log lines.
--
-- KEYS[1] base of our keys
-- ARGV    execution id, fence
-- Answer  1 when it was going on by that fence and is gone now, else 0

local base, id = KEYS[1], ARGV[1]
local key = base .. ':x:' .. id
if redis.pcall('HGET', key, 'm') ~= ARGV[2] .. ':' then return 0 end
redis.call('UNLINK', key, base .. ':l:' .. id)
return 1
