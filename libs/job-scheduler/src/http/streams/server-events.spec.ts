import { createServer, request, type ClientRequest, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { HeldClock } from '../../../../../test/support/held-clock.js';
import { until } from '../../../../../test/support/until.js';
import { placeOf, ServerEvents } from './server-events.js';

let server: Server | undefined;
let client: ClientRequest | undefined;
afterEach(async () => {
  client?.destroy();
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
});

async function connect(method = 'GET') {
  const clock = new HeldClock();
  const streams: ServerEvents[] = [];
  server = createServer((req, res) => {
    const stream = new ServerEvents(res, clock);
    streams.push(stream);
    stream.begin(req, '7');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sent = request({ port: (server.address() as AddressInfo).port, method, agent: false }).end();
  sent.on('error', () => undefined);
  client = sent;
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  response.on('error', () => undefined);
  return { clock, stream: streams[0]!, response, sent, text: () => text };
}

it('begins with where to go on and when to come again; every event has its id', async () => {
  const { stream, response, text } = await connect();
  expect(response.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-store, no-transform',
  });
  stream.send({ id: '8', type: 'log', data: { message: 'two\nlines' } });
  stream.close();
  stream.send({ id: '9', type: 'log', data: {} });
  await once(response, 'end');
  expect(text()).toBe('retry: 2000\nid: 7\n\nid: 8\nevent: log\ndata: {"message":"two\\nlines"}\n\n');
});

it('sends a comment every 15 seconds, until the client has gone', async () => {
  const { clock, stream, sent, text } = await connect();
  expect(clock.pending).toEqual([15_000]);
  clock.fire();
  clock.fire();
  await until('both came', () => text().endsWith('\n\n: still here\n\n: still here\n\n'));
  sent.destroy();
  await until('it knows', () => stream.ended.aborted);
  expect(clock.pending).toEqual([]);
});

it('says whether the client keeps up, sends no heartbeat to one that does not, and cuts off one that lets too much wait', async () => {
  const { clock, stream, response, text } = await connect();
  await until('it begins', () => text() !== '');
  await stream.ready();
  response.pause();
  const data = { text: 'x'.repeat(1_000_000) };
  let isReady = true;
  // Until neither socket takes any more.
  await until('it is full', async () => {
    stream.send({ id: '8', type: 'log', data });
    isReady = false;
    void stream.ready().then(() => (isReady = true));
    await new Promise((resolve) => setImmediate(resolve));
    return !isReady;
  });
  clock.fire();
  response.resume();
  await until('it takes more', () => isReady);
  expect(text()).not.toContain('still here');
  response.pause();
  await until('it is cut off', async () => {
    stream.send({ id: '9', type: 'log', data });
    await new Promise((resolve) => setImmediate(resolve));
    return stream.ended.aborted;
  });
});

it('a HEAD has headers only', async () => {
  const { clock, response, stream } = await connect('HEAD');
  await once(response.resume(), 'end');
  expect(response.headers['content-type']).toBe('text/event-stream');
  expect([stream.ended.aborted, clock.pending]).toEqual([true, []]);
});

it.each([
  [undefined, undefined, 0, false],
  ['12', undefined, 12, false],
  ['12e', undefined, 12, true],
  [undefined, '12', 12, false],
  // A browser repeats the query of its first connection.
  ['20', '12', 20, false],
  ['', '12', 0, false],
  ['rubbish', undefined, 0, false],
  ['-1', undefined, 0, false],
  ['9'.repeat(40), undefined, 0, false],
])('the header %j and the query %j mean after %i', (header, lastEventId, after, endTold) => {
  expect(placeOf(header, { ...(lastEventId !== undefined && { lastEventId }) })).toEqual({ after, endTold });
});
