import { filingFresh } from './filing-fresh.lua.js';
import { filing } from './filing.lua.js';

/**
 * KEYS[1] base of our keys
 * ARGV    id
 * Answer  the fields and values of a hash, the text of a string, or nil; see `write-executions.lua.ts`
 */
export const loadExecutionLua = `
local base = KEYS[1]
local key = base .. ':x:' .. ARGV[1]
local kind = redis.call('TYPE', key).ok
if kind == 'none' and redis.call('EXISTS', base .. ':fresh') == 1 then
${filing}
${filingFresh}
  fileAll()
  kind = redis.call('TYPE', key).ok
end
if kind == 'string' then return redis.call('GET', key) end
if kind == 'none' then return nil end
return redis.call('HGETALL', key)
`;
