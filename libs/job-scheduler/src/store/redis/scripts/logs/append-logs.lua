-- Stores log lines, and the ends of executions among them.
--
-- logs         Hash: by job, the place of its newest entry. Never counts down.
-- l:<id>       Sorted set: entries of an execution, by place: "<place>:<number>:<entry, JSON>". Pruning of the record drops it.
-- lj:<job>     Sorted set: a job's tail, by place: MessagePack, an array: place, execution, schedule or ''. The entries
--              themselves may have gone.
-- lw:<writer>  MessagePack, an array: number of the writer's last batch, and the answer to it.
--
-- KEYS[1] base of our keys
-- ARGV[1] MessagePack, an array of entries, each an array: execution, job, schedule or '', 1 for a line or 0 for an end,
--         entry as JSON, for how many ms to keep it
-- ARGV[2] writer
-- ARGV[3] number of its batch. One that is sent again changes nothing
-- ARGV[4] lines kept of an execution
-- ARGV[5] entries kept of a job's tail
-- ARGV[6] for how many ms the answer to a batch is kept
-- Answer  per entry its place and number

local base = KEYS[1]
local answers, numbers, keeps, tails = {}, {}, {}, {}
local linesKept, tailKept, answerKept = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]

local writer = base .. ':lw:' .. ARGV[2]
local last = redis.pcall('GET', writer)
if type(last) == 'string' then
  local number, answer = unpack(cmsgpack.unpack(last))
  if number == ARGV[3] then return answer end
end

local function add(key, place, member)
  if type(redis.pcall('ZADD', key, place, member)) ~= 'table' then return end
  redis.call('UNLINK', key)
  redis.call('ZADD', key, place, member)
end

local function numberOf(key)
  local newest = redis.pcall('ZRANGE', key, -1, -1)
  return newest[1] and tonumber(string.match(newest[1], '^%d+:(%d+):')) or 0
end

for _, entry in ipairs(cmsgpack.unpack(ARGV[1])) do
  local id, job, schedule, isLine, json, keep = unpack(entry)
  local key = base .. ':l:' .. id
  local tail = base .. ':lj:' .. job
  local place = redis.call('HINCRBY', base .. ':logs', job, 1)
  local number = (numbers[key] or numberOf(key)) + isLine
  numbers[key] = number
  -- An end whose lines have gone, since its record has been pruned already, would stay behind.
  if number > 0 then
    add(key, place, place .. ':' .. number .. ':' .. json)
    add(tail, place, cmsgpack.pack({ place, id, schedule }))
    keeps[key], keeps[tail] = keep, keep
    tails[tail] = true
  end
  answers[#answers + 1] = place
  answers[#answers + 1] = number
end
-- Ends do not count: only lines are bounded.
local function bound(key, gone)
  local over = redis.call('ZCARD', key) - linesKept
  if gone <= 0 or over <= 0 then return end
  local many = 0
  for _, member in ipairs(redis.call('ZRANGE', key, 0, over - 1)) do
    if tonumber(string.match(member, '^%d+:(%d+):')) > gone then break end
    many = many + 1
  end
  if many > 0 then redis.call('ZREMRANGEBYRANK', key, 0, many - 1) end
end

for key, number in pairs(numbers) do bound(key, number - linesKept) end
for tail in pairs(tails) do redis.call('ZREMRANGEBYRANK', tail, 0, -1 - tailKept) end
for key, keep in pairs(keeps) do redis.call('PEXPIRE', key, keep) end
redis.call('SET', writer, cmsgpack.pack({ ARGV[3], answers }), 'PX', answerKept)
return answers
