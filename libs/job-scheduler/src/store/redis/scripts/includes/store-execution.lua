-- Stores one execution as a hash.
--
-- x:<id>  Hash: m "<fence>:<final>", j job, q queue, c schedule if one made it, r:<fence> head and attempt, h the head of an
--         end without an attempt, s:<name> steps, and p payload, which is written once, when the execution has ended.
--         Or a string: all of an execution that completed at its first attempt (finish/compact-record.ts). Until that is indexed
--         it stands in `fresh` instead.
-- l:<id>  Its log lines (logs/append-logs.lua): what drops the record drops them.
--
-- An entry is an array: id, job, queue, fence, final status or '', record, whether an attempt was made, step name or '', step,
-- keep count, keep age in ms, end time in ms, schedule or '', duration in ms or -1, its bucket, error of a failure or ''; and,
-- but in `fresh`, the payload or ''.
--
-- Needs    base
-- Defines  store(entry…), which answers 1 stored, 0 refused

-- @include "history-index"
local function store(id, job, queue, fence, final, record, attempted, stepName, step, keep, age, at, schedule, duration,
  bucket, failure, payload)
  local key = base .. ':x:' .. id
  local field = attempted and 'r:' .. fence or 'h'
  local stored = redis.pcall('HGET', key, 'm')
  if type(stored) == 'table' then
    local compact = redis.pcall('GET', key)
    if type(compact) == 'string' and string.sub(compact, 1, 1) == '[' then return compact == record and 1 or 0 end
    redis.call('UNLINK', key)
    stored = false
    corrupt[#corrupt + 1] = key
  end
  if stored then
    local storedFence, storedFinal = string.match(stored, '^(%d+):(%a*)$')
    storedFence = tonumber(storedFence)
    if storedFinal and storedFinal ~= '' then
      if storedFence == fence and storedFinal == final and redis.call('HGET', key, field) == record then return 1 end
      return 0
    end
    if storedFence and storedFence > fence then return 0 end
  end

  if final ~= '' then
    noteEnd(id, job, queue, final, attempted, keep, at, schedule, duration, bucket, failure)
    if keep == 0 then
      redis.call('UNLINK', key, base .. ':l:' .. id)
      return 1
    end
  end

  local meta = fence .. ':' .. final
  if step ~= '' then
    redis.call('HSET', key, 'm', meta, 'j', job, 'q', queue, field, record,
      's:' .. stepName, redis.call('HLEN', key) .. ':' .. step)
  else
    redis.call('HSET', key, 'm', meta, 'j', job, 'q', queue, field, record)
  end
  if payload and payload ~= '' then redis.call('HSET', key, 'p', payload) end
  if schedule ~= '' then redis.call('HSET', key, 'c', schedule) end
  if final ~= '' then redis.call('PEXPIRE', key, age) end
  return 1
end
