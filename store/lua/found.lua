-- Sets the epoch of an installation that has none and no journal, with the journal's first entry.
--
-- KEYS  1 epoch  2 journal
-- ARGV  1 epoch  2 actor  3 reason
--
-- Returns FOUND, at, journal ID, or THERE, at if something is there.

local now = redis.call('TIME')
local at = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return {'THERE', at} end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. at .. ' found')
local id = redis.call('XADD', KEYS[2], '*', 'version', '1', 'at', at, 'term', '0', 'subject', '', 'operation', '',
  'kind', 'found', 'agent', '', 'actor', ARGV[2], 'cause', '', 'request', '', 'outcome', '', 'reason', ARGV[3],
  'record', '', 'stage', '')
return {'FOUND', at, id}
