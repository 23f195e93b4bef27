-- For scripts that read history: indexes what waits, so that they see all that ended before them.
--
-- Defines  base, left: how many executions still wait

local base = KEYS[1]
-- @include "pending-index"
local left = indexPending(INDEXED_BY_READERS)
