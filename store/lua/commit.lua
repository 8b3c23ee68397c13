-- Commits one change: all of its records with their journal entries, or nothing. Of a change that is cut into chunks
-- this is one chunk: all but the last are staged, the last puts everything in force.
--
-- KEYS  1 filters  2 ledger  3 questions  4 freeze  5 lock  6 withheld  7 counts  8 journal  9 operations
--       10 term  11 epoch  12 staged  13 request of this chunk  14 request of the whole change
--       15 windows  16 runs  17 run-agents  18 machines  19 approvals  20 on-call (of a change that has records of these)
-- ARGV  1 deadline, ms UTC (0: none)        2 term (0: not a leader's write)
--       3 1: begins something new           4 1: gives an agent back
--       5 limit of the cluster (0: none)    6 1: guarded by the request keys
--       7 answer, kept for a repetition     8 how long request keys live, in s
--       9 the stage's ID (of the first chunk its stem; -: not cut)
--       10 this chunk's number, from 1      11 how many chunks
--       12 freeze: a value, `thaw`, or empty for no change
--       13 lock: a value or empty           14 the new epoch, which unlocks, or empty
--       15 how many records (9 arguments each): number of the hash in KEYS, field, revision that must be stored,
--          1 if a filter that stands, identity, rack, the rack's limit (0: none), JSON (empty: remove), identity that must
--          be stored
--       16 how many operations (5 each): ID, and how many more are recorded, accepted, verified, failed
--       17 how many events (11 each): term, subject, operation, kind, agent, actor, cause, request, outcome, reason, record
--       18 and on: the records, the operations, the events
--
-- Returns a list that starts with a word and Redis TIME in ms:
--   OK, at, journal IDs...          done
--   STAGED, at, stage, IDs...       a chunk that is not the last is stored
--   STORED, at, stage               that chunk was stored before
--   REPEATED, at, request's value   the whole was done before
--   LATE, at                        the deadline has passed
--   STALE, at, term                 another term is the newest
--   FROZEN, at, freeze              something new, or another freeze, while one stands
--   LOCKED, at, lock
--   CONFLICT, at, hash, field, revision that is stored
--   UNREADABLE, at, hash, field     what is stored there is not ours to overwrite
--   LIMITED, at, `cluster` or rack's name, limit, agents withheld before, agents withheld after
--   BROKEN, at                      the stage was given up or written over
--
-- A value is "1 <revision> <stands> <identity> <stage>\n<JSON>" and, while staged, "\n<value that it replaces>".
-- Every refusal comes before the first write.

local now = redis.call('TIME')
local at = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
local stage, chunk, chunks = ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11])
local last = chunk == chunks

if ARGV[6] == '1' then
  local done = redis.call('GET', KEYS[14])
  if done then return {'REPEATED', at, done} end
  if chunks > 1 then
    local stored = redis.call('GET', KEYS[13])
    if stored then return {'STORED', at, stored} end
  end
end
if ARGV[1] ~= '0' and tonumber(at) > tonumber(ARGV[1]) then return {'LATE', at} end
if ARGV[2] ~= '0' then
  local term = redis.call('GET', KEYS[10]) or '0'
  if term ~= ARGV[2] then return {'STALE', at, term} end
end
if ARGV[3] == '1' or (ARGV[12] ~= '' and ARGV[12] ~= 'thaw') then
  local freeze = redis.call('GET', KEYS[4])
  if freeze then return {'FROZEN', at, freeze} end
end
if ARGV[4] == '1' then
  local lock = redis.call('GET', KEYS[5])
  if lock then return {'LOCKED', at, lock} end
end

local first = '-'
if chunks > 1 then
  if chunk == 1 then stage = stage .. '.' .. at end
  local state, stored, entry = string.match(redis.call('HGET', KEYS[12], stage) or 'pending 0 -', '^(%a+) (%d+) (%S+)')
  if state ~= 'pending' or tonumber(stored) ~= chunk - 1 then return {'BROKEN', at} end
  first = entry
