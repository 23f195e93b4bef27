import { filingFresh, readingFresh } from './filing-fresh.lua.js';
import { filing } from './filing.lua.js';

/**
 * How executions are stored.
 *
 * x:<id>  Hash: m "<fence>:<final>", j job, q queue, c schedule if one made it, r:<fence> head and attempt, h the head of an
 *         end without an attempt, p payload, once it has ended: stored once, however often that is, s:<name> steps. Or a string: all of an execution that completed at once, see
 *         `Whole` (whole-record.ts); until it is filed it stands in `fresh` instead.
 * l:<id>  Its log lines (logs.lua.ts): whatever drops the record drops them.
 *
 * What has ended is also filed; see `filing`. An entry is MessagePack, an array: id, job, queue, fence, final status or '',
 * record, whether an attempt was made, step name or '', step, keep count, keep age in ms, end time in ms, schedule or '',
 * duration in ms or -1, its bucket, error of a failure or ''; and, but in `fresh`, the payload or ''.
 */

/** Stores one entry, as a hash. Answers 1 stored, 0 refused. */
const storing = `${filing}
local function store(id, job, queue, fence, final, record, attempted, stepName, step, keep, age, at, schedule, duration,
  bucket, failure, payload)
  local key = base .. ':x:' .. id
  local field = attempted and 'r:' .. fence or 'h'
  local stored = redis.pcall('HGET', key, 'm')
  if type(stored) == 'table' then
    local whole = redis.pcall('GET', key)
    if type(whole) == 'string' and string.sub(whole, 1, 1) == '[' then return whole == record and 1 or 0 end
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
    ended(id, job, queue, final, attempted, keep, at, schedule, duration, bucket, failure)
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
${filingFresh}
fileAll()
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
 * Answer  how many of `fresh` are left; then the keys that were corrupt and have been made anew
 */
export const fileFreshLua = `
local base = KEYS[1]
${filing}
${filingFresh}
return { fileFresh(ARGV[1]), unpack(corrupt) }
`;

/** Before the names of corrupt keys in an error of `finishWithRecord`'s script: the record is stored, the finish has not begun. */
export const CORRUPT_KEYS = 'JOBS_CORRUPT ';

/**
 * BullMQ's finish of a job with the record of its success, in one step. BullMQ's own arguments come first, then base, id,
 * keep age in ms or 0, and the entry: MessagePack, or a text (`unpackFresh`).
 *
 * An execution of which nothing is stored waits to be filed, with others, once BullMQ has taken its end: to store each by
 * itself, and to drop most of them again when many come, would be twice the work. What goes on from earlier attempts or
 * steps is stored before.
 */
export function finishWithRecord(finish: string): string {
  return `
local n = #ARGV
local base, id, age, entry = ARGV[n - 3], ARGV[n - 2], ARGV[n - 1], ARGV[n]
local key = base .. ':x:' .. id
local known
if age == '0' then
  known = redis.call('EXISTS', key, base .. ':l:' .. id)
else
  known = redis.call('EXISTS', key)
end
if known > 0 then
${storing}
${readingFresh}
  store(unpackFresh(entry))
  file()
  if #corrupt > 0 then return redis.error_reply('${CORRUPT_KEYS}' .. table.concat(corrupt, '\\t')) end
end

local function finish()
${finish}
end
local answer = finish()
-- A negative number says why it was not taken.
if known == 0 and not (type(answer) == 'number' and answer < 0) then
  local fresh = base .. ':fresh'
  if type(redis.pcall('RPUSH', fresh, entry)) == 'table' then
    redis.call('UNLINK', fresh)
    redis.call('RPUSH', fresh, entry)
  end
end
return answer`;
}
