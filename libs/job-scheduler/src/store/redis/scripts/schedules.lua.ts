/**
 * Schedules. All keys have the store's base, so that they share a slot of a Cluster.
 *
 * Hash schedules: id to `<version>:<record>`. Hash fires: id to the newest nominal time that was claimed.
 * Hash declarations: version of the code to `<booted>:<seen>:<ids>`.
 */

/**
 * KEYS[1] base of our keys
 * ARGV    3 per entry: id, expected version ('' whichever), record
 * Answer  per entry: the version now (0: refused) and the last fire or ''; then the keys that were corrupt and have been made anew
 */
export const putSchedulesLua = `
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
`;

/**
 * KEYS[1] base of our keys
 * ARGV    id, expected version ('' whichever)
 * Answer  1 removed, 0 not
 */
export const removeScheduleLua = `
local schedules = KEYS[1] .. ':schedules'
local stored = redis.call('HGET', schedules, ARGV[1])
if not stored then return 0 end
if ARGV[2] ~= '' and (tonumber(string.match(stored, '^(%d+):')) or 0) ~= tonumber(ARGV[2]) then return 0 end
redis.call('HDEL', schedules, ARGV[1])
redis.call('HDEL', KEYS[1] .. ':fires', ARGV[1])
return 1
`;

/**
 * KEYS[1] base of our keys
 * ARGV    id, the last fire that is expected ('' none), the new one
 * Answer  1 claimed, 0 not
 */
export const claimFireLua = `
local fires = KEYS[1] .. ':fires'
if redis.call('HEXISTS', KEYS[1] .. ':schedules', ARGV[1]) == 0 then return 0 end
if (redis.call('HGET', fires, ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', fires, ARGV[1], ARGV[3])
return 1
`;

/**
 * KEYS[1] base of our keys
 * ARGV    version of the code, booted, seen, ids, the time before which what was last seen is forgotten
 */
export const declareSchedulesLua = `
local key = KEYS[1] .. ':declarations'
local kind = redis.call('TYPE', key).ok
if kind ~= 'hash' and kind ~= 'none' then redis.call('UNLINK', key) end

local booted, seen = ARGV[2], ARGV[3]
local stored = redis.call('HGET', key, ARGV[1])
if stored then
  local b, s = string.match(stored, '^(%d+):(%d+):')
  if b and tonumber(b) > tonumber(booted) then booted = b end
  if s and tonumber(s) > tonumber(seen) then seen = s end
end
redis.call('HSET', key, ARGV[1], booted .. ':' .. seen .. ':' .. ARGV[4])

local all = redis.call('HGETALL', key)
for n = 1, #all, 2 do
  local s = string.match(all[n + 1], '^%d+:(%d+):')
  if not s or tonumber(s) < tonumber(ARGV[5]) then redis.call('HDEL', key, all[n]) end
end
`;