end

-- What of a stored value is in force: revision, identity, the value itself, and the pending stage that it would replace.
-- Revision 0 is nothing, nil a value that cannot be read.
local function inforce(value)
  local pending
  while value do
    local revision, identity, by, body = string.match(value, '^1 (%d+) [01] (%S+) (%S+)\n()')
    if not revision then return nil end
    local stop = string.find(value, '\n', body, true)
    if by == '-' or redis.call('HEXISTS', KEYS[12], by) == 0 then
      if body > #value or stop == body then return '0', '-', nil, pending end
      if stop then value = string.sub(value, 1, stop - 1) end
      return revision, identity, value, pending
    end
    pending = pending or by
    value = stop and string.sub(value, stop + 1)
  end
  return '0', '-', nil, pending
end

local records, base = tonumber(ARGV[15]), 18
local replaced, overtaken = {}, {}
local change, agents, racks, limits = {}, {}, {}, {}
for i = 1, records do
  local p = base + (i - 1) * 9
  local value = redis.call('HGET', KEYS[tonumber(ARGV[p])], ARGV[p + 1])
  local revision, identity, old, pending = inforce(value)
  if not revision then return {'UNREADABLE', at, ARGV[p], ARGV[p + 1]} end
  if revision ~= ARGV[p + 2] or (revision ~= '0' and identity ~= ARGV[p + 8]) then
    return {'CONFLICT', at, ARGV[p], ARGV[p + 1], revision}
  end
  replaced[i], overtaken[i] = old or '', pending or ''
  if ARGV[p] == '1' then
    -- Staged filters are counted, so it is the written value's weight that changes, in force or not.
    local stood = value and string.match(value, '^1 %d+ ([01])') or '0'
    if stood ~= ARGV[p + 3] then
      local agent = string.match(ARGV[p + 1], '^(%S+)')
      if not change[agent] then
        change[agent], racks[agent], limits[ARGV[p + 5]] = 0, ARGV[p + 5], tonumber(ARGV[p + 6])
        agents[#agents + 1] = agent
      end
      change[agent] = change[agent] + tonumber(ARGV[p + 3]) - tonumber(stood)
    end
  end
end

local standing, places, gains, grown = {}, {}, {}, {}
local total, added = 0, false
for _, agent in ipairs(agents) do
  local count, rack = string.match(redis.call('HGET', KEYS[6], agent) or '', '^(%d+) (.*)$')
  count, rack = tonumber(count or 0), rack or racks[agent]
  local after = math.max(0, count + change[agent])
  standing[agent], racks[agent] = after, rack
  if (count == 0) ~= (after == 0) then
    local step = after > 0 and 1 or -1
    if not gains[rack] then
      gains[rack] = 0
      places[#places + 1] = rack
    end
    total, gains[rack] = total + step, gains[rack] + step
    if step == 1 then added, grown[rack] = true, true end
  end
end
if added and ARGV[5] ~= '0' then
  local before = tonumber(redis.call('HGET', KEYS[7], 'cluster') or 0)
  if before + total > tonumber(ARGV[5]) then
    return {'LIMITED', at, 'cluster', ARGV[5], tostring(before), tostring(before + total)}
  end
end
for _, rack in ipairs(places) do
  if grown[rack] and limits[rack] > 0 then
    local before = tonumber(redis.call('HGET', KEYS[7], 'rack ' .. rack) or 0)
    if before + gains[rack] > limits[rack] then
      return {'LIMITED', at, 'rack ' .. rack, tostring(limits[rack]), tostring(before), tostring(before + gains[rack])}
    end
  end
end

-- From here on everything is written.

for i = 1, records do
  local p = base + (i - 1) * 9
  if overtaken[i] ~= '' then
    local state = redis.call('HGET', KEYS[12], overtaken[i])
    redis.call('HSET', KEYS[12], overtaken[i], (string.gsub(state, '^%a+', 'broken', 1)))
  end
  local key = KEYS[tonumber(ARGV[p])]
  if last and ARGV[p + 7] == '' then
    redis.call('HDEL', key, ARGV[p + 1])
  else
    local value = '1 ' .. string.format('%d', tonumber(ARGV[p + 2]) + 1) .. ' ' .. ARGV[p + 3] .. ' ' .. ARGV[p + 4] ..
      ' ' .. (last and '-' or stage) .. '\n' .. ARGV[p + 7]
    if not last and replaced[i] ~= '' then value = value .. '\n' .. replaced[i] end
    redis.call('HSET', key, ARGV[p + 1], value)
  end
end
for _, agent in ipairs(agents) do
  if standing[agent] == 0 then
    redis.call('HDEL', KEYS[6], agent)
  else
    redis.call('HSET', KEYS[6], agent, string.format('%d', standing[agent]) .. ' ' .. racks[agent])
  end
end
if total ~= 0 then redis.call('HINCRBY', KEYS[7], 'cluster', total) end
for _, rack in ipairs(places) do
  if gains[rack] ~= 0 then redis.call('HINCRBY', KEYS[7], 'rack ' .. rack, gains[rack]) end
end

if ARGV[12] == 'thaw' then
  redis.call('DEL', KEYS[4])
elseif ARGV[12] ~= '' then
  redis.call('SET', KEYS[4], ARGV[12])
end
if ARGV[14] ~= '' then
  redis.call('SET', KEYS[11], ARGV[14] .. ' ' .. at .. ' unlock')
  redis.call('DEL', KEYS[5])
end
if ARGV[13] ~= '' then redis.call('SET', KEYS[5], ARGV[13]) end

base = base + records * 9
for i = 1, tonumber(ARGV[16]) do
  local p = base + (i - 1) * 5
  local _, a, b, c, d = string.match(redis.call('HGET', KEYS[9], ARGV[p]) or '0 0 0 0 0', '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
  redis.call('HSET', KEYS[9], ARGV[p], string.format('%s %d %d %d %d', at, a + ARGV[p + 1], b + ARGV[p + 2],
    c + ARGV[p + 3], d + ARGV[p + 4]))
end

base = base + tonumber(ARGV[16]) * 5
local reply = last and {'OK', at} or {'STAGED', at, stage}
local newest = '-'
for i = 1, tonumber(ARGV[17]) do
  local p = base + (i - 1) * 11
  local mark, value = 'stage', ''
  if not last then
    value = stage
  elseif chunks > 1 and i == 1 then
    mark, value = 'activates', stage .. ' ' .. first
  end
  newest = redis.call('XADD', KEYS[8], '*', 'version', '1', 'at', at, 'term', ARGV[p], 'subject', ARGV[p + 1],
    'operation', ARGV[p + 2], 'kind', ARGV[p + 3], 'agent', ARGV[p + 4], 'actor', ARGV[p + 5], 'cause', ARGV[p + 6],
    'request', ARGV[p + 7], 'outcome', ARGV[p + 8], 'reason', ARGV[p + 9], 'record', ARGV[p + 10], mark, value)
  reply[#reply + 1] = newest
  if first == '-' then first = newest end
end

if chunks > 1 then
  if last then
    redis.call('HDEL', KEYS[12], stage)
  else
    redis.call('HSET', KEYS[12], stage, 'pending ' .. ARGV[10] .. ' ' .. first .. ' ' .. at .. ' ' .. KEYS[14])
  end
  redis.call('SET', KEYS[13], stage, 'EX', ARGV[8])
end
if last and ARGV[6] == '1' then
  redis.call('SET', KEYS[14], at .. '\n' .. newest .. '\n' .. ARGV[7], 'EX', ARGV[8])
end
return reply
