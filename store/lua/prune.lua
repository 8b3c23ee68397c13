-- Removes fields of a hash that are as they were read.
--
-- KEYS  1 term  2 the hash
-- ARGV  1 term  2 and on: field and the value that it must have
--
-- Returns OK, at, how many went, or STALE, at, the newest term.

local now = redis.call('TIME')
local at = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
local term = redis.call('GET', KEYS[1]) or '0'
if term ~= ARGV[1] then return {'STALE', at, term} end
local gone = 0
for i = 2, #ARGV, 2 do
  if redis.call('HGET', KEYS[2], ARGV[i]) == ARGV[i + 1] then gone = gone + redis.call('HDEL', KEYS[2], ARGV[i]) end
end
return {'OK', at, gone}
