-- Stores the result of one step.
--
-- KEYS[1] hash of the execution
-- ARGV    fence, job, queue, step name, step
-- Answer  1 stored; 0 refused, as a newer fence is stored or the execution has ended; 2 stored in place of a corrupt key

local key = KEYS[1]
local answer = 1
local stored = redis.pcall('HGET', key, 'm')
if type(stored) == 'table' then
  -- One that ended at once is a string that holds an array.
  local compact = redis.pcall('GETRANGE', key, 0, 0)
  if compact == '[' then return 0 end
  redis.call('UNLINK', key)
  stored = false
  answer = 2
end
if stored then
  local fence, final = string.match(stored, '^(%d+):(%a*)$')
  if final and final ~= '' then return 0 end
  if fence and tonumber(fence) > tonumber(ARGV[1]) then return 0 end
end
redis.call('HSET', key, 'm', ARGV[1] .. ':', 'j', ARGV[2], 'q', ARGV[3],
  's:' .. ARGV[4], redis.call('HLEN', key) .. ':' .. ARGV[5])
return answer
