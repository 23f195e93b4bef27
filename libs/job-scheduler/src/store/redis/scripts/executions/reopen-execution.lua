-- Takes back the end of an execution that failed, since it is retried.
--
-- KEYS[1] base of our keys
-- ARGV[1] execution id
-- Answer  1 when it had failed and goes on now, else 0

local base, id = KEYS[1], ARGV[1]
local key = base .. ':x:' .. id
local stored = redis.pcall('HMGET', key, 'm', 'j', 'c')
local fence = string.match(stored[1] or '', '^(%d+):failed$')
if not fence then return 0 end
redis.call('HSET', key, 'm', fence .. ':')
redis.call('PERSIST', key)
local job, schedule = stored[2], stored[3]
redis.pcall('ZREM', base .. ':ended:' .. job .. ':failed', schedule and id .. '\0' .. schedule or id)
if schedule then redis.pcall('ZREM', base .. ':fired:' .. schedule .. ':failed', id .. '\0' .. job) end
return 1
