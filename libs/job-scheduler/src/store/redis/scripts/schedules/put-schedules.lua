-- Stores schedules.
--
-- schedules     Hash: id to "<version>:<record>".
-- fires         Hash: id to the newest nominal time that was claimed.
-- declarations  Hash: version of the code to "<booted>:<seen>:<ids>".
--
-- KEYS[1] base of our keys
-- ARGV    per schedule: id, expected version or '' for any, record
-- Answer  per schedule: its version now, 0 when refused, and the last fire or ''; then the keys that were corrupt and have been
--         replaced

local schedules = KEYS[1] .. ':schedules'
local fires = KEYS[1] .. ':fires'
local answers = {}
local corrupt = {}

for _, key in ipairs({ schedules, fires }) do
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'hash' and kind ~= 'none' then
    redis.call('UNLINK', key)
    corrupt[#corrupt + 1] = key
  end
end
for i = 1, #ARGV, 3 do
  local id = ARGV[i]
  local stored = redis.call('HGET', schedules, id)
  local version = stored and tonumber(string.match(stored, '^(%d+):')) or 0
  if ARGV[i + 1] == '' or tonumber(ARGV[i + 1]) == version then
    redis.call('HSET', schedules, id, string.format('%d:', version + 1) .. ARGV[i + 2])
    answers[#answers + 1] = version + 1
  else
    answers[#answers + 1] = 0
  end
  answers[#answers + 1] = redis.call('HGET', fires, id) or ''
end
for _, key in ipairs(corrupt) do
  answers[#answers + 1] = key
end
return answers
