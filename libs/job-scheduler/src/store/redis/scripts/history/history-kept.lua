-- How many ended executions of a job are kept.
--
-- KEYS[1] base of our keys
-- ARGV[1] job
-- Answer  how many executions wait to be indexed: if any, ask again. Then how many are in the job's index, by final status

-- @include "index-first"
local answer = { left }
for n, final in ipairs(FINALS) do answer[n + 1] = size(setOf('ended', ARGV[1], final)) end
return answer
