import type { FinalStatus } from '../../definition/job-status.js';
import type { LogLines } from './log-lines.js';
import { finalStatus, type Outcome } from '../outcome/outcome.js';

/**
 * The same outcome, whose end goes among the execution's lines before anybody hears of it. What the run held is given back
 * meanwhile.
 * @param announced makes an outcome tell of itself.
 * @param endedBefore how it had ended before, when only its queue was still to be told.
 */
export function withEndLogged(
  lines: LogLines,
  { afterTold: giveBack, ...outcome }: Outcome,
  announced: (outcome: Outcome) => Outcome,
  endedBefore: FinalStatus | undefined,
): Outcome {
  const final = finalStatus(outcome);
  if (final === undefined) return announced({ ...outcome, ...(giveBack && { afterTold: giveBack }) });
  const { afterTold: announce } = announced(outcome);
  const tell = async (told: boolean): Promise<void> => {
    if (told) await lines.end(endedBefore ?? final);
    await announce?.(told);
  };
  return {
    ...outcome,
    afterTold: async (told) => {
      await Promise.all([giveBack?.(told), tell(told)]);
    },
  };
}
