-- Drops the journal's entries and the seals before a seal. That seal and its entry stay: the chain starts at them, and
-- the journal is never empty.
--
-- KEYS  1 term  2 journal  3 seals
-- ARGV  1 term  2 ID of the seal
--
-- Returns OK, at, how many entries went; STALE, at, the newest term; or MOVED, at if there is no such seal.

local now = redis.call('TIME')
local at = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
local term = redis.call('GET', KEYS[1]) or '0'
if term ~= ARGV[1] then return {'STALE', at, term} end
if #redis.call('XRANGE', KEYS[3], ARGV[2], ARGV[2]) == 0 then return {'MOVED', at} end
local gone = redis.call('XTRIM', KEYS[2], 'MINID', ARGV[2])
redis.call('XTRIM', KEYS[3], 'MINID', ARGV[2])
return {'OK', at, gone}
