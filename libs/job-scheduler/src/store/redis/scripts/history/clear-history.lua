-- Deletes ended executions of a job or a schedule.
--
-- KEYS[1] base of our keys
-- ARGV    'ended' and a job, or 'fired' and a schedule; the most executions
-- Answer  1 if there are more

-- @include "index-first"
local kind, name, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
if left > 0 then return 1 end
for _, final in ipairs(FINALS) do
  local key = setOf(kind, name, final)
  local members = most > 0 and redis.call('ZRANGE', key, 0, most - 1) or {}
  most = most - #members
  local byJob = {}
  for _, text in ipairs(members) do
    local id, other = split(text)
    local job, schedule = name, other
    if kind == 'fired' then job, schedule = other, name end
    byJob[job] = byJob[job] or {}
    table.insert(byJob[job], member(id, schedule))
  end
  for job, texts in pairs(byJob) do
    inPieces(texts, 4000, function(...) redis.call('ZREM', setOf('ended', job, final), ...) end)
    forget(job, final, texts)
  end
  inPieces(members, 4000, function(...) redis.call('ZREM', key, ...) end)
end
return most > 0 and 0 or 1
