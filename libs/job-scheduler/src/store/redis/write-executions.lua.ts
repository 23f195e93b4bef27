/**
 * How executions are stored.
 *
 * x:<id>       Hash: m "<fence>:<final>", j job, q queue, r:<fence> head and attempt, h the head of an end without an attempt,
 *              s:<name> steps. Or a string: all of an execution that completed at once.
 * ended:<job>  Sorted set: ids by end time, newest first (negative): Redis looks for the place of a new one from the front.
 * counts       Hash: ended executions by "<queue>:<final>".
 * fresh        List: entries of strings that are not yet in `ended` and `counts`.
 *
 * An entry is MessagePack, an array: id, job, queue, fence, final status or '', record, whether an attempt was made,
 * step name or '', step, keep count, keep age in ms, end time in ms.
 */

/** Functions to count ended executions and keep their index. Needs `base`; collects `corrupt` keys that have been made anew. */
const filing = `
local corrupt, counts, jobs = {}, {}, {}

local function count(queue, final)
  if final ~= 'completed' and final ~= 'failed' then return end
  local counter = queue .. ':' .. final
  counts[counter] = (counts[counter] or 0) + 1
end

local function ended(job, id, keep, at)
  local known = jobs[job]
  if not known then
    known = { members = {} }
    jobs[job] = known
  end
  local members = known.members
  known.keep = keep
  members[#members + 1] = -at
  members[#members + 1] = id
end

local function addToIndex(index, members)
  for first = 1, #members, 4000 do
    local last = math.min(first + 3999, #members)
    local added = redis.pcall('ZADD', index, unpack(members, first, last))
    if type(added) == 'table' then
      redis.call('UNLINK', index)
      corrupt[#corrupt + 1] = index
      redis.call('ZADD', index, unpack(members, first, last))
    end
  end
end

local function prune(index, keep)
  local excess = redis.call('ZCARD', index) - keep
  if excess <= 0 then return end
  local oldest = redis.call('ZPOPMAX', index, math.min(excess, 1000))
  local keys = {}
  for n = 1, #oldest, 2 do
    keys[#keys + 1] = base .. ':x:' .. oldest[n]
  end
  redis.call('UNLINK', unpack(keys))
end

local function file()
  for job, known in pairs(jobs) do
    local index = base .. ':ended:' .. job
    addToIndex(index, known.members)
    prune(index, known.keep)
  end
  for counter, by in pairs(counts) do
    redis.pcall('HINCRBY', base .. ':counts', counter, by)
  end
end
`;

/** Stores one entry, as a hash. Answers 1 stored, 0 refused. */
const storing = `${filing}
local function store(id, job, queue, fence, final, record, attempted, stepName, step, keep, age, at)
  local key = base .. ':x:' .. id
  local field = attempted and 'r:' .. fence or 'h'
  local stored = redis.pcall('HGET', key, 'm')
  if type(stored) == 'table' then
    local whole = redis.pcall('GET', key)
    if type(whole) == 'string' and string.sub(whole, 1, 1) == '{' then return whole == record and 1 or 0 end
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

  count(queue, final)
  if final ~= '' and keep == 0 then
    if stored then redis.call('UNLINK', key) end
    return 1
  end

  local meta = fence .. ':' .. final
  if step ~= '' then
    redis.call('HSET', key, 'm', meta, 'j', job, 'q', queue, field, record,
      's:' .. stepName, redis.call('HLEN', key) .. ':' .. step)
  else
    redis.call('HSET', key, 'm', meta, 'j', job, 'q', queue, field, record)
  end
  if final == '' then return 1 end

  redis.call('PEXPIRE', key, age)
  ended(job, id, keep, at)
  return 1
end
`;

/**
 * KEYS[1] base of our keys
 * ARGV[1] MessagePack, an array of entries
 * Answer  per entry: 1 stored, 0 refused, as its execution has a newer fence or has ended. One that comes a second time,
 *         since its answer was lost, is answered 1 and changes nothing. Then the keys that were corrupt and have been made anew.
 */
export const writeExecutionsLua = `
local base = KEYS[1]
${storing}
local answers = {}
for i, entry in ipairs(cmsgpack.unpack(ARGV[1])) do
  answers[i] = store(unpack(entry))
end
file()
for _, key in ipairs(corrupt) do
  answers[#answers + 1] = key
end
return answers
`;

/**
 * KEYS[1] base of our keys
 * ARGV[1] the most entries
 * Answer  how many of \`fresh\` are left; then the keys that were corrupt and have been made anew
 */
export const fileFreshLua = `
local base = KEYS[1]
${filing}
local fresh = base .. ':fresh'
for _, packed in ipairs(redis.call('LPOP', fresh, ARGV[1]) or {}) do
  local id, job, queue, _, final, _, _, _, _, keep, _, at = unpack(cmsgpack.unpack(packed))
  count(queue, final)
  ended(job, id, keep, at)
end
-- They come in the order in which they ended: what the newest push out at once need not go through the index.
for _, known in pairs(jobs) do
  local members = known.members
  local surplus = #members - 2 * known.keep
  if surplus > 0 then
    local keys, rest = {}, {}
    for n = 2, surplus, 2 do
      keys[#keys + 1] = base .. ':x:' .. members[n]
    end
    for n = surplus + 1, #members do
      rest[#rest + 1] = members[n]
    end
    redis.call('UNLINK', unpack(keys))
    known.members = rest
  end
end
file()
return { redis.call('LLEN', fresh), unpack(corrupt) }
`;

/** Before the names of corrupt keys in an error of `finishWithRecord`'s script: the record is stored, the finish has not begun. */
export const CORRUPT_KEYS = 'JOBS_CORRUPT ';

/**
 * BullMQ's finish of a job with the record of its success before it, in one step. BullMQ's own arguments come first, then
 * base, id, record, keep age in ms or 0, and the entry, whose record is absent.
 *
 * An execution of which nothing is stored becomes one string, as that is a third of the work; it is filed later, with others.
 */
export function finishWithRecord(finish: string): string {
  return `
do
  local n = #ARGV
  local base, record, age = ARGV[n - 4], ARGV[n - 2], ARGV[n - 1]
  if age ~= '0' and redis.call('SET', base .. ':x:' .. ARGV[n - 3], record, 'NX', 'PX', age) then
    local fresh = base .. ':fresh'
    if type(redis.pcall('RPUSH', fresh, ARGV[n])) == 'table' then
      redis.call('UNLINK', fresh)
      redis.call('RPUSH', fresh, ARGV[n])
    end
  else
${storing}
    local entry = cmsgpack.unpack(ARGV[n])
    entry[6] = record
    store(unpack(entry))
    file()
    if #corrupt > 0 then return redis.error_reply('${CORRUPT_KEYS}' .. table.concat(corrupt, '\\t')) end
  end
end
${finish}`;
}
