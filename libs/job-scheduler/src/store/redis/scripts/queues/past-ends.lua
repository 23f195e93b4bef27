-- Reads a queue's events backwards, for the newest that says where each of some jobs is.
--
-- KEYS[1] BullMQ's stream of the queue's events
-- ARGV[1] from where: `+`, or what the last call answered
-- ARGV[2] names of the events that say where a job is, commas between them
-- ARGV    then job ids
-- Answer  from where to go on, or '' at the beginning of the stream; then of each job that was found: id, event, and its
--         return value or the reason of its failure

-- That one call looks at: a script holds up the server.
local EVENTS_AT_ONCE = 500
local SIZE_AT_ONCE = 1000000

local from = ARGV[1]
local tells = {}
for event in string.gmatch(ARGV[2], '[^,]+') do tells[event] = true end
local wanted, missing = {}, #ARGV - 2
for n = 3, #ARGV do wanted[ARGV[n]] = true end
local answer = { '' }
local looked, size = 0, 0
while looked < EVENTS_AT_ONCE and size < SIZE_AT_ONCE do
  local entries = redis.call('XREVRANGE', KEYS[1], from, '-', 'COUNT', 20)
  if #entries == 0 then return answer end
  for _, entry in ipairs(entries) do
    local of = {}
    for n = 1, #entry[2], 2 do
      of[entry[2][n]] = entry[2][n + 1]
      size = size + #entry[2][n + 1]
    end
    local id = of.jobId
    if id and wanted[id] and tells[of.event] then
      wanted[id] = nil
      missing = missing - 1
      answer[#answer + 1] = id
      answer[#answer + 1] = of.event
      answer[#answer + 1] = of.returnvalue or of.failedReason or ''
      if missing == 0 then return answer end
    end
  end
  looked = looked + #entries
  from = '(' .. entries[#entries][1]
end
answer[1] = from
return answer
