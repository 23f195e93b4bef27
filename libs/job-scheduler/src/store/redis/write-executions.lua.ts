/**
 * Ends of attempts, a batch in one call.
 *
 * KEYS[1] base of our keys
 * ARGV    12 per entry: id, job, queue, fence, final status or '', head, attempt or '', step name or '', step, keep count,
 *         keep age in ms, end time in ms
 * Answer  per entry: 1 stored, 0 refused, 2 stored in place of a corrupt key
 *
 * Hash of an execution: f fence, j job, q queue, e final status, h head, a:<fence> attempts, s:<name> steps.
 * Sorted set ended:<job>: ids by end time.
 * An entry that comes a second time, since its answer was lost, is answered 1 and changes nothing.
 */
export const writeExecutionsLua = `
local base = KEYS[1]
local answers = {}
local counts = {}

local function store(i)
  local key = base .. ':x:' .. ARGV[i]
  local fence = tonumber(ARGV[i + 3])
  local final = ARGV[i + 4]
  local answer = 1

  local stored = redis.pcall('HMGET', key, 'f', 'e')
  if stored.err then
    redis.call('UNLINK', key)
    stored = { false, false }
    answer = 2
  end
  local storedFence = stored[1] and tonumber(stored[1])
  if stored[2] then
    if storedFence == fence and stored[2] == final and redis.call('HGET', key, 'h') == ARGV[i + 5] then return 1 end
    return 0
  end
  if storedFence and storedFence > fence then return 0 end

  if final == 'completed' or final == 'failed' then
    local field = ARGV[i + 2] .. ':' .. final
    counts[field] = (counts[field] or 0) + 1
  end

  local count = tonumber(ARGV[i + 9])
  if final ~= '' and count == 0 then
    redis.call('UNLINK', key)
    return answer
  end

  local fields = { 'f', ARGV[i + 3], 'j', ARGV[i + 1], 'q', ARGV[i + 2], 'h', ARGV[i + 5] }
  if final ~= '' then
    fields[#fields + 1] = 'e'
    fields[#fields + 1] = final
  end
  if ARGV[i + 6] ~= '' then
    fields[#fields + 1] = 'a:' .. ARGV[i + 3]
    fields[#fields + 1] = ARGV[i + 6]
  end
  if ARGV[i + 8] ~= '' then
    fields[#fields + 1] = 's:' .. ARGV[i + 7]
    fields[#fields + 1] = redis.call('HLEN', key) .. ':' .. ARGV[i + 8]
  end
  redis.call('HSET', key, unpack(fields))
  if final == '' then return answer end

  redis.call('PEXPIRE', key, ARGV[i + 10])
  local index = base .. ':ended:' .. ARGV[i + 1]
  local added = redis.pcall('ZADD', index, ARGV[i + 11], ARGV[i])
  if type(added) == 'table' then
    redis.call('UNLINK', index)
    redis.call('ZADD', index, ARGV[i + 11], ARGV[i])
    answer = 2
  end
  local excess = redis.call('ZCARD', index) - count
  if excess > 0 then
    local oldest = redis.call('ZPOPMIN', index, math.min(excess, 1000))
    for n = 1, #oldest, 2 do
      redis.call('UNLINK', base .. ':x:' .. oldest[n])
    end
  end
  return answer
end

for i = 1, #ARGV, 12 do
  answers[#answers + 1] = store(i)
end
for field, count in pairs(counts) do
  redis.pcall('HINCRBY', base .. ':counts', field, count)
end
return answers
`;

/** Values per entry in ARGV. */
export const WRITE_WIDTH = 12;
