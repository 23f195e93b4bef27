-- A page of ended executions, newest first. Those that ended in the same millisecond come in the order of the sets, and in
-- each set by the order of members.
--
-- KEYS[1] base of our keys
-- ARGV    'ended' with a job or '', or 'fired' with a schedule; final status or ''; limit; then the place to go on from: a time
--         or '', a set's name and a member in it, or '' and ''; how many bytes end the page
-- Answer  how many executions wait to be indexed: if any, nothing else was done, ask again. Then 1 if there are more; time, set
--         and member of the last; of each execution its id and what is stored of it

-- @include "index-first"
if left > 0 then return { left } end
-- @include "read-execution"
local kind, name, wanted, limit, time, after, place, most = unpack(ARGV)
limit, most = tonumber(limit), tonumber(most)

local sets = {}
local function addSets(of)
  for _, final in ipairs(FINALS) do
    if wanted == '' or wanted == final then
      local key = setOf(kind, of, final)
      sets[#sets + 1] = { key = key, name = string.sub(key, #base + 2), final = final }
    end
  end
end
if name ~= '' then
  addSets(name)
else
  for _, job in ipairs(redis.call('ZRANGE', base .. ':jobs', 0, -1)) do addSets(job) end
end

local function positionOf(setName)
  for n, set in ipairs(sets) do
    if set.name == setName then return n end
  end
  return 0
end

-- How many members of a set come before the rest of the list.
local function skipped(n, score, current, text)
  if not score then return 0 end
  local key = sets[n].key
  if current == 0 or n < current then return redis.call('ZCOUNT', key, '-inf', score) end
  if n > current then return redis.call('ZCOUNT', key, '-inf', '(' .. score) end
  -- What is there, or was, comes directly before this, which never is.
  local probe = text .. '\0\0'
  redis.call('ZADD', key, score, probe)
  local rank = redis.call('ZRANK', key, probe)
  redis.call('ZREM', key, probe)
  return rank
end

local function sizeOf(stored)
  if type(stored) == 'string' then return #stored end
  local size = 0
  for _, part in ipairs(stored) do size = size + #part end
  return size
end

local found, more, size = {}, 0, 0
local last = { time, after, place }

local function look()
  local score = last[1] ~= '' and string.format('%.0f', -tonumber(last[1])) or nil
  local current = last[2] ~= '' and positionOf(last[2]) or 0
  local heads = {}
  for n, set in ipairs(sets) do
    local first = skipped(n, score, current, last[3])
    local head = redis.call('ZRANGE', set.key, first, first, 'WITHSCORES')
    if head[1] then heads[#heads + 1] = { n, first, tonumber(head[2]) } end
  end
  table.sort(heads, function(a, b)
    if a[3] ~= b[3] then return a[3] < b[3] end
    return a[1] < b[1]
  end)
  local members, isAll = {}, true
  for h = 1, math.min(#heads, limit + 1) do
    local n, first = heads[h][1], heads[h][2]
    local piece = redis.call('ZRANGE', sets[n].key, first, first + limit, 'WITHSCORES')
    if #piece == 2 * (limit + 1) then isAll = false end
    for m = 1, #piece, 2 do
      members[#members + 1] = { n, m, tonumber(piece[m + 1]), piece[m] }
    end
  end
  if #heads > limit + 1 then isAll = false end
  table.sort(members, function(a, b)
    if a[3] ~= b[3] then return a[3] < b[3] end
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
  end)
  for c = 1, math.min(#members, limit + 1) do
    local n, _, at, text = unpack(members[c])
    local set = sets[n]
    local id, other = split(text)
    local stored = read(id, set.final)
    if not stored then
      -- Its age is over.
      redis.call('ZREM', set.key, text)
    elseif #found == 2 * limit or size >= most then
      more = 1
      return true
    else
      found[#found + 1] = id
      found[#found + 1] = stored
      size = size + sizeOf(stored)
    end
    if stored then last = { string.format('%.0f', -at), set.name, text } end
  end
  return isAll and #members <= limit + 1
end

-- Each turn but the last has found some that are gone, and taken them out.
for _ = 1, 100 do
  if look() then break end
end
return { left, more, last[1], last[2], last[3], unpack(found) }
