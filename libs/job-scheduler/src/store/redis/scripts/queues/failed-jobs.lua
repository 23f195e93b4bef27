-- Failed jobs of one queue.
--
-- KEYS[1] BullMQ's sorted set of failed jobs
-- ARGV[1] 'list': newest first, with their fields; 'ids': oldest first
-- ARGV[2] only those that failed by then, or ''
-- ARGV[3] time of the place to go on from, or ''
-- ARGV[4] job id of that place; '': list before all of that time
-- ARGV[5] job name, or ''
-- ARGV[6] how many
-- ARGV[7] how many to look at
-- ARGV[8] how many bytes of fields end the list
-- Answer  1 when there may be more, 2 when bytes have ended it; then time and id of the last one that was looked at; then of
--         each job its id or, for 'list', id, time, name, data, opts, timestamp, atm, ats, stc, rjk, failedReason, stacktrace

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
