-- The statistics of jobs.
--
-- KEYS[1] base of our keys
-- ARGV    jobs; none: all
-- Answer  how many executions wait to be indexed: if any, ask again. Then for each job its name and its stats

-- @include "index-first"
if left > 0 then return { left } end
local names = #ARGV > 0 and ARGV or redis.call('ZRANGE', base .. ':jobs', 0, -1)
local answer = { left }
for _, job in ipairs(names) do
  local stats = redis.pcall('HGETALL', base .. ':stats:' .. job)
  answer[#answer + 1] = job
  answer[#answer + 1] = stats.err and {} or stats
end
return answer
