/** Executions that completed and wait, in the list `fresh`, to be stored, indexed and counted: see `filing` for the rest. */

/** The longest piece of `fresh` that a reader files before it reads. */
export const FILED_BY_READERS = 1_000;

/** The most of these that one call files. There are more only if nobody filed for long. */
const PORTIONS_AT_ONCE = 20;

/** Defines `unpackFresh(entry)`. */
export const readingFresh = `
local factsOf = {}

-- An entry of \`fresh\`. That of a job without steps is a text: end time, duration, its bucket, fence, facts that many have in
-- common, record, id. Gives nothing if it cannot be read.
local function unpackFresh(entry)
  -- An array of MessagePack never begins with a digit.
  if string.byte(entry) >= 128 then
    local isRead, parts = pcall(cmsgpack.unpack, entry)
    if isRead and type(parts) == 'table' and #parts == 16 then return unpack(parts) end
    return
  end
  local at, duration, bucket, fence, facts, record, id =
    string.match(entry, '^([%d.]+)\t([%d.]+)\t(%d+)\t(%d+)\t([^\t]*)\t([^\t]*)\t(.*)$')
  -- A clock of the user's may give parts of milliseconds.
  if not (tonumber(at) and tonumber(duration)) then return end
  local known = factsOf[facts]
  if not known then
    local isRead
    isRead, known = pcall(cjson.decode, facts)
    if not isRead or type(known) ~= 'table' or #known ~= 5 then return end
    factsOf[facts] = known
  end
  local job, queue, keep, age, schedule = unpack(known)
  return id, job, queue, tonumber(fence), 'completed', record, true, '', '', keep, age, tonumber(at), schedule,
    tonumber(duration), tonumber(bucket), ''
end
`;

/**
 * Defines `fileFresh(most)`, which answers how many of `fresh` are left, and `fileAll()`. Needs `filing`.
 */
export const filingFresh = `${readingFresh}
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

-- For who is to see, or to change, an execution that may be there.
local function fileAll()
  if redis.call('TYPE', base .. ':fresh').ok ~= 'list' then return end
  for _ = 1, ${PORTIONS_AT_ONCE} do
    if fileFresh(${FILED_BY_READERS}) == 0 then return end
  end
end
`;
