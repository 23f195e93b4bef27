import { describe, expect, it } from '@jest/globals';
import { SystemClock } from '../../common/clock.js';
import type { JobEvent } from '../../definition/job-event.js';
import type { ExecutionWrite } from '../../store/ports/execution-record.js';
import type { ResolvedOptions } from '../../options/resolved-options.js';
import type { ExecutionStore, Store } from '../../store/ports/ports.js';
import type { StoredSchedule } from '../../store/ports/schedule-store.js';
import { SkippedFires } from './skipped-fires.js';

const DAY = 86_400_000;
const schedule = { id: 'code:tick', job: 'tick', payload: { n: 1 } } as StoredSchedule;
const defaults = {
  queue: 'default',
  retry: { max: 3, backoff: 'exponential' as const, delay: 1, maxDelay: 1, jitter: 0 },
  retention: { count: 100, age: DAY, failed: DAY },
};

/** What is stored and told of two fires that do not run. */
async function skip(history: boolean, wanted: boolean) {
  const written: ExecutionWrite[] = [];
  const told: JobEvent[] = [];
  const write: ExecutionStore['write'] = async (entries) => {
    // Told after it was stored, not before.
    expect(told).toEqual([]);
    written.push(...entries);
    return entries.map(() => true);
  };
  const skippedFires = new SkippedFires(
    { defaults, history } as ResolvedOptions,
    { require: () => ({ executions: { write } as ExecutionStore }) as Store },
    new SystemClock(),
    { wanted, workerId: 'me', emit: (event) => void told.push(event) },
  );
  await skippedFires.record({ schedule, definition: undefined, times: [DAY, 2 * DAY], reason: 'misfire' });
  return { written, told };
}

describe('fires that do not run', () => {
  it('are stored as skipped, and told', async () => {
    const { written, told } = await skip(true, true);
    expect(written).toMatchObject([
      { id: 'code:tick@1970-01-02T00:00:00.000Z', final: 'skipped', head: { reason: 'misfire' } },
      { id: 'code:tick@1970-01-03T00:00:00.000Z', final: 'skipped' },
    ]);
    const common = { type: 'skipped', job: 'tick', queue: 'default', workerId: 'me', scheduleId: 'code:tick' };
    expect(told).toEqual(
      written.map(({ id }) => ({ ...common, id, reason: 'misfire', trigger: 'schedule', at: expect.any(Date) })),
    );
  });

  it('are told also where no history is kept, and only where someone listens', async () => {
    expect(await skip(false, true)).toMatchObject({ written: [], told: [{}, {}] });
    expect(await skip(true, false)).toMatchObject({ written: [{}, {}], told: [] });
  });
});
