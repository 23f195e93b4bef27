-- Failed jobs whose own time is over, oldest first. BullMQ writes options as JSON, in whose texts quotes are escaped.
--
-- KEYS[1] BullMQ's sorted set of failed jobs
-- ARGV    now in ms; time and job id of the place to go on from, or '' and ''; how many to look at
-- Answer  1 when there may be more, then time and id of the last one that was looked at; then of each id, time, name, opts

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
