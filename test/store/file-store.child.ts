/** Opens a `file:` store in a process of its own. Arguments: directory, prefix, what to do. */
import { SystemClock } from '#src/common/clock.js';
import { openStore } from '#src/store/open-store.js';
import { tell } from '../support/tell.js';

const [directory, prefix, action] = process.argv.slice(2) as [string, string, 'hold' | 'add' | 'close'];

try {
  const store = await openStore({ connection: `file:${directory}`, prefix, clock: new SystemClock() });
  tell('open');
  if (action === 'close') await store.close();
  if (action === 'hold') setInterval(() => undefined, 60_000);
  if (action === 'add') {
    const queue = store.queues.queue('default');
    for (let n = 0; ; n++) {
      const id = `${process.pid}-${n}`;
      await queue.add('job', { n }, { jobId: id });
      const step = { name: 's', startedAt: n, finishedAt: n, result: n };
      await store.executions.recordStep(id, 'job', 'default', 1, step);
      tell('added', { id });
    }
  }
} catch (error) {
  tell('refused', { message: (error as Error).message });
}
