-- Indexes executions that completed and wait for it.
--
-- KEYS[1] base of our keys
-- ARGV[1] the most entries
-- Answer  how many entries are left; then the keys that were corrupt and have been replaced

local base = KEYS[1]
-- @include "pending-index"
return { indexPending(ARGV[1]), unpack(corrupt) }
