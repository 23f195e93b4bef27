/**
 * KEYS[1] base of our keys
 * ARGV    id
 * Answer  1 when it had failed and goes on now, else 0
 */
export const reopenExecutionLua = `
local key = KEYS[1] .. ':x:' .. ARGV[1]
local stored = redis.pcall('HMGET', key, 'e', 'j')
if stored.err or stored[1] ~= 'failed' then return 0 end
redis.call('HDEL', key, 'e')
redis.call('PERSIST', key)
redis.pcall('ZREM', KEYS[1] .. ':ended:' .. stored[2], ARGV[1])
return 1
`;
