-- How ended executions are indexed, bounded and counted. `noteEnd(…)` notes one, `writeIndexes()` writes all that were noted.
--
-- ended:<job>:<final>       Sorted set: "<id>" or "<id>\0<schedule>", by end time, newest first (negative): Redis looks for
--                           the place of a new one from the front.
-- fired:<schedule>:<final>  Sorted set: "<id>\0<job>", likewise, of executions that a schedule made.
-- stats:<job>               Hash: n:<final> ends, at:<final> time of the last, error of the last failure; runs, sum, min, max
--                           of durations, b<bucket> durations by size.
-- jobs                      Sorted set, by name: jobs that have stats.
-- counts                    Hash: ended executions by "<queue>:<final>".
-- fresh                     List: the pending index, entries of executions that completed and are in none of the above yet,
--                           nor stored apart.
--
-- Needs    base
-- Defines  ended, file, member, split, setOf, size, forget, inPieces, FINALS; `corrupt`: keys that have been replaced

local corrupt, counts, jobs = {}, {}, {}
local FINALS = { 'completed', 'failed', 'skipped', 'cancelled' }
local records, lines = base .. ':x:', base .. ':l:'

local function member(id, of)
  return of == '' and id or id .. '\0' .. of
end

local function split(text)
  local cut = string.find(text, '\0', 1, true)
  if not cut then return text, '' end
  return string.sub(text, 1, cut - 1), string.sub(text, cut + 1)
end

-- @param record of one that is not stored yet
local function noteEnd(id, job, queue, final, attempted, keep, at, schedule, duration, bucket, failure, record, age)
  if final == 'completed' or final == 'failed' then
    local counted = counts[queue]
    if not counted then
      counted = { completed = 0, failed = 0 }
      counts[queue] = counted
    end
    counted[final] = counted[final] + 1
  end
  local known = jobs[job]
  if not known then
    known = { ends = {}, buckets = {}, runs = 0, sum = 0 }
    jobs[job] = known
  end
  local ends = known.ends[final]
  if not ends then
    -- How many, the last of them, and those to keep: when they ended, their ids, schedules, and what to store
    -- of them.
    ends = { n = 0, at = 0, size = 0, times = {}, ids = {}, schedules = {}, records = {}, ages = {} }
    known.ends[final] = ends
  end
  ends.n = ends.n + 1
  if attempted and at >= ends.at then
    ends.at = at
    if final == 'failed' then known.failure = failure end
  end
  if duration >= 0 then
    known.runs = known.runs + 1
    known.sum = known.sum + duration
    if not known.min or duration < known.min then known.min = duration end
    if not known.max or duration > known.max then known.max = duration end
    known.buckets[bucket] = (known.buckets[bucket] or 0) + 1
  end
  -- Of no age, it would be gone before it can be read.
  if keep == 0 or age == 0 then return end
  known.keep = keep
  local size = ends.size + 1
  ends.size = size
  ends.times[size] = at
  ends.ids[size] = id
  ends.schedules[size] = schedule
  ends.records[size] = record
  ends.ages[size] = age
end

