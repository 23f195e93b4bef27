-- Reads what is stored of an execution.
--
-- Needs    base
-- Defines  read(id, final): what is stored of an execution that ended so, or nil. Without `final`, of any

local function read(id, final)
  local key = base .. ':x:' .. id
  local whole = redis.pcall('GET', key)
  if type(whole) == 'string' then return (not final or final == 'completed') and whole or nil end
  if not whole then return nil end
  local fields = redis.pcall('HGETALL', key)
  if fields.err then return nil end
  if not final then return fields end
  for n = 1, #fields, 2 do
    if fields[n] == 'm' then return string.match(fields[n + 1], ':(%a*)$') == final and fields or nil end
  end
  return nil
end
