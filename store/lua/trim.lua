-- Drops the journal's oldest entries, up to a seal and the seals before it: that seal stays, the chain starts at it.
--
-- KEYS  1 term  2 journal  3 seals
-- ARGV  1 term  2 ID of the seal; the entries up to it go
--
-- Returns OK, at, how many entries went; STALE, at, the newest term; or MOVED, at if there is no such seal.

local now = redis.call('TIME')
local at = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
local term = redis.call('GET', KEYS[1]) or '0'
if term ~= ARGV[1] then return {'STALE', at, term} end
if #redis.call('XRANGE', KEYS[3], ARGV[2], ARGV[2]) == 0 then return {'MOVED', at} end
local ms, sequence = string.match(ARGV[2], '^(%d+)-(%d+)$')
local gone = redis.call('XTRIM', KEYS[2], 'MINID', ms .. '-' .. string.format('%.0f', sequence + 1))
redis.call('XTRIM', KEYS[3], 'MINID', ARGV[2])
return {'OK', at, gone}
