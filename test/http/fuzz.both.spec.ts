/**
 * Requests that are wrong, made at random: each is answered with a problem of the 4xx, nothing is stored, and the app goes
 * on. A failure names its seed and the request; `FUZZ_SEED` and `FUZZ_REQUESTS` choose others.
 */
import { Agent, request as send } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { JobHistory } from 'nestjs-job-scheduler';
import { inSuite } from '../support/suite.js';
import { Random } from '../support/random.js';
import { Api, curlBody, platforms } from './app.js';
import { badRequests, type BadRequest } from './bad-requests.js';

Logger.overrideLogger(false);

const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? inSuite(400, 2_000));
const AT_ONCE = 8;
/** What only the makers of the app should know. */
const SECRET = /\n\s+at |node_modules|file:\/\/|libs\/job-scheduler|\.ts:\d/;

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
}

describe.each(platforms)('on %s', (platform) => {
  let api: Api;
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  beforeAll(async () => {
    api = await Api.start({ platform });
  });
  afterAll(async () => {
    agent.destroy();
    await api.close();
  });

  /** As it is: `fetch` would mend its path. */
  const call = ({ method, path, headers, body }: BadRequest) =>
    new Promise<Answer>((resolve, reject) => {
      const { hostname, port } = new URL(api.url);
      const request = send({ agent, hostname, port, method, path: `/v1/monitor/${path}`, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.once('error', reject).once('end', () => {
          resolve({ status: response.statusCode!, type: response.headers['content-type'], text });
        });
      });
      request.once('error', reject);
      request.end(body);
    });

  const faultOf = ({ status, type, text }: Answer): string | undefined => {
    if (status < 400 || status > 499) return `status ${status}`;
    if (!/^application\/problem\+json(;|$)/.test(type ?? '')) return `type ${type}`;
    if (SECRET.test(text)) return 'it tells too much';
    const problem = JSON.parse(text) as Record<string, unknown>;
    if (problem['status'] !== status || typeof problem['detail'] !== 'string' || !problem['code']) return 'no problem';
    return undefined;
  };

  const state = async () => ({
    schedules: (await api.schedules.list()).map(({ next: _, ...schedule }) => schedule),
    queues: await api.jobs.getQueues(),
    ended: await api.app.get(JobHistory).find({}),
    stats: await api.app.get(JobHistory).getAllStats(),
  });

  it(`${REQUESTS} wrong requests of seed ${SEED} are answered, and do nothing`, async () => {
    const { body } = await api.call('POST', 'jobs', { ...curlBody, cronExpression: '0 0 1 1 *' });
    const before = await state();
    const make = badRequests(String(body['id']));
    const random = new Random(SEED);
    const statuses: Record<number, number> = {};
    for (let made = 0; made < REQUESTS; made += AT_ONCE) {
      const requests = Array.from({ length: Math.min(AT_ONCE, REQUESTS - made) }, () => make(random));
      const answers = await Promise.all(requests.map(call));
      for (const [index, answer] of answers.entries()) {
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
        const fault = faultOf(answer);
        if (fault === undefined) continue;
        const { method, path, headers, body: sent } = requests[index]!;
        const said = `${method} ${path} ${JSON.stringify(headers)} ${JSON.stringify(String(sent)).slice(0, 500)}`;
        throw new Error(`Seed ${SEED}, request ${made + index}: ${said}\n${fault}: ${answer.text.slice(0, 500)}`);
      }
    }
    expect(await state()).toEqual(before);
    // Not all of them failed in the same way, and the app goes on.
    expect(Object.keys(statuses)).toEqual(expect.arrayContaining(['400', '404', '409', '412', '415']));
    expect((await api.call('POST', 'jobs', curlBody)).status).toBe(201);
  }, 120_000);
});
