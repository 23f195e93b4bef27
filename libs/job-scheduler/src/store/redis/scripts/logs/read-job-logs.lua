-- Reads a job's log lines.
--
-- KEYS[1] base of our keys
-- ARGV[1] job
-- ARGV[2] after which place
-- ARGV[3] the most entries
-- ARGV[4] only those of this schedule; '' for all
-- Answer  entries by place, as they are stored

local base, after, most, schedule = KEYS[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local tail = base .. ':lj:' .. ARGV[1]
local found = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', tail, '(' .. after, '+inf')) do
  if #found >= most then break end
  local place, id, ofSchedule = unpack(cmsgpack.unpack(member))
  if schedule == '' or schedule == ofSchedule then
    local entry = redis.pcall('ZRANGEBYSCORE', base .. ':l:' .. id, place, place)
    if entry[1] then
      found[#found + 1] = entry[1]
    else
      redis.call('ZREM', tail, member)
    end
  end
end
return found
