-- Renews a replica's line among the witnesses: the journal is kept from the oldest of them on.
--
-- KEYS  1 witnesses
-- ARGV  1 replica  2 journal ID
--
-- Returns OK, at.

local now = redis.call('TIME')
local at = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. at)
return {'OK', at}
