import { ADD, type ADD_SCRIPTS } from '../finish/bullmq-scripts.js';

/** BullMQ's scripts that add a job, by the letter that stands for each. */
export type AddScripts = Readonly<Record<(typeof ADD_SCRIPTS)[keyof typeof ADD_SCRIPTS], string>>;

/** Of one job: its letter, then what BullMQ's script is given. */
const WIDTH = 1 + ADD.arguments;

const asFunction = (lua: string): string => `function(KEYS, ARGV)\n${lua}\nend`;

/**
 * Adds jobs by BullMQ's own scripts if there is room for all of them: what looks and what adds is one step. Jobs for later
 * need no room, nor do those that are not added, since their id is known or their deduplication id is held.
 *
 * KEYS[1] the queue's list of waiting jobs
 * ARGV[1] how many may wait
 * ARGV[2] JSON: the keys of each of BullMQ's scripts
 * ARGV    then of each job its letter and BullMQ's three arguments
 * Answer  false: there is no room, and nothing was added; else what BullMQ's scripts answer, in order
 */
export function addWithinLua(scripts: AddScripts): string {
  return `
local add = {
  s = ${asFunction(scripts.s)},
  p = ${asFunction(scripts.p)},
  d = ${asFunction(scripts.d)},
}

local seen, new, prefix = {}, 0, nil
for n = 3, #ARGV, ${WIDTH} do
  local args = cmsgpack.unpack(ARGV[n + 1])
  prefix = args[${ADD.prefix}]
  local key, held = prefix .. args[${ADD.jobId}], args[${ADD.deduplicationKey}]
  local isKnown = args[${ADD.jobId}] ~= '' and (seen[key] or redis.call('EXISTS', key) == 1)
  if not isKnown and held then
    local holder = redis.call('GET', held)
    -- BullMQ takes it from a holder that is gone, if no time ends it.
    local isHeld = holder and (redis.call('EXISTS', prefix .. holder) == 1 or redis.call('PTTL', held) ~= -1)
    isKnown = seen[held] or isHeld
    seen[held] = true
  end
  seen[key] = true
  if not isKnown and ARGV[n] ~= 'd' then new = new + 1 end
end

if new > 0 then
  local waiting = redis.call('LLEN', KEYS[1]) + redis.call('LLEN', prefix .. 'paused')
    + redis.call('ZCARD', prefix .. 'prioritized')
  if waiting + new > tonumber(ARGV[1]) then return false end
end

local keys, answers = cjson.decode(ARGV[2]), {}
for n = 3, #ARGV, ${WIDTH} do
  answers[#answers + 1] = add[ARGV[n]](keys[ARGV[n]], { ARGV[n + 1], ARGV[n + 2], ARGV[n + 3] })
end
return answers
`;
}
