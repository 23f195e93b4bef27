-- Deletes a schedule.
--
-- KEYS[1] base of our keys
-- ARGV    id, expected version or '' for any
-- Answer  1 removed, 0 not

local schedules = KEYS[1] .. ':schedules'
local stored = redis.call('HGET', schedules, ARGV[1])
if not stored then return 0 end
if ARGV[2] ~= '' and (tonumber(string.match(stored, '^(%d+):')) or 0) ~= tonumber(ARGV[2]) then return 0 end
redis.call('HDEL', schedules, ARGV[1])
redis.call('HDEL', KEYS[1] .. ':fires', ARGV[1])
return 1
