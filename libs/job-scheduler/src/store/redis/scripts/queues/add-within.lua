-- Adds jobs by BullMQ's own scripts if there is room for all of them: the look and the adding are one step. Jobs for later
-- need no room, nor do those that are not added, since their id is known or their deduplication id is held.
--
-- finish/bullmq-scripts.ts puts before this text: `add`, BullMQ's scripts by letter, each a function of its keys and
-- arguments; `place`, where the list that is the first of a script's arguments has what; `width`, values of a job in ARGV.
--
-- KEYS[1] the queue's list of waiting jobs
-- ARGV[1] how many may wait
-- ARGV[2] JSON: the keys of each of BullMQ's scripts
-- ARGV    then of each job its letter and BullMQ's arguments
-- Answer  false: there is no room, and nothing was added. Else what BullMQ's scripts answer, in order

local seen, new, prefix = {}, 0, nil
for n = 3, #ARGV, width do
  local args = cmsgpack.unpack(ARGV[n + 1])
  prefix = args[place.prefix]
  local key, held = prefix .. args[place.jobId], args[place.deduplicationKey]
  local isKnown = args[place.jobId] ~= '' and (seen[key] or redis.call('EXISTS', key) == 1)
  if not isKnown and held then
    local holder = redis.call('GET', held)
    -- BullMQ takes it from a holder that is gone, if no time ends it.
    local isHeld = holder and (redis.call('EXISTS', prefix .. holder) == 1 or redis.call('PTTL', held) ~= -1)
    isKnown = seen[held] or isHeld
    seen[held] = true
  end
  seen[key] = true
  if not isKnown and ARGV[n] ~= 'd' then new = new + 1 end
end

if new > 0 then
  local waiting = redis.call('LLEN', KEYS[1]) + redis.call('LLEN', prefix .. 'paused')
    + redis.call('ZCARD', prefix .. 'prioritized')
  if waiting + new > tonumber(ARGV[1]) then return false end
end

local keys, answers = cjson.decode(ARGV[2]), {}
for n = 3, #ARGV, width do
  answers[#answers + 1] = add[ARGV[n]](keys[ARGV[n]], { unpack(ARGV, n + 1, n + width - 1) })
end
return answers
