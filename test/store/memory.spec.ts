import { SystemClock } from '#src/common/clock.js';
import { recordsOf } from '#src/store/memory/memory-execution-store.js';
import { schedulesOf } from '#src/store/memory/memory-schedule-store.js';
import { leaseMemory } from '#src/store/memory/shared-memory.js';
import { openStore } from '#src/store/open-store.js';
import { describeStore } from './conformance.js';

const clock = new SystemClock();

describeStore('memory', {
  kind: 'memory',
  ordered: true,
  open: (prefix) => openStore({ connection: 'memory:', prefix, clock }),
  async corrupt(prefix, id) {
    const { memory, release } = leaseMemory(prefix, clock);
    recordsOf(memory).records.get(id)!.head = '{"cut off';
    release();
  },
  async corruptSchedule(prefix, id) {
    const { memory, release } = leaseMemory(prefix, clock);
    schedulesOf(memory).get(id)!.text = '{"cut off';
    release();
  },
  async left(prefix, job, scheduleId) {
    const { memory, release } = leaseMemory(prefix, clock);
    const { ended, records } = recordsOf(memory);
    release();
    const isOfIt = (record: { job: string; scheduleId: string | undefined }) =>
      record.job === job || record.scheduleId === scheduleId;
    return Math.max(
      [...records.values()].filter(isOfIt).length,
      [...ended.ofEither(undefined, undefined)!].filter(isOfIt).length,
    );
  },
});
