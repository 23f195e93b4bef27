/** Readers of live streams that do not read what they are sent. */
import { createConnection, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { figure } from '../support/figure.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { serve, talkOf, type Served } from './kit.js';

Logger.overrideLogger(false);

const MIB = 2 ** 20;
let served: Served | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await served?.app.close();
});

/** Takes the first bytes of the answer, and no more. @returns its status */
function open(url: string): Promise<number> {
  const { hostname, port, pathname } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port) });
  sockets.push(socket);
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
  return new Promise((resolve, reject) => {
    socket.once('data', (first) => {
      socket.pause();
      resolve(Number(first.toString().slice(9, 12)));
    });
    socket.on('error', reject);
  });
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const memory = () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

describe.each([100, 1_000])('%i readers that do not read', (readers) => {
  it('take bounded memory: of more than may be, the others are refused, and those that are open are cut', async () => {
    const here = await serve(
      { connection: 'memory:', prefix: randomPrefix() },
      { http: { streams: { perCaller: readers } } },
    );
    served = here;
    const { id } = await here.jobs.enqueue({ jobName: 'talker' }, undefined);
    const { ctx, end } = await talkOf(id);
    const statuses: number[] = [];
    for (let n = 0; n < readers; n += 50)
      statuses.push(...(await Promise.all(Array.from({ length: 50 }, () => open(`${here.url}/events/stream`)))));
    expect(statuses.filter((status) => status === 200)).toHaveLength(Math.min(readers, 200));
    expect(statuses.filter((status) => status === 503)).toHaveLength(Math.max(0, readers - 200));

    const before = memory();
    let most = 0;
    const filling = 'x'.repeat(15_000);
    // Each is told what fills its socket, and 1 MiB more.
    for (let n = 0; here.controller.streamCount > 0 && n < 2_000; n++) {
      ctx.log(`line ${n}`, { filling });
      if (n % 20 > 0) continue;
      await new Promise((resolve) => setTimeout(resolve, 1));
      most = Math.max(most, memory() - before);
    }
    figure(`${readers} readers that do not read: ${Math.round(most / MIB)} MiB more at the most`);
    expect(here.controller.streamCount).toBe(0);
    expect(most).toBeLessThan(200 * MIB);
    end();
    await until('it has ended', async () => (await here.jobs.getStatus(id)) === 'completed');
  });
});
