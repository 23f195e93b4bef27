/**
 * Leases and lines of waiters. Of one key there are, and all of it expires with the last lease or place:
 *
 * lease:<key>  sorted set: holders by the end of their lease
 * line:<key>   sorted set: who waits, in order
 * place:<key>  sorted set: who waits, by the end of the place
 * lock:<key>   hash: `f:<holder>` the fence of a lease, `s:<holder>` how many leases there may be for who waits
 *
 * `fence` is the last one of all keys, so that no key has to be remembered for its sake. Time as its start lets it
 * grow on when a server lost it.
 *
 * KEYS[1] base of our keys
 * ARGV    key, holder, …
 */
const PRELUDE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local base, key, holder = KEYS[1], ARGV[1], ARGV[2]
local leases = base .. ':lease:' .. key
local line = base .. ':line:' .. key
local places = base .. ':place:' .. key
local details = base .. ':lock:' .. key

for _, gone in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do
  redis.call('ZREM', leases, gone)
  redis.call('HDEL', details, 'f:' .. gone)
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', places, '-inf', now)) do
  redis.call('ZREM', places, gone)
  redis.call('ZREM', line, gone)
  redis.call('HDEL', details, 's:' .. gone)
end

local function leaveLine()
  if redis.call('ZREM', line, holder) == 0 then return end
  redis.call('ZREM', places, holder)
  redis.call('HDEL', details, 's:' .. holder)
end

local function expire()
  local last = now
  for _, ends in ipairs({ leases, places }) do
    local latest = redis.call('ZREVRANGE', ends, 0, 0, 'WITHSCORES')
    if latest[2] then last = math.max(last, tonumber(latest[2])) end
  end
  for _, part in ipairs({ leases, line, places, details }) do
    redis.call('PEXPIREAT', part, string.format('%.0f', last))
  end
end
`;

/**
 * ARGV    key, holder, time to live in ms, slots, time in the line in ms
 * Answer  the fence; or false, time until one is free, place, holders…
 */
export const acquireLua = `${PRELUDE}
local slots, stay = tonumber(ARGV[4]), tonumber(ARGV[5])
local ends = string.format('%.0f', now + ARGV[3])

local fence = redis.call('HGET', details, 'f:' .. holder)
local live = redis.call('ZCARD', leases)
local ahead = redis.call('ZRANK', line, holder) or redis.call('ZCARD', line)
if fence or ahead < slots - live then
  leaveLine()
  local last = tonumber(redis.call('GET', base .. ':fence') or 0)
  fence = string.format('%.0f', math.max(last + 1, now))
  redis.call('SET', base .. ':fence', fence)
  redis.call('HSET', details, 'f:' .. holder, fence)
  redis.call('ZADD', leases, ends, holder)
  expire()
  return { fence }
end

if stay > 0 then
  if not redis.call('ZSCORE', line, holder) then
    local last = redis.call('ZREVRANGE', line, 0, 0, 'WITHSCORES')
    redis.call('ZADD', line, (last[2] or 0) + 1, holder)
  end
  redis.call('ZADD', places, string.format('%.0f', now + stay), holder)
  redis.call('HSET', details, 's:' .. holder, slots)
else
  leaveLine()
  ahead = -1
end
expire()

local first = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
local freeIn = 0
if live >= slots and first[2] then freeIn = first[2] - now end
local answer = { false, freeIn, ahead }
for _, each in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
  answer[#answer + 1] = each
  answer[#answer + 1] = redis.call('HGET', details, 'f:' .. each)
end
return answer
`;

/**
 * ARGV    key, holder, time to live in ms
 * Answer  1 renewed, 0 it is not held
 */
export const extendLua = `${PRELUDE}
if not redis.call('ZSCORE', leases, holder) then return 0 end
redis.call('ZADD', leases, string.format('%.0f', now + ARGV[3]), holder)
expire()
return 1
`;

/**
 * ARGV    key, holder, fence or ''
 * Answer  the first in line, as many as leases are free
 */
export const releaseLua = `${PRELUDE}
if ARGV[3] == '' or redis.call('HGET', details, 'f:' .. holder) == ARGV[3] then
  redis.call('ZREM', leases, holder)
  redis.call('HDEL', details, 'f:' .. holder)
end
if ARGV[3] == '' then leaveLine() end
expire()
local live = redis.call('ZCARD', leases)
local next = {}
for index, waiter in ipairs(redis.call('ZRANGE', line, 0, 99)) do
  local slots = tonumber(redis.call('HGET', details, 's:' .. waiter) or 1)
  if index <= slots - live then next[#next + 1] = waiter end
end
return next
`;

/**
 * ARGV    key, ''
 * Answer  of each live lease: holder, fence, time until it ends
 */
export const holdersLua = `${PRELUDE}
local answer = {}
local ends = redis.call('ZRANGE', leases, 0, -1, 'WITHSCORES')
for n = 1, #ends, 2 do
  answer[#answer + 1] = ends[n]
  answer[#answer + 1] = redis.call('HGET', details, 'f:' .. ends[n])
  answer[#answer + 1] = ends[n + 1] - now
end
return answer
`;
