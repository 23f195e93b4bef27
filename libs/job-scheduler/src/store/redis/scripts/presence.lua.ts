/**
 * Presence by the server's clock, so that the clocks of workers do not matter.
 *
 * KEYS[1] sorted set of workers
 * ARGV    worker, time to live in ms
 */
export const beatLua = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
`;

/**
 * KEYS[1] sorted set of workers
 * Answer  those whose time has not run out
 */
export const aliveLua = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')
`;
