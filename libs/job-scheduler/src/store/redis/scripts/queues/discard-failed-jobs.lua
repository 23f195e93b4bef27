-- Deletes failed jobs. One in a tree of jobs is left to BullMQ, which knows its parent and its children.
--
-- KEYS[1] BullMQ's sorted set of failed jobs
-- ARGV    job ids
-- Answer  how many were deleted; then the ids of those that are left to BullMQ

local prefix = string.sub(KEYS[1], 1, -7)
local answer = { 0 }
for _, id in ipairs(ARGV) do
  local key = prefix .. id
  if redis.call('ZSCORE', KEYS[1], id) then
    local parent, held = unpack(redis.call('HMGET', key, 'parentKey', 'deid'))
    local isTree = parent or redis.call('EXISTS', key .. ':dependencies', key .. ':processed', key .. ':failed',
      key .. ':unsuccessful') > 0
    if isTree then
      answer[#answer + 1] = id
    else
      redis.call('ZREM', KEYS[1], id)
      if held and redis.call('GET', prefix .. 'de:' .. held) == id then
        redis.call('DEL', prefix .. 'de:' .. held, prefix .. 'dn:' .. held)
      end
      redis.call('DEL', key, key .. ':logs', key .. ':lock')
      local most = redis.call('HGET', prefix .. 'meta', 'opts.maxLenEvents') or 10000
      redis.call('XADD', prefix .. 'events', 'MAXLEN', '~', most, '*', 'event', 'removed', 'jobId', id, 'prev', 'failed')
      answer[1] = answer[1] + 1
    end
  end
end
return answer
