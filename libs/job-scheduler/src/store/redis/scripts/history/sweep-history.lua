-- Removes executions from the indexes whose records have expired. They are the oldest: the script looks from that end as long
-- as it finds some. Others, which had a shorter age than older ones, go when a reader meets them or when they are the oldest.
--
-- KEYS[1] base of our keys
-- ARGV    a job, or ''; how many jobs
-- Answer  the last job that was looked at; '': none is left after the given one

-- @include "index-first"
-- Members of an index that one look at its end takes in.
local LOOK = 100

local after, most = ARGV[1], tonumber(ARGV[2])
local names = redis.call('ZRANGEBYLEX', base .. ':jobs', after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, most)

local function gone(tail)
  local keys, expired = {}, {}
  for n, text in ipairs(tail) do keys[n] = base .. ':x:' .. split(text) end
  if #keys == 0 or redis.call('EXISTS', unpack(keys)) == #keys then return expired end
  for n, key in ipairs(keys) do
    if redis.call('EXISTS', key) == 0 then expired[#expired + 1] = tail[n] end
  end
  return expired
end

for _, job in ipairs(names) do
  for _, final in ipairs(FINALS) do
    local key = setOf('ended', job, final)
    for _ = 1, 50 do
      local tail = redis.pcall('ZRANGE', key, -LOOK, -1)
      local expired = gone(tail)
      if #expired == 0 then break end
      redis.call('ZREM', key, unpack(expired))
      forget(job, final, expired)
    end
  end
end
return names[most] or ''
