/**
 * KEYS[1] hash of the execution
 * ARGV    fence, job, queue, step name, step
 * Answer  1 stored, 0 refused: a newer fence is stored, or the execution has ended; 2 stored in place of a corrupt key
 */
export const recordStepLua = `
local key = KEYS[1]
local answer = 1
local stored = redis.pcall('HMGET', key, 'f', 'e')
if stored.err then
  redis.call('UNLINK', key)
  stored = { false, false }
  answer = 2
end
if stored[2] then return 0 end
local storedFence = stored[1] and tonumber(stored[1])
if storedFence and storedFence > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', key, 'f', ARGV[1], 'j', ARGV[2], 'q', ARGV[3],
  's:' .. ARGV[4], redis.call('HLEN', key) .. ':' .. ARGV[5])
return answer
`;
