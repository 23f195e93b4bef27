import { SystemClock } from '#src/common/clock.js';
import { recordsOf } from '#src/store/memory/memory-execution-store.js';
import { schedulesOf } from '#src/store/memory/memory-schedule-store.js';
import { openMemory } from '#bullmq-memory/extend';
import { openStore } from '#src/store/open-store.js';
import { describeStore } from './conformance.js';

const clock = new SystemClock();

describeStore('memory', {
  kind: 'memory',
  ordered: true,
  open: (prefix) => openStore({ connection: 'memory:', prefix, clock }),
  async corrupt(prefix, id) {
    const memory = openMemory(prefix, clock);
    recordsOf(memory).records.get(id)!.head = '{"cut off';
    memory.close();
  },
  async corruptSchedule(prefix, id) {
    const memory = openMemory(prefix, clock);
    schedulesOf(memory).get(id)!.text = '{"cut off';
    memory.close();
  },
  async left(prefix, job, scheduleId) {
    const memory = openMemory(prefix, clock);
    const { ended, records } = recordsOf(memory);
    memory.close();
    const isOfIt = (record: { job: string; scheduleId: string | undefined }) =>
      record.job === job || record.scheduleId === scheduleId;
    return Math.max(
      [...records.values()].filter(isOfIt).length,
      [...ended.ofEither(undefined, undefined)!].filter(isOfIt).length,
    );
  },
});
