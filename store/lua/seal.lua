-- Adds a link to the chain of seals. A seal that is there already is not written twice.
--
-- KEYS  1 term  2 seals
-- ARGV  1 term  2 journal ID of the seal before (empty: this is the first)  3 journal ID  4 digest  5 form
--
-- Returns OK, at; STALE, at, the newest term; or MOVED, at, ID of the newest seal if it is not the one before.

local now = redis.call('TIME')
local at = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
local term = redis.call('GET', KEYS[1]) or '0'
if term ~= ARGV[1] then return {'STALE', at, term} end
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local id = newest[1] and newest[1][1] or ''
if id ~= ARGV[2] then return {'MOVED', at, id} end
redis.call('XADD', KEYS[2], ARGV[3], 'digest', ARGV[4], 'previous', ARGV[2], 'form', ARGV[5])
return {'OK', at}
