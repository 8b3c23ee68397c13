-- Takes the lease if nobody holds it. The same holder asking again is told what it already has, so a repeat is harmless.
-- A holder is "replica/process": another process of the replica that holds the lease, which was started after that one had
-- ended, takes it over at once, with a term of its own and the old lease's end as the one before.
-- The end of the lease is data, compared with Redis TIME here: a TTL is not monotonic and would forget when it ended.
--
-- KEYS  1 lease  2 term  3 beat
-- ARGV  1 holder  2 its URL  3 time to live, ms
--
-- Returns TAKEN, at, term, end of the lease before (ms UTC, 0: there was none), or HELD, at, its term, its end.

local now = redis.call('TIME')
local at = now[1] * 1000 + math.floor(now[2] / 1000)
local text = string.format('%.0f', at)
local lease = redis.call('HMGET', KEYS[1], 'holder', 'term', 'until', 'previous', 'released')
local holder, term, ends, previous = lease[1], lease[2], tonumber(lease[3] or 0), lease[4] or '0'
local held = holder and lease[5] == '0' and ends > at
local replica = string.match(ARGV[1], '^(.+)/')
if held and holder ~= ARGV[1] and replica and replica == string.match(holder, '^(.+)/') then held = false end
if held then
  if holder ~= ARGV[1] or term ~= redis.call('GET', KEYS[2]) then
    return {'HELD', text, term, lease[3]}
  end
else
  term, previous = string.format('%d', redis.call('INCR', KEYS[2])), lease[3] or '0'
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'url', ARGV[2], 'term', term, 'until',
  string.format('%.0f', at + tonumber(ARGV[3])), 'previous', previous, 'released', '0')
redis.call('SET', KEYS[3], text)
return {'TAKEN', text, term, previous}
