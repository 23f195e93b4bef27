-- Indexes executions that completed and wait for it in the list `fresh`.
--
-- Needs    base
-- Defines  indexPending(most), which answers how many are left; indexAllPending(), for scripts that look for an execution by its id

-- @include "history-index"
-- @include "read-pending"

-- The longest piece that a reader indexes before it reads, and the most of these at once.
local INDEXED_BY_READERS, PORTIONS_AT_ONCE = 1000, 20

-- What was pushed out before it was stored has log lines at most.
local function drop(job, ids)
  if redis.pcall('HEXISTS', base .. ':logs', job) ~= 1 then return end
  local keys = {}
  for n, id in ipairs(ids) do keys[n] = lines .. id end
  inPieces(keys, 4000, function(...) redis.call('UNLINK', ...) end)
end

local function indexPending(most)
  local pending = base .. ':fresh'
  for _, packed in ipairs(redis.call('LPOP', pending, most) or {}) do
    local id, job, queue, _, final, record, attempted, _, _, keep, age, at, schedule, duration, bucket, failure =
      readPending(packed)
    if id then
      noteEnd(id, job, queue, final, attempted, keep, at, schedule, duration, bucket, failure, record, age)
    else
      -- The others came out of the list with it, and stand nowhere else: they must not be lost.
      corrupt[#corrupt + 1] = pending
    end
  end
  for job, known in pairs(jobs) do
    for final, ends in pairs(known.ends) do
      -- They come in the order in which they ended: what the newest push out at once need not be stored.
      local surplus = known.keep and ends.size - known.keep or 0
      if surplus > 0 then
        local size = known.keep
        drop(job, { unpack(ends.ids, 1, surplus) })
        for _, list in ipairs({ 'times', 'ids', 'schedules', 'records', 'ages' }) do
          ends[list] = { unpack(ends[list], surplus + 1, surplus + size) }
        end
        ends.size = size
      end
      for n = 1, ends.size do
        redis.call('SET', records .. ends.ids[n], ends.records[n], 'PX', ends.ages[n])
      end
    end
  end
  writeIndexes()
  return redis.call('LLEN', pending)
end

-- More is left only if no process has indexed for long.
local function indexAllPending()
  if redis.call('TYPE', base .. ':fresh').ok ~= 'list' then return end
  for _ = 1, PORTIONS_AT_ONCE do
    if indexPending(INDEXED_BY_READERS) == 0 then return end
  end
end
