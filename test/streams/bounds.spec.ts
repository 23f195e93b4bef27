/** How many streams may be open, of one caller and in all. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { platforms, serve, StreamClient, type Served } from './kit.js';

Logger.overrideLogger(false);

const served: Served[] = [];
const clients: StreamClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.drop();
  await Promise.all(served.splice(0).map(({ app }) => app.close()));
});

async function follow({ url }: Served, user = ''): Promise<StreamClient> {
  const client = new StreamClient(`${url}/events/stream`, { user });
  clients.push(client);
  return client.connect();
}

describe.each(platforms)('on %s', (platform) => {
  it('a stream more than a caller or the process may have is a 503 that says when to come again, until one ends', async () => {
    const here = await serve(
      { connection: 'memory:', prefix: randomPrefix() },
      {
        platform,
        http: {
          streams: { perProcess: 3, perCaller: 2 },
          caller: (request) => (request as { headers: Record<string, string> }).headers['user'],
        },
      },
    );
    served.push(here);
    const [first] = [await follow(here, 'ada'), await follow(here, 'ada')];
    const refused = await follow(here, 'ada');
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '10']);
    const other = await follow(here, 'bob');
    expect(other.status).toBe(200);
    expect((await follow(here, 'eve')).status).toBe(503);
    expect(here.controller.streamCount).toBe(3);
    first.drop();
    await until('it is known to be gone', () => here.controller.streamCount === 2);
    expect((await follow(here, 'eve')).status).toBe(200);
    expect((await follow(here, 'ada')).status).toBe(503);
  });
});

it('callers of whom the app says nothing are told apart by their address', async () => {
  const here = await serve(
    { connection: 'memory:', prefix: randomPrefix() },
    { http: { streams: { perCaller: 1 }, caller: () => undefined } },
  );
  served.push(here);
  expect((await follow(here)).status).toBe(200);
  expect((await follow(here)).status).toBe(503);
});
