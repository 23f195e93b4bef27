/**
 * Handlers that change what they are given, in random ways: each job ends, each record shows what was stored, and no slot is
 * lost. A failure names its seed; MUTATION_SEED chooses another.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { JobContext, JobFailure, JobService } from 'nestjs-job-scheduler';
import { closeApps, historyOf, startApp } from '../overlap/kit.js';
import { scaled, WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { Random } from '../support/random.js';
import { inSuite } from '../support/suite.js';
import { until } from '../support/until.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

const SEED = Number(process.env['MUTATION_SEED'] ?? 1);

type Bag = Record<string, unknown>;

/** What a handler may do to an object. */
const CHANGES: ((bag: Bag) => void)[] = [
  (bag) => void (bag['total'] = 5n),
  (bag) => void (bag['self'] = bag),
  (bag) => void (bag['toJSON'] = refuse),
  (bag) => void (bag['map'] = new Map([[1, 2]])),
  (bag) => Object.keys(bag).forEach((key) => delete bag[key]),
  (bag) => void Object.defineProperty(bag, 'trap', { enumerable: true, get: refuse }),
  (bag) => void (bag['text'] = '\0\ud800'),
  (bag) => void (bag['symbol'] = Symbol('s')),
  (bag) => void Object.setPrototypeOf(bag, null),
  (bag) => void Object.freeze(bag),
];

function refuse(): never {
  throw new Error('asked at the wrong moment');
}

/** A result that is JSON when it is first asked for, and not again. */
function fickle(): object {
  let asked = 0;
  return { toJSON: () => (asked++ === 0 ? { first: true } : refuse()) };
}

const RESULTS: (() => unknown)[] = [
  () => undefined,
  () => null,
  () => ({ fine: 1 }),
  () => 5n,
  () => ({ count: 3n }),
  fickle,
  () => refuse,
  () => Object.assign([1], { self: [] }),
  () => new Proxy({}, { ownKeys: refuse, get: () => undefined }),
];

const ERRORS: (() => unknown)[] = [
  () => new Error('plain'),
  () => new Error(`\0 \ud83d ${'long '.repeat(5_000)}`),
  () => undefined,
  () => 'text',
  () => Object.defineProperty(new Error('x'), 'message', { get: refuse }),
  () => new AggregateError([new Error('inner')], 'outer'),
  () => Object.assign(new Error('coded'), { code: 'E_CODE', details: 5n }),
  () => new Proxy({}, { get: refuse, getPrototypeOf: refuse }),
];

class Play {
  readonly alarms: unknown[] = [];

  constructor(readonly random: Random) {}

  register(jobs: JobService): void {
    jobs.register({ name: 'alarm' }, (failure) => void this.alarms.push(failure));
    jobs.register({ name: 'wild', retry: { max: 1, delay: 1, backoff: 'fixed' }, onFail: 'alarm' }, (payload, ctx) =>
      this.run(payload as Bag, ctx),
    );
    jobs.register({ name: 'tame' }, (payload) => payload);
  }

  private async run(payload: Bag, ctx: JobContext): Promise<unknown> {
    const { random } = this;
    const list = payload['list'] as Bag;
    if (random.chance(0.3)) {
      const kept: Bag = { n: 1 };
      await ctx.step('step', () => kept);
      this.change(kept);
    }
    for (const bag of [list, payload]) if (random.chance(0.7)) this.change(bag);
    if (random.chance(0.3)) this.change(ctx.metadata);
    if (random.chance(0.2)) this.change(ctx as unknown as Bag);
    if (random.chance(0.4)) throw random.pick(ERRORS)();
    const result = random.pick(RESULTS)();
    if (random.chance(0.5)) setImmediate(() => this.change(payload));
    return random.chance(0.3) ? payload : result;
  }

  private change(bag: Bag): void {
    try {
      this.random.pick(CHANGES)(bag);
    } catch {
      // It was frozen, or is by the library.
    }
  }
}

const hasEnded = (status: string | undefined) => status === 'completed' || status === 'failed';

