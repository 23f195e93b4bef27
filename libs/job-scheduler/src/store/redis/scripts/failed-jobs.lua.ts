/**
 * Failed jobs of one queue, by BullMQ's sorted set.
 *
 * KEYS[1] BullMQ's sorted set of failed jobs
 * ARGV[1] 'list': newest first, with their fields; 'ids': oldest first
 * ARGV[2] only those that failed by then, or ''
 * ARGV[3] time of the place to go on from, or ''
 * ARGV[4] job id of that place; '': list before all of that time
 * ARGV[5] job name, or ''
 * ARGV[6] how many
 * ARGV[7] how many to look at
 * ARGV[8] how many bytes of fields end the list
 * Answer  1 when there may be more, 2 when bytes have ended it; then time and id of the last one that was looked at; then of
 *         each job its id or, for 'list', id, time, name, data, opts, timestamp, atm, ats, stc, rjk, failedReason, stacktrace
 */
export const failedJobsLua = `
local prefix = string.sub(KEYS[1], 1, -7)
local what, till, at, place, job, limit, most, bytes = unpack(ARGV)
limit, most, bytes = tonumber(limit), tonumber(most), tonumber(bytes)
local isList = what == 'list'

local first, last = '-inf', till == '' and '+inf' or till
if isList then
  if at ~= '' and (till == '' or tonumber(at) <= tonumber(till)) then last = place == '' and '(' .. at or at end
elseif at ~= '' then
  first = at
end

local function isPassed(id, score)
  if place == '' or tonumber(score) ~= tonumber(at) then return false end
  if isList then return id >= place end
  return id <= place
end

local answer = { 0, '', '' }
local looked, found, size = 0, 0, 0
local function isFull() return found == limit or size >= bytes end
while looked < most and not isFull() do
  local width = math.min(200, most - looked)
  local chunk
  if isList then
    chunk = redis.call('ZREVRANGEBYSCORE', KEYS[1], last, first, 'WITHSCORES', 'LIMIT', looked, width)
  else
    chunk = redis.call('ZRANGEBYSCORE', KEYS[1], first, last, 'WITHSCORES', 'LIMIT', looked, width)
  end
  for n = 1, #chunk, 2 do
    local id, score = chunk[n], chunk[n + 1]
    looked = looked + 1
    answer[2], answer[3] = score, id
    if not isPassed(id, score) then
      local key = prefix .. id
      if isList then
        local fields = redis.call('HMGET', key, 'name', 'data', 'opts', 'timestamp', 'atm', 'ats', 'stc', 'rjk',
          'failedReason', 'stacktrace')
        if fields[1] and (job == '' or fields[1] == job) then
          answer[#answer + 1] = id
          answer[#answer + 1] = score
          for i = 1, 10 do
            answer[#answer + 1] = fields[i]
            size = size + (fields[i] and #fields[i] or 0)
          end
          found = found + 1
        end
      elseif job == '' or redis.call('HGET', key, 'name') == job then
        answer[#answer + 1] = id
        found = found + 1
      end
    end
    if isFull() then
      if n + 1 == #chunk and #chunk < 2 * width then return answer end
      break
    end
  end
  if #chunk < 2 * width then
    if not isFull() then return answer end
    break
  end
end
answer[1] = size >= bytes and 2 or 1
return answer
`;

/**
 * Deletes failed jobs. One that is in a tree of jobs is left to BullMQ, which knows its parent and its children.
 *
 * KEYS[1] BullMQ's sorted set of failed jobs
 * ARGV    job ids
 * Answer  how many were deleted; then the ids of those that are left to BullMQ
 */
export const discardFailedLua = `
local prefix = string.sub(KEYS[1], 1, -7)
local answer = { 0 }
for _, id in ipairs(ARGV) do
  local key = prefix .. id
  if redis.call('ZSCORE', KEYS[1], id) then
    local parent, held = unpack(redis.call('HMGET', key, 'parentKey', 'deid'))
    local isTree = parent or redis.call('EXISTS', key .. ':dependencies', key .. ':processed', key .. ':failed',
      key .. ':unsuccessful') > 0
    if isTree then
      answer[#answer + 1] = id
    else
      redis.call('ZREM', KEYS[1], id)
      if held and redis.call('GET', prefix .. 'de:' .. held) == id then
        redis.call('DEL', prefix .. 'de:' .. held, prefix .. 'dn:' .. held)
      end
      redis.call('DEL', key, key .. ':logs', key .. ':lock')
      local most = redis.call('HGET', prefix .. 'meta', 'opts.maxLenEvents') or 10000
      redis.call('XADD', prefix .. 'events', 'MAXLEN', '~', most, '*', 'event', 'removed', 'jobId', id, 'prev', 'failed')
      answer[1] = answer[1] + 1
    end
  end
end
return answer
`;

/**
 * Failed jobs whose own time is over, oldest first. BullMQ writes options as JSON, in whose texts quotes are escaped.
 *
 * KEYS[1] BullMQ's sorted set of failed jobs
 * ARGV    now in ms; time and job id of the place to go on from, or '' and ''; how many to look at
 * Answer  1 when there may be more, then time and id of the last one that was looked at; then of each id, time, name, opts
 */
export const agedJobsLua = `
local prefix = string.sub(KEYS[1], 1, -7)
local now, at, place, most = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
local answer = { 0, at, place }
local chunk = redis.call('ZRANGEBYSCORE', KEYS[1], at == '' and '-inf' or at, '+inf', 'WITHSCORES', 'LIMIT', 0, most)
for n = 1, #chunk, 2 do
  local id, score = chunk[n], chunk[n + 1]
  if not (at ~= '' and tonumber(score) == tonumber(at) and id <= place) then
    answer[2], answer[3] = score, id
    local name, opts = unpack(redis.call('HMGET', prefix .. id, 'name', 'opts'))
    local age = opts and string.match(opts, '"removeOnFail":{[^}]*"age":([%d.]+)')
    if age and tonumber(score) + tonumber(age) * 1000 <= now then
      for _, value in ipairs({ id, score, name or '', opts }) do answer[#answer + 1] = value end
    end
  end
end
if #chunk == 2 * most then answer[1] = 1 end
return answer
`;
