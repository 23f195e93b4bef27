-- Reads many executions.
--
-- KEYS[1] base of our keys
-- ARGV    execution ids
-- Answer  for each what is stored of it, or nil

local base = KEYS[1]
-- @include "pending-index"
indexAllPending()
-- @include "read-execution"
local answer = {}
for n, id in ipairs(ARGV) do answer[n] = read(id) or false end
return answer
