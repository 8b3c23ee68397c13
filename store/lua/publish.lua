-- Publishes the leader's view of the cluster.
--
-- KEYS  1 term  2 view
-- ARGV  1 term  2 data
--
-- Returns OK, at, or STALE, at, the newest term.

local now = redis.call('TIME')
local at = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
local term = redis.call('GET', KEYS[1]) or '0'
if term ~= ARGV[1] then return {'STALE', at, term} end
redis.call('HSET', KEYS[2], 'data', ARGV[2], 'at', at, 'term', term)
return {'OK', at}