local function addStats(job, known)
  local key = base .. ':stats:' .. job
  local fields = { 'min', 'max', 'at:completed', 'at:failed', 'at:skipped', 'at:cancelled' }
  local own = #fields
  local sums = { runs = known.runs, sum = known.sum }
  for final, ends in pairs(known.ends) do sums['n:' .. final] = ends.n end
  for bucket, n in pairs(known.buckets) do sums['b' .. bucket] = n end
  for field in pairs(sums) do fields[#fields + 1] = field end
  local stored = redis.pcall('HMGET', key, unpack(fields))
  if stored.err then
    redis.call('UNLINK', key)
    corrupt[#corrupt + 1] = key
    stored = {}
  end
  local changed = {}
  local function set(field, value)
    changed[#changed + 1] = field
    changed[#changed + 1] = value
  end
  local least, most = tonumber(stored[1]), tonumber(stored[2])
  if known.min and (not least or known.min < least) then set('min', known.min) end
  if known.max and (not most or known.max > most) then set('max', known.max) end
  for i, final in ipairs(FINALS) do
    local ends, last = known.ends[final], tonumber(stored[2 + i])
    local at = ends and ends.at or 0
    if at > 0 and (not last or at >= last) then
      set('at:' .. final, at)
      if final == 'failed' then set('error', known.failure) end
    end
  end
  for i = own + 1, #fields do
    local field = fields[i]
    if sums[field] > 0 then set(field, (tonumber(stored[i]) or 0) + sums[field]) end
  end
  redis.call('HSET', key, unpack(changed))
end

local function setOf(kind, name, final)
  return base .. ':' .. kind .. ':' .. name .. ':' .. final
end

-- Calls with pieces of a list that is too long for one call.
local function inPieces(list, most, call)
  for first = 1, #list, most do
    call(unpack(list, first, math.min(first + most - 1, #list)))
  end
end

local function add(key, members)
  inPieces(members, 4000, function(...)
    local added = redis.pcall('ZADD', key, ...)
    if type(added) == 'table' then
      redis.call('UNLINK', key)
      corrupt[#corrupt + 1] = key
      redis.call('ZADD', key, ...)
    end
  end)
end

local function size(key)
  local found = redis.pcall('ZCARD', key)
  return type(found) == 'number' and found or 0
end

-- The records of members that have left the index of their job.
local function forget(job, final, members)
  -- Of a job that has never written a line there are none to be dropped.
  local hasLines = redis.pcall('HEXISTS', base .. ':logs', job) == 1
  local keys, fired = {}, {}
  for _, gone in ipairs(members) do
    local id, schedule = split(gone)
    keys[#keys + 1] = records .. id
    if hasLines then keys[#keys + 1] = lines .. id end
    if schedule ~= '' then
      local list = fired[schedule]
      if not list then
        list = {}
        fired[schedule] = list
      end
      list[#list + 1] = member(id, job)
    end
  end
  inPieces(keys, 4000, function(...) redis.call('UNLINK', ...) end)
  for schedule, list in pairs(fired) do
    local key = setOf('fired', schedule, final)
    inPieces(list, 4000, function(...) redis.pcall('ZREM', key, ...) end)
  end
end

-- Drops the oldest beyond what the job keeps.
local function prune(job, sizes, keep)
  local excess = -keep
  for _, n in pairs(sizes) do excess = excess + n end
  excess = math.min(excess, 1000)
  while excess > 0 do
    local oldest, at, second
    for final, n in pairs(sizes) do
      if n > 0 then
        local tail = redis.call('ZRANGE', setOf('ended', job, final), -1, -1, 'WITHSCORES')
        local score = tonumber(tail[2])
        if not oldest or score > at then
          oldest, at, second = final, score, at
        elseif not second or score > second then
          second = score
        end
      end
    end
    local key = setOf('ended', job, oldest)
    local n = sizes[oldest]
    if second then n = math.max(1, redis.call('ZCOUNT', key, '(' .. string.format('%.0f', second), '+inf')) end
    n = math.min(n, excess)
    local gone = {}
    for i, text in ipairs(redis.call('ZPOPMAX', key, n)) do
      if i % 2 == 1 then gone[#gone + 1] = text end
    end
    forget(job, oldest, gone)
    sizes[oldest] = sizes[oldest] - n
    excess = excess - n
  end
end

local function index(job, known)
  local sizes, fired = {}, {}
  for _, final in ipairs(FINALS) do sizes[final] = size(setOf('ended', job, final)) end
  for final, ends in pairs(known.ends) do
    local members, names = {}, {}
    for n = 1, ends.size do
      local score, id, schedule = -ends.times[n], ends.ids[n], ends.schedules[n]
      local name = member(id, schedule)
      members[2 * n - 1] = score
      members[2 * n] = name
      names[n] = name
      if schedule ~= '' then
        local key = setOf('fired', schedule, final)
        fired[key] = fired[key] or {}
        table.insert(fired[key], score)
        table.insert(fired[key], member(id, job))
      end
    end
    -- An id that was used before may have ended otherwise then.
    for other, n in pairs(sizes) do
      if other ~= final and n > 0 then
        local key = setOf('ended', job, other)
        inPieces(names, 4000, function(...) redis.call('ZREM', key, ...) end)
        sizes[other] = size(key)
      end
    end
    local key = setOf('ended', job, final)
    add(key, members)
    sizes[final] = size(key)
  end
  for key, members in pairs(fired) do add(key, members) end
  prune(job, sizes, known.keep)
end

local function writeIndexes()
  local names = {}
  for job, known in pairs(jobs) do
    names[#names + 1] = 0
    names[#names + 1] = job
    addStats(job, known)
    if known.keep then index(job, known) end
  end
  add(base .. ':jobs', names)
  for queue, counted in pairs(counts) do
    for final, by in pairs(counted) do
      if by > 0 then redis.pcall('HINCRBY', base .. ':counts', queue .. ':' .. final, by) end
    end
  end
  counts, jobs = {}, {}
end
