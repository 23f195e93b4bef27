-- Says that a worker lives.
--
-- KEYS[1] sorted set of workers
-- ARGV    worker, time to live in ms

-- @include "now"
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
