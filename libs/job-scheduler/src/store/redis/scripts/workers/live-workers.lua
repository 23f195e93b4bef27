-- KEYS[1] sorted set of workers
-- Answer  those whose time has not run out

-- @include "now"
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')
