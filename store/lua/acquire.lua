-- Takes the lease if nobody else holds it. A holder is "replica/process". Where its own replica holds the lease already (a process
-- that has ended since, or itself, before its leadership ended early or an answer was lost) it is taken over at once. Whoever takes
-- it gets a term of its own, with the end that the lease had as the one before: what is still on its way is of an older term.
-- The end of the lease is data, compared with Redis TIME here: a TTL is not monotonic and would forget when it ended.
--
-- KEYS  1 lease  2 term  3 beat
-- ARGV  1 holder  2 its URL  3 time to live, ms
--
-- Returns TAKEN, at, term, end of the lease before (ms UTC, 0: there was none), or HELD, at, its term, its end.

local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local text = string.format('%.0f', at)
local lease = redis.call('HMGET', KEYS[1], 'holder', 'term', 'until', 'released')
local holder, ends = lease[1], lease[3] or '0'
local function replica(name) return string.match(name, '^(.+)/') or name end
if holder and lease[4] == '0' and tonumber(ends) > at and replica(holder) ~= replica(ARGV[1]) then
  return {'HELD', text, lease[2], ends}
end
local term = string.format('%d', redis.call('INCR', KEYS[2]))
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'url', ARGV[2], 'term', term, 'until',
  string.format('%.0f', at + tonumber(ARGV[3])), 'released', '0')
redis.call('SET', KEYS[3], text)
return {'TAKEN', text, term, ends}