async function expectToPlay(connection: string, seed: number, count: number): Promise<void> {
  const acted = new Play(new Random(seed));
  const jobs = await startApp({ connection, concurrency: 4 });
  acted.register(jobs);
  const payloads = Array.from({ length: count }, (_, n) => ({ n, list: { deep: [n, { at: `${n}` }] } }));
  const handles = await jobs.enqueueMany(
    payloads.map((payload) => ({
      job: 'wild',
      payload,
      options: { metadata: { tenant: 'a' }, retention: { count: 10_000 } },
    })),
  );
  const tame = await jobs.enqueueMany(payloads.slice(0, 20).map((payload) => ({ job: 'tame', payload })));

  await Promise.all(tame.map((handle) => handle.finished({ timeout: scaled(120_000) })));
  const history = historyOf(jobs);
  for (const [n, { id }] of handles.entries()) {
    const execution = await until(
      `${id} has ended`,
      async () => {
        const seen = await history.getExecution(id);
        return hasEnded(seen?.status) && seen;
      },
      { within: 120_000 },
    );
    expect({ seed, payload: execution.payload, metadata: execution.metadata }).toEqual({
      seed,
      payload: payloads[n],
      metadata: { tenant: 'a' },
    });
  }
  const failed = (await history.getStats('wild')).failed;
  await until('each alarm ran', () => acted.alarms.length >= failed, { within: 120_000 });
  expect(acted.alarms).toHaveLength(failed);
  for (const alarm of acted.alarms as JobFailure<{ n: number }>[])
    expect(alarm.payload).toEqual(payloads[alarm.payload.n]);
  await until('no slot is taken', async () => (await jobs.getQueue('default')).counts.active === 0);
  await closeApps();
}

const directories: string[] = [];
afterAll(() => Promise.all(directories.map((each) => rm(each, { recursive: true, force: true }))));

async function connectionOf(store: string): Promise<string> {
  if (store !== 'file:') return store;
  const directory = await mkdtemp(join(tmpdir(), 'mutating-'));
  directories.push(directory);
  return `file:${directory}`;
}

const stores = inSuite(storesOfSuite(everyStore), [...everyStore, ['PGlite', 'file:']]);

describe.each(storesOfSuite(everyStore))('an onFail job on %s', (_name, connection) => {
  it('runs with bounded texts and the code, whatever the message, the id and the size of the payload', async () => {
    const jobs = await startApp({ connection, maxPayload: 20_000 });
    const alarms: JobFailure<{ fill: string }>[] = [];
    jobs.register({ name: 'alarm' }, (failure) => void alarms.push(failure as JobFailure<{ fill: string }>));
    jobs.register({ name: 'fails', retry: 0, onFail: 'alarm' }, () => {
      throw Object.assign(new Error(`\0 \ud83d ${'x'.repeat(1_100_000)}`), { code: 'E_SHOP' });
    });
    const id = 'i'.repeat(250);
    await jobs.enqueue('fails', { fill: 'y'.repeat(19_900) }, { id });
    const [alarm] = await until('the alarm has run', () => alarms.length > 0 && alarms);
    expect(alarm).toMatchObject({ id, job: 'fails', payload: { fill: 'y'.repeat(19_900) }, error: { code: 'E_SHOP' } });
    expect(alarm!.error.message).toMatch(/^\ufffd \ufffd x+…$/);
    expect(alarm!.error.message.length).toBeLessThanOrEqual(8_192);
    await until('nothing is left', async () => {
      const { active, pending } = (await jobs.getQueue('default')).counts;
      return active + pending === 0;
    });
  });
});

describe('a BullMQ job on Redis', () => {
  it('whose data is cut-off JSON fails, and holds up no other', async () => {
    const prefix = randomPrefix();
    const jobs = await startApp({ connection: process.env.TEST_REDIS_URL!, prefix, concurrency: 1, autoStart: false });
    jobs.register({ name: 'plain' }, () => 'done');
    const broken = await jobs.enqueue('plain', { a: 1 });
    const other = await jobs.enqueue('plain', { a: 2 });
    const redis = new Redis(process.env.TEST_REDIS_URL!);
    const [key] = (await redis.keys(`*${prefix}*${broken.id}`)).filter((each) => each.endsWith(broken.id));
    await redis.hset(key!, 'data', '{"a":');
    await redis.quit();
    await jobs.start();
    expect(await other.finished(WAIT)).toBe('done');
    await until('it has failed', async () => {
      const { counts, deadLetters } = await jobs.getQueue('default');
      return counts.active === 0 && deadLetters === 1;
    });
  });
});

describe.each(stores)('handlers that change what they are given, on %s', (name, store) => {
  const count = name === 'memory:' ? inSuite(500, 2_000) : inSuite(60, 200);

  it(
    `${count} of seed ${SEED}: each ends, its record shows what was stored, and no slot is lost`,
    async () => {
      await expectToPlay(await connectionOf(store), SEED, count);
    },
    scaled(300_000),
  );
});
