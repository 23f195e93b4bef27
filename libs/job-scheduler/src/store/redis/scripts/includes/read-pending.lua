-- Reads an entry of the list `fresh`.
--
-- Defines  readPending(entry)

local commonOf = {}

-- That of a job without steps is a text: end time, duration, its bucket, fence, what many have in common, record, id, with tabs
-- between them. Gives nothing if it cannot be read.
local function readPending(entry)
  -- An array of MessagePack never begins with a digit.
  if string.byte(entry) >= 128 then
    local isRead, parts = pcall(cmsgpack.unpack, entry)
    if isRead and type(parts) == 'table' and #parts == 16 then return unpack(parts) end
    return
  end
  local at, duration, bucket, fence, common, record, id =
    string.match(entry, '^([%d.]+)\t([%d.]+)\t(%d+)\t(%d+)\t([^\t]*)\t([^\t]*)\t(.*)$')
  -- A clock of the user's may give parts of milliseconds.
  if not (tonumber(at) and tonumber(duration)) then return end
  local known = commonOf[common]
  if not known then
    local isRead
    isRead, known = pcall(cjson.decode, common)
    if not isRead or type(known) ~= 'table' or #known ~= 5 then return end
    commonOf[common] = known
  end
  local job, queue, keep, age, schedule = unpack(known)
  return id, job, queue, tonumber(fence), 'completed', record, true, '', '', keep, age, tonumber(at), schedule,
    tonumber(duration), tonumber(bucket), ''
end
