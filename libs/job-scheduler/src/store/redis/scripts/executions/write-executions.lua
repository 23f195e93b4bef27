-- Stores executions; see includes/store-execution.lua for what is stored where.
--
-- KEYS[1] base of our keys
-- ARGV[1] MessagePack: an array of entries
-- Answer  per entry: 1 stored; 0 refused, as its execution has a newer fence or has ended. An entry that comes a second time,
--         since its answer was lost, is answered 1 and changes nothing. Then the keys that were corrupt and have been replaced

local base = KEYS[1]
-- @include "store-execution"
-- @include "pending-index"
indexAllPending()
local answers = {}
for i, entry in ipairs(cmsgpack.unpack(ARGV[1])) do
  answers[i] = store(unpack(entry))
end
writeIndexes()
for _, key in ipairs(corrupt) do
  answers[#answers + 1] = key
end
return answers
