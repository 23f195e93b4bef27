-- Indexes executions that completed and wait for it in the list `fresh`.
--
-- Needs    base
-- Defines  fileFresh(most), which answers how many are left; fileAll(), for scripts that look for an execution by its id

-- @include "history-index"
-- @include "read-pending"

-- The longest piece that a reader files before it reads, and the most of these at once.
local FILED_BY_READERS, PORTIONS_AT_ONCE = 1000, 20

-- What was pushed out before it was stored has log lines at most.
local function drop(job, ids)
  if redis.pcall('HEXISTS', base .. ':logs', job) ~= 1 then return end
  local keys = {}
  for n, id in ipairs(ids) do keys[n] = lines .. id end
  inPieces(keys, 4000, function(...) redis.call('UNLINK', ...) end)
end

local function fileFresh(most)
  local fresh = base .. ':fresh'
  for _, packed in ipairs(redis.call('LPOP', fresh, most) or {}) do
    local id, job, queue, _, final, record, attempted, _, _, keep, age, at, schedule, duration, bucket, failure =
      unpackFresh(packed)
    if id then
      ended(id, job, queue, final, attempted, keep, at, schedule, duration, bucket, failure, record, age)
    else
      -- The others came out of the list with it, and stand nowhere else: they must not be lost.
      corrupt[#corrupt + 1] = fresh
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
  file()
  return redis.call('LLEN', fresh)
end

-- There is more than it files only if no process filed for long.
local function fileAll()
  if redis.call('TYPE', base .. ':fresh').ok ~= 'list' then return end
  for _ = 1, PORTIONS_AT_ONCE do
    if fileFresh(FILED_BY_READERS) == 0 then return end
  end
end
