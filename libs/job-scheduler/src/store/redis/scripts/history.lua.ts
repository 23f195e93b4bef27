import { FILED_BY_READERS, filingFresh } from './filing-fresh.lua.js';
import { filing } from './filing.lua.js';

/** Reads see all that has ended before them: what is not yet filed is, in the same call. */
export const filed = `
local base = KEYS[1]
${filing}
${filingFresh}
local left = fileFresh(${FILED_BY_READERS})
`;

/** Defines `read(id, final)`: what is stored of an execution that ended so, or nil; without \`final\`, of any. Needs `base`. */
export const reading = `
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
