-- BullMQ's finish of a job and the record of its success, in one step; see finish/README.md.
--
-- finish/bullmq-scripts.ts puts `finish()` before this text: BullMQ's script, which reads KEYS and ARGV itself.
--
-- An execution of which nothing is stored waits to be indexed, with others, once BullMQ has taken its end: to store each by
-- itself, and to drop most of them again when many come, would be twice the work. What goes on from earlier attempts or
-- steps is stored before.
--
-- KEYS    BullMQ's
-- ARGV    BullMQ's; then base of our keys, execution id, age to keep in ms or 0, entry: MessagePack or a text (read-pending.lua)
-- Answer  BullMQ's; or an error JOBS_CORRUPT with the keys that were corrupt, tabs between them: they have been replaced, the
--         record is stored, and the finish has not begun

local n = #ARGV
local base, id, age, entry = ARGV[n - 3], ARGV[n - 2], ARGV[n - 1], ARGV[n]
local key = base .. ':x:' .. id
local known
if age == '0' then
  known = redis.call('EXISTS', key, base .. ':l:' .. id)
else
  known = redis.call('EXISTS', key)
end
if known > 0 then
  -- @include "store-execution"
  -- @include "read-pending"
  store(readPending(entry))
  writeIndexes()
  if #corrupt > 0 then return redis.error_reply('JOBS_CORRUPT ' .. table.concat(corrupt, '\t')) end
end

local answer = finish()
-- A negative number says why it was not taken.
if known == 0 and not (type(answer) == 'number' and answer < 0) then
  local pending = base .. ':fresh'
  if type(redis.pcall('RPUSH', pending, entry)) == 'table' then
    redis.call('UNLINK', pending)
    redis.call('RPUSH', pending, entry)
  end
end
return answer
