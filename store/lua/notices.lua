-- Moves a sink's cursor and writes the references of its messages together.
--
-- KEYS  1 term  2 messages  3 sinks  4 cursor of the sink
-- ARGV  1 term  2 sink  3 cursor (empty: unchanged)  4 how many are changed  5 and on: subject and JSON of each, then the
--       subjects that are dropped
--
-- Returns OK, at, or STALE, at, the newest term.

local now = redis.call('TIME')
local at = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
local term = redis.call('GET', KEYS[1]) or '0'
if term ~= ARGV[1] then return {'STALE', at, term} end
local changed = tonumber(ARGV[4])
for i = 0, changed - 1 do redis.call('HSET', KEYS[2], ARGV[5 + 2 * i], ARGV[6 + 2 * i]) end
for i = 5 + 2 * changed, #ARGV do redis.call('HDEL', KEYS[2], ARGV[i]) end
if ARGV[3] ~= '' then
  redis.call('SADD', KEYS[3], ARGV[2])
  redis.call('SET', KEYS[4], ARGV[3])
end
return {'OK', at}
