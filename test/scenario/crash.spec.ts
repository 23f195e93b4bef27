import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { startChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { startProducer, threeSteps } from './producer.js';
import { sharedStores } from './stores.js';

let app: INestApplicationContext | undefined;
afterEach(() => app?.close());

describe.each(sharedStores)('a process killed inside step 2, on %s', (_name, store) => {
  it('has its job finished by another, with step 1 run once', async () => {
    const prefix = randomPrefix();
    const child = (more: Record<string, string>) =>
      startChild('test/scenario/newsroom.child.ts', { env: { STORE: store, PREFIX: prefix, ...more } });
    const doomed = child({ HANG: 'second' });
    await doomed.next('ready');
    const producer = await startProducer(store, prefix);
    app = producer.app;
    const handle = await producer.jobs.enqueue(threeSteps, { n: 1 });
    await doomed.next('second');
    const heir = child({});
    await heir.next('ready');
    await doomed.kill();
    expect(await handle.finished({ timeout: '20s' })).toEqual({ firstRanIn: doomed.pid });
    expect(doomed.count('first')).toBe(1);
    expect(heir.count('first')).toBe(0);
    expect(heir.events.filter(({ event }) => event === 'second')).toMatchObject([{ attempt: 1 }]);
    expect(heir.count('third')).toBe(1);
  });
});
