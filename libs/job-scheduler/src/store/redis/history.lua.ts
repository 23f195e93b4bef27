import { FILED_BY_READERS, filingFresh } from './filing-fresh.lua.js';
import { filing } from './filing.lua.js';

/** Reads see all that has ended before them: what is not yet filed is, in the same call. */
const filed = `
local base = KEYS[1]
${filing}
${filingFresh}
local left = fileFresh(${FILED_BY_READERS})
`;

/** Defines `read(id, final)`: what is stored of an execution that ended so, or nil; without \`final\`, of any. Needs `base`. */
const reading = `
local function read(id, final)
  local key = base .. ':x:' .. id
  local whole = redis.pcall('GET', key)
  if type(whole) == 'string' then return (not final or final == 'completed') and whole or nil end
  if not whole then return nil end
  local fields = redis.pcall('HGETALL', key)
  if fields.err then return nil end
  if not final then return fields end
  for n = 1, #fields, 2 do
    if fields[n] == 'm' then return string.match(fields[n + 1], ':(%a*)$') == final and fields or nil end
  end
  return nil
end
`;

/**
 * KEYS[1] base of our keys
 * ARGV    'ended' with a job or '', or 'fired' with a schedule; final status or ''; limit; a time or ''; a set's name and a
 *         member in it, or '' and '': only what comes after these
 * Answer  how many of `fresh` are left: then nothing else was done, and it is to be asked again. Then: 1 if there are more;
 *         time, set and member of the last; id and what is stored of it, for each. Newest first; of those that ended in the
 *         same millisecond in the order of the sets, and in each by the order of members.
 */
export const listHistoryLua = `
${filed}
if left > 0 then return { left } end
${reading}
local kind, name, wanted, limit, time, after, place = unpack(ARGV)
limit = tonumber(limit)

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
  local probe = text .. '\\0\\0'
  redis.call('ZADD', key, score, probe)
  local rank = redis.call('ZRANK', key, probe)
  redis.call('ZREM', key, probe)
  return rank
end

local found, more = {}, 0
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
    elseif #found == 2 * limit then
      more = 1
      return true
    else
      found[#found + 1] = id
      found[#found + 1] = stored
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
`;

/**
 * KEYS[1] base of our keys
 * ARGV    ids
 * Answer  for each: what is stored of it, or nil
 */
export const loadManyLua = `
local base = KEYS[1]
${filing}
${filingFresh}
fileAll()
${reading}
local answer = {}
for n, id in ipairs(ARGV) do answer[n] = read(id) or false end
return answer
`;

/**
 * KEYS[1] base of our keys
 * ARGV    jobs; none: all
 * Answer  how many of `fresh` are left: then it is to be asked again. Then for each job: its name and its stats
 */
export const historyStatsLua = `
${filed}
if left > 0 then return { left } end
local names = #ARGV > 0 and ARGV or redis.call('ZRANGE', base .. ':jobs', 0, -1)
local answer = { left }
for _, job in ipairs(names) do
  local stats = redis.pcall('HGETALL', base .. ':stats:' .. job)
  answer[#answer + 1] = job
  answer[#answer + 1] = stats.err and {} or stats
end
return answer
`;

/**
 * KEYS[1] base of our keys
 * ARGV    a job
 * Answer  how many of `fresh` are left: then it is to be asked again. Then how many are in its index, by final status
 */
export const historyKeptLua = `
${filed}
local answer = { left }
for n, final in ipairs(FINALS) do answer[n + 1] = size(setOf('ended', ARGV[1], final)) end
return answer
`;

/**
 * KEYS[1] base of our keys
 * ARGV    'ended' and a job, or 'fired' and a schedule; the most records
 * Answer  1 if there are more
 */
export const clearHistoryLua = `
${filed}
local kind, name, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
if left > 0 then return 1 end
for _, final in ipairs(FINALS) do
  local key = setOf(kind, name, final)
  local members = most > 0 and redis.call('ZRANGE', key, 0, most - 1) or {}
  most = most - #members
  local byJob = {}
  for _, text in ipairs(members) do
    local id, other = split(text)
    local job, schedule = name, other
    if kind == 'fired' then job, schedule = other, name end
    byJob[job] = byJob[job] or {}
    table.insert(byJob[job], member(id, schedule))
  end
  for job, texts in pairs(byJob) do
    inPieces(texts, 4000, function(...) redis.call('ZREM', setOf('ended', job, final), ...) end)
    forget(job, final, texts)
  end
  inPieces(members, 4000, function(...) redis.call('ZREM', key, ...) end)
end
return most > 0 and 0 or 1
`;

/** Members of an index that one look at its end takes in. */
const LOOK = 100;

/**
 * KEYS[1] base of our keys
 * ARGV    a job, or ''; how many jobs
 * Answer  the last job that was looked at, or '': none is left after the given one
 *
 * Takes those out of the indexes whose records have expired. They are the oldest: it looks from that end as long as it finds
 * some. What it does not find, since younger ones had a shorter age, goes when it is come upon, or is the oldest.
 */
export const sweepHistoryLua = `
${filed}
local after, most = ARGV[1], tonumber(ARGV[2])
local names = redis.call('ZRANGEBYLEX', base .. ':jobs', after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, most)

local function gone(tail)
  local keys, expired = {}, {}
  for n, text in ipairs(tail) do keys[n] = base .. ':x:' .. split(text) end
  if #keys == 0 or redis.call('EXISTS', unpack(keys)) == #keys then return expired end
  for n, key in ipairs(keys) do
    if redis.call('EXISTS', key) == 0 then expired[#expired + 1] = tail[n] end
  end
  return expired
end

for _, job in ipairs(names) do
  for _, final in ipairs(FINALS) do
    local key = setOf('ended', job, final)
    for _ = 1, 50 do
      local tail = redis.pcall('ZRANGE', key, -${LOOK}, -1)
      local expired = gone(tail)
      if #expired == 0 then break end
      redis.call('ZREM', key, unpack(expired))
      forget(job, final, expired)
    end
  end
end
return names[most] or ''
`;
