-- Renews the lease of a term, or gives it up with a time to live of 0: then anybody may take it at once, and its end
-- stays what it would have been.
--
-- KEYS  1 lease  2 beat
-- ARGV  1 term  2 time to live, ms
--
-- Returns OK, at, or LOST, at if the lease has ended or is another term's.

local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local text = string.format('%.0f', at)
local lease = redis.call('HMGET', KEYS[1], 'term', 'until', 'released')
if lease[1] ~= ARGV[1] or lease[3] ~= '0' or tonumber(lease[2]) <= at then return {'LOST', text} end
if ARGV[2] == '0' then
  redis.call('HSET', KEYS[1], 'released', '1')
else
  redis.call('HSET', KEYS[1], 'until', string.format('%.0f', at + tonumber(ARGV[2])))
end
redis.call('SET', KEYS[2], text)
return {'OK', text}
