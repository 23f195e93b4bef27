import type { Clock } from '../../common/clock.js';
import { StoreUnavailableError } from '../../errors/store-errors.js';
import type { ExecutionStore } from '../../store/ports/ports.js';
import type { ExecutionFinder } from '../../jobs/execution-finder.js';
import type { LogItem } from './log-item.js';

/** So often in silence one looks whether it has ended. */
const SILENCES = 3;

/** One execution's log. */
export interface ExecutionLog {
  readonly id: string;
  /** From where it is read. */
  readonly after: number;
  /** Entries as they come; an empty list after some time in silence. */
  readonly items: AsyncGenerator<LogItem[]>;
  readonly stored: (after: number) => Promise<LogItem[]>;
  readonly executions: Pick<ExecutionStore, 'load'>;
  readonly finder: Pick<ExecutionFinder, 'find'>;
  readonly clock: Clock;
}

/** The lines of an execution, then its end. */
export async function* untilEnd(log: ExecutionLog): AsyncGenerator<LogItem[]> {
  let position = log.after;
  // The first look is at once: it may have ended long ago.
  let silences = SILENCES;
  for await (const items of log.items) {
    const lines = items.filter(isLine);
    position = Math.max(position, items.at(-1)?.seq ?? 0);
    if (lines.length > 0) yield lines;
    const end = items.findLast((item) => item.kind === 'end');
    if (items.length === 0) silences++;
    if (!end && silences < SILENCES) continue;
    silences = 0;
    const final = await endOf(log, end).catch(whenAway);
    if (final === 'gone') return;
    if (!final) continue;
    // What was logged before the end is stored: it may be more than has come here so far.
    for (let rest; (rest = await log.stored(position)).length > 0; position = rest.at(-1)!.seq) {
      const more = rest.filter(isLine);
      if (more.length > 0) yield more;
    }
    yield [{ ...final, seq: Math.max(position, final.seq) }];
    return;
  }
}

/** How an execution has ended, as its record says: an end among its lines may be one that it was retried after. */
async function endOf(
  { id, executions, finder, clock }: ExecutionLog,
  heard: LogItem | undefined,
): Promise<(LogItem & { kind: 'end' }) | 'gone' | undefined> {
  const record = await executions.load(id);
  if (record?.final) {
    const { job, head, final: status } = record;
    const schedule = head?.scheduleId !== undefined && { scheduleId: head.scheduleId };
    const at = new Date(head?.completedAt ?? clock.now());
    return { kind: 'end', seq: 0, end: { executionId: id, job, ...schedule, status, at }, isStored: false };
  }
  if (record) return undefined;
  // Nothing is kept of it: the message is all that there is.
  if (heard?.kind === 'end') return heard;
  return (await finder.find(id)) ? undefined : 'gone';
}

const isLine = ({ kind }: LogItem) => kind === 'line';

/** The next silence may find the store again. */
function whenAway(error: unknown): undefined {
  if (!(error instanceof StoreUnavailableError)) throw error;
}
