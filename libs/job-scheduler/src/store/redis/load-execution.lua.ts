/**
 * KEYS[1] key of the execution
 * Answer  the fields and values of a hash, the text of a string, or nil; see `write-executions.lua.ts`
 */
export const loadExecutionLua = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'string' then return redis.call('GET', KEYS[1]) end
if kind == 'none' then return nil end
return redis.call('HGETALL', KEYS[1])
`;
