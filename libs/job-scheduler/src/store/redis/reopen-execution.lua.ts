/**
 * KEYS[1] base of our keys
 * ARGV    id
 * Answer  1 when it had failed and goes on now, else 0
 */
export const reopenExecutionLua = `
local key = KEYS[1] .. ':x:' .. ARGV[1]
local stored = redis.pcall('HGET', key, 'm')
if type(stored) ~= 'string' then return 0 end
local fence = string.match(stored, '^(%d+):failed$')
if not fence then return 0 end
redis.call('HSET', key, 'm', fence .. ':')
redis.call('PERSIST', key)
redis.pcall('ZREM', KEYS[1] .. ':ended:' .. redis.call('HGET', key, 'j'), ARGV[1])
return 1
`;
