/** Clients that vanish free everything. */
import { afterEach, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { EventBus } from '#src/events/event-bus.js';
import { ScheduleService } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { platforms, serve, StreamClient, talkOf, type Served } from './kit.js';

Logger.overrideLogger(false);

let here: Served | undefined;
const clients: StreamClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.drop();
  await here?.app.close();
});

it.each(platforms)('500 clients that vanish leave no listener, on %s', async (platform) => {
  here = await serve({ prefix: randomPrefix() }, { platform, http: { streams: { perProcess: 500, perCaller: 500 } } });
  const { app, controller, jobs, streams, url } = here;
  const bus = app.get(EventBus);
  const server = app.getHttpServer() as { getConnections(told: (error: unknown, count: number) => void): void };
  const connections = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
  const schedule = await app.get(ScheduleService).create({ job: 'talker', schedule: '0 0 1 1 *' });
  const { id } = await jobs.enqueue({ jobName: 'talker' }, undefined);
  const { ctx, end } = await talkOf(id);
  expect(bus.wanted).toBe(false);

  const paths = [`executions/${id}/logs/stream`, `jobs/${schedule.id}/logs/stream`, 'events/stream'];
  clients.push(...Array.from({ length: 500 }, (_, n) => new StreamClient(`${url}/${paths[n % 3]}`)));
  for (let first = 0; first < 500; first += 50)
    await Promise.all(clients.slice(first, first + 50).map((client) => client.connect()));
  expect(clients.every(({ status }) => status === 200)).toBe(true);
  expect(controller.streamCount).toBe(500);
  const ofLogs = clients.filter((_, n) => n % 3 < 2).length;
  await until('all read', () => streams.readers === ofLogs);
  await until('somebody listens', () => bus.wanted);
  ctx.log('to all');
  const reached = clients.filter((_, n) => n % 3 === 0);
  await until('all were told', () => reached.every(({ told }) => told.length === 1));

  // Cut off, with no goodbye: half of them while something is on its way to them.
  for (const client of clients.slice(0, 250)) client.drop();
  ctx.log('to those who are left');
  for (const client of clients.slice(250)) client.drop();
  await until('nobody is connected', async () => (await connections()) === 0);
  await until('no stream is left', () => controller.streamCount === 0 && streams.readers === 0);
  await until('nobody listens', () => !streams.isListening && !bus.wanted);

  ctx.log('to nobody');
  end();
  await until('it has ended', async () => (await jobs.getStatus(id)) === 'completed');
});
