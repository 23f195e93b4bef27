/**
 * Ends of attempts, a batch in one call.
 *
 * KEYS[1] base of our keys
 * ARGV    12 per entry: id, job, queue, fence, final status or '', head, attempt or '', step name or '', step, keep count,
 *         keep age in ms, end time in ms
 * Answer  per entry: 1 stored, 0 refused; then the keys that were corrupt and have been made anew
 *
 * Hash of an execution: f fence, j job, q queue, e final status, h head, a:<fence> attempts, s:<name> steps.
 * Sorted set ended:<job>: ids by end time.
 * An entry that comes a second time, since its answer was lost, is answered 1 and changes nothing.
 */
export const writeExecutionsLua = `
local base = KEYS[1]
local answers = {}
local counts = {}
local jobs = {}
local corrupt = {}

local function store(i)
  local key = base .. ':x:' .. ARGV[i]
  local fence = tonumber(ARGV[i + 3])
  local final = ARGV[i + 4]
  local stored = redis.pcall('HMGET', key, 'f', 'e')
  if stored.err then
    redis.call('UNLINK', key)
    stored = { false, false }
    corrupt[#corrupt + 1] = key
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
    return 1
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
  if final == '' then return 1 end

  redis.call('PEXPIRE', key, ARGV[i + 10])
  local ended = jobs[ARGV[i + 1]]
  if not ended then
    ended = { members = {} }
    jobs[ARGV[i + 1]] = ended
  end
  ended.keep = count
  ended.members[#ended.members + 1] = ARGV[i + 11]
  ended.members[#ended.members + 1] = ARGV[i]
  return 1
end

local function addToIndex(index, members)
  for first = 1, #members, 4000 do
    local last = math.min(first + 3999, #members)
    local added = redis.pcall('ZADD', index, unpack(members, first, last))
    if type(added) == 'table' then
      redis.call('UNLINK', index)
      corrupt[#corrupt + 1] = index
      redis.call('ZADD', index, unpack(members, first, last))
    end
  end
end

local function prune(index, keep)
  local excess = redis.call('ZCARD', index) - keep
  if excess <= 0 then return end
  local oldest = redis.call('ZPOPMIN', index, math.min(excess, 1000))
  local keys = {}
  for n = 1, #oldest, 2 do
    keys[#keys + 1] = base .. ':x:' .. oldest[n]
  end
  redis.call('UNLINK', unpack(keys))
end

for i = 1, #ARGV, 12 do
  answers[#answers + 1] = store(i)
end
for job, ended in pairs(jobs) do
  local index = base .. ':ended:' .. job
  addToIndex(index, ended.members)
  prune(index, ended.keep)
end
for field, count in pairs(counts) do
  redis.pcall('HINCRBY', base .. ':counts', field, count)
end
for _, key in ipairs(corrupt) do
  answers[#answers + 1] = key
end
return answers
`;

/** Values per entry in ARGV. */
export const WRITE_WIDTH = 12;
