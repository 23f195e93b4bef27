-- Claims a nominal time of a schedule: one process of the fleet gets it.
--
-- KEYS[1] base of our keys
-- ARGV    id, the last fire that is expected or '' for none, the new one
-- Answer  1 claimed, 0 not

local fires = KEYS[1] .. ':fires'
if redis.call('HEXISTS', KEYS[1] .. ':schedules', ARGV[1]) == 0 then return 0 end
if (redis.call('HGET', fires, ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', fires, ARGV[1], ARGV[3])
return 1
