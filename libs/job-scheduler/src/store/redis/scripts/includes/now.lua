-- The server's time, so that the clocks of workers do not matter.
--
-- Defines  now, in ms

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
