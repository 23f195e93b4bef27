-- Reads what is stored of an execution.
--
-- Needs    base
-- Defines  read(id, final): what is stored of an execution that ended so, or nil. Without `final`, of any

local function read(id, final)
  local key = base .. ':x:' .. id
  local compact = redis.pcall('GET', key)
  if type(compact) == 'string' then return (not final or final == 'completed') and compact or nil end
  if not compact then return nil end
  local fields = redis.pcall('HGETALL', key)
  if fields.err then return nil end
  if not final then return fields end
  for n = 1, #fields, 2 do
    if fields[n] == 'm' then return string.match(fields[n + 1], ':(%a*)$') == final and fields or nil end
  end
  return nil
end
