-- Takes back what a stage wrote that will never be put in force: each value is replaced by the one that it would have
-- replaced. The stage's own mark goes with its last value only if the journal keeps none of its entries; until then it
-- hides them.
--
-- KEYS  1 withheld  2 counts  3 staged  4 journal  5 and on: the hashes of records, filters first; at the end the request keys
-- ARGV  1 stage  2 the mark that it must have  3 1: this is the last call  4 how many request keys
--       5 and on: number of the hash among those of records, field, and for filters the rack that an agent is counted in if it
--       was not
--
-- Returns OK, at, or MOVED, at if the mark is another.

local now = redis.call('TIME')
local at = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
local stage = ARGV[1]
if redis.call('HGET', KEYS[3], stage) ~= ARGV[2] then return {'MOVED', at} end

local function count(agent, step, rack)
  local standing, counted = string.match(redis.call('HGET', KEYS[1], agent) or '', '^(%d+) (.*)$')
  standing, rack = tonumber(standing or 0), counted or rack
  local after = math.max(0, standing + step)
  if after == 0 then
    redis.call('HDEL', KEYS[1], agent)
  else
    redis.call('HSET', KEYS[1], agent, string.format('%d', after) .. ' ' .. rack)
  end
  if (standing == 0) ~= (after == 0) then
    redis.call('HINCRBY', KEYS[2], 'cluster', step)
    redis.call('HINCRBY', KEYS[2], 'rack ' .. rack, step)
  end
end

redis.call('HSET', KEYS[3], stage, (string.gsub(ARGV[2], '^%a+', 'broken', 1)))
for i = 5, #ARGV, 3 do
  local key, field = KEYS[4 + tonumber(ARGV[i])], ARGV[i + 1]
  local value = redis.call('HGET', key, field) or ''
  local stands, by, body = string.match(value, '^1 %d+ ([01]) %S+ (%S+)\n()')
  if by == stage then
    local stop = string.find(value, '\n', body, true)
    local old = stop and string.sub(value, stop + 1)
    if old then redis.call('HSET', key, field, old) else redis.call('HDEL', key, field) end
    local stood = old and string.match(old, '^1 %d+ ([01])') or '0'
    if ARGV[i] == '1' and stood ~= stands then
      count(string.match(field, '^(%S+)'), tonumber(stood) - tonumber(stands), ARGV[i + 2])
    end
  end
end
if ARGV[3] == '1' then
  for i = #KEYS - tonumber(ARGV[4]) + 1, #KEYS do redis.call('DEL', KEYS[i]) end
  local first = string.match(ARGV[2], '^%a+ %d+ (%S+)')
  if first == '-' or #redis.call('XRANGE', KEYS[4], first, first) == 0 then redis.call('HDEL', KEYS[3], stage) end
end
return {'OK', at}
