-- Job schedulers of one queue with all their fields: BullMQ's own list takes one call for each.
--
-- KEYS[1] BullMQ's sorted set of schedulers
-- ARGV    'scan', cursor, how many; or 'keys', keys
-- Answer  the next cursor ('0': that was all), then per scheduler: key, next time, 1 when the job of that time is there,
--         and pattern, tz, startDate, endDate, data, each false when there is none

local found = {}
local cursor = '0'
if ARGV[1] == 'scan' then
  local page = redis.call('ZSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
  cursor = page[1]
  found = page[2]
else
  for i = 2, #ARGV do
    local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
    if score then
      found[#found + 1] = ARGV[i]
      found[#found + 1] = score
    end
  end
end

local answer = { cursor }
for i = 1, #found, 2 do
  local key = KEYS[1] .. ':' .. found[i]
  local fields = redis.call('HMGET', key, 'pattern', 'tz', 'startDate', 'endDate', 'data')
  answer[#answer + 1] = found[i]
  answer[#answer + 1] = found[i + 1]
  answer[#answer + 1] = redis.call('EXISTS', key .. ':' .. found[i + 1])
  for n = 1, 5 do
    answer[#answer + 1] = fields[n]
  end
end
return answer
