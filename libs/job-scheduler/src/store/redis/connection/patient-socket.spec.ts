import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { withPatience } from './patient-socket.js';

/** As ioredis says it. */
const SILENT = new Error("Socket timeout. Expecting data, but didn't receive any in 15000ms.");

let socket: PassThrough;
beforeEach(() => {
  jest.useFakeTimers();
  socket = withPatience(new PassThrough());
  socket.on('error', () => undefined);
});
afterEach(() => {
  socket.destroy();
  jest.useRealTimers();
});

/** Data of a stream comes by ticks, which stand still with the timers. */
const arrives = () => socket.emit('data', Buffer.from('+OK'));

it('a socket that stays silent is ended, once what may have arrived is read', () => {
  socket.destroy(SILENT);
  expect(socket.destroyed).toBe(false);
  jest.advanceTimersByTime(2_000);
  expect(socket.destroyed).toBe(true);
});

it('a socket on which data comes meanwhile goes on, and is ended when it falls silent later', () => {
  for (let times = 0; times < 2; times++) {
    socket.destroy(SILENT);
    jest.advanceTimersByTime(1_000);
    arrives();
    jest.advanceTimersByTime(60_000);
    expect(socket.destroyed).toBe(false);
  }
  socket.destroy(SILENT);
  jest.advanceTimersByTime(2_000);
  expect(socket.destroyed).toBe(true);
});

it('any other end is one at once', () => {
  socket.destroy(new Error('reset'));
  expect(socket.destroyed).toBe(true);
});
