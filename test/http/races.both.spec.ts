/** Changes of the same job at the same time, through two instances of an app: with If-Match nothing is lost. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomPrefix } from '../support/prefix.js';
import { Api, curlBody, problem, type Answer } from './app.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const ROUNDS = 5;
const WRITERS = 6;

/** Two instances where the store can be shared, else one. */
async function start(connection: string): Promise<Api[]> {
  const scheduler = { connection, prefix: randomPrefix(), role: 'producer' as const };
  const platforms = connection === 'memory:' ? (['Express'] as const) : (['Express', 'Fastify'] as const);
  return Promise.all(platforms.map((platform) => Api.start({ scheduler, platform })));
}

const create = async (api: Api): Promise<string> => String((await api.call('POST', 'jobs', curlBody)).body['id']);

describe.each(storesOfSuite(everyStore))('on %s', (_, connection) => {
  let instances: Api[];
  beforeAll(async () => void (instances = await start(connection)));
  afterAll(() => Promise.all(instances.map((api) => api.close())));

  it('of many who change the version that they have read, one succeeds in each round', async () => {
    const id = await create(instances[0]!);
    const written: string[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const { headers, body: read } = await instances[0]!.call('GET', `jobs/${id}`);
      const ifMatch = { 'if-match': headers.get('etag')! };
      expect(ifMatch).toEqual({ 'if-match': `"${round}"` });
      const answers = await Promise.all(
        Array.from({ length: WRITERS }, (__, writer): Promise<Answer> => {
          const api = instances[writer % instances.length]!;
          // The last ones switch it: these are changes, too.
          return writer < WRITERS - 2
            ? api.call('PUT', `jobs/${id}`, { remark: `${round}-${writer}` }, ifMatch)
            : api.call('PUT', `jobs/${id}/status`, { status: read['status'] === '0' ? '1' : '0' }, ifMatch);
        }),
      );
      const won = answers.filter(({ status }) => status === 200);
      for (const answer of answers.filter(({ status }) => status !== 200))
        expect(problem(answer)).toMatchObject({ status: 412, code: 'SCHEDULE_CONFLICT' });
      expect(won).toHaveLength(1);
      const { body } = await instances[0]!.call('GET', `jobs/${id}`);
      expect(body).toEqual(won[0]!.body);
      written.push(String(body['remark']));
    }
    expect(written).toHaveLength(ROUNDS);
  });

  it('read, change, and again after 412: no change of anybody is lost', async () => {
    const id = await create(instances[0]!);
    const add = async (api: Api, name: string): Promise<void> => {
      for (;;) {
        const { headers, body } = await api.call('GET', `jobs/${id}`);
        const remark = `${String(body['remark'])} ${name}`;
        const { status } = await api.call('PUT', `jobs/${id}`, { remark }, { 'if-match': headers.get('etag')! });
        if (status === 200) return;
        expect(status).toBe(412);
      }
    };
    const names = Array.from({ length: 8 }, (__, n) => `n${n}`);
    await Promise.all(names.map((name, n) => add(instances[n % instances.length]!, name)));
    const { body } = await instances[0]!.call('GET', `jobs/${id}`);
    expect(String(body['remark']).trim().split(' ').toSorted()).toEqual(names);
    expect(body['version']).toBe(1 + names.length);
  });

  it('one deletion of many succeeds; one of a changed job does not', async () => {
    const id = await create(instances[0]!);
    const [changed, deleted] = await Promise.all([
      instances[0]!.call('PUT', `jobs/${id}`, { remark: 'mine' }, { 'if-match': '"1"' }),
      instances.at(-1)!.call('DELETE', `jobs/${id}`, undefined, { 'if-match': '"1"' }),
    ]);
    // Either may be first; never both.
    expect([
      [200, 412],
      [404, 204],
      [412, 204],
    ]).toContainEqual([changed.status, deleted.status]);
  });

  it('without If-Match the last writer wins, in all that it says', async () => {
    const id = await create(instances[0]!);
    const writers = Array.from({ length: WRITERS }, (__, n) => ({ jobName: `Name ${n}`, remark: `Remark ${n}` }));
    const answers = await Promise.all(
      writers.map((change, n) => instances[n % instances.length]!.call('PUT', `jobs/${id}`, change)),
    );
    expect(answers.map(({ status }) => status)).toEqual(writers.map(() => 200));
    const { body } = await instances[0]!.call('GET', `jobs/${id}`);
    expect(writers).toContainEqual({ jobName: body['jobName'], remark: body['remark'] });
    expect(body['version']).toBe(1 + WRITERS);
  });
});
